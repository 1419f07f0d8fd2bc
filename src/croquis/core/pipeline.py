"""dvc.yaml as a stage sees it: what the stage reads, and what it writes."""

import os
import re
import shlex
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croquis.core.conflicts import refuse_conflict
from croquis.core.errors import InputError

DVC_YAML = Path("dvc.yaml")
DVC_LOCK = Path("dvc.lock")
PARAMS = "params.yaml"  # where DVC looks for keys without a file
WRITTEN = ("outs", "metrics", "plots")
SOURCE = Path("src")
# What counts in src; .dvcignore leaves out all else.
CODE = (".py", ".html", ".css", ".js", ".yaml")


@dataclass(frozen=True)
class StageEntry:
    """A stage of dvc.yaml, or one of its matrix.

    Attributes:
        name: as DVC has it: `vote`, or `train@<model>-<fold>`.
        params: files of parameters, each with its dotted keys; no keys: all of the file.
        deps: the files and folders that it reads.
        outs: those that it writes, metrics too.
    """

    name: str
    params: Mapping[Path, tuple[str, ...]]
    deps: tuple[Path, ...]
    outs: tuple[Path, ...]


def read_stages(path: Path = DVC_YAML) -> dict[str, dict[str, Any]]:
    """The stages of a dvc.yaml by name, each as its template; none where there is no such file.

    Raises:
        InputError: if it is no pipeline.
    """
    stages = {name: _template(stage) for name, stage in _stages(path).items()}
    for name, stage in stages.items():
        if not _is_stage(stage):
            raise _something_else(path, f"{name} as `cmd:` with lists of `deps:`")
    return stages


def _is_stage(stage: Any) -> bool:
    """Whether the parts that are read of a stage of dvc.yaml are of their kinds."""
    if not isinstance(stage, dict):
        return False
    lists = [stage.get(key) or [] for key in ("deps", "params", *WRITTEN)]
    return all(
        isinstance(items, list) and all(map(_is_path, items)) for items in lists
    )


def _is_path(item: Any) -> bool:
    """Whether an item of a list is a path or a key, or one with settings."""
    return isinstance(item, str) or (isinstance(item, dict) and bool(item))


def read_lock(path: Path = DVC_LOCK) -> dict[str, dict[str, Any]]:
    """What dvc.lock has of each stage; none where there is no such file.

    Raises:
        InputError: if it is no lock file.
    """
    stages = _stages(path)
    for name, stage in stages.items():
        if not _is_locked_stage(stage):
            raise _something_else(path, f"what DVC writes of {name}")
    return stages


def _something_else(path: Path, expected: str) -> InputError:
    fix = way_back(path)
    return InputError(path, expected=expected, received="something else", fix=fix)


def _is_locked_stage(stage: Any) -> bool:
    """Whether an entry of dvc.lock has the parts that are read of it."""
    if not isinstance(stage, dict) or not isinstance(stage.get("params", {}), dict):
        return False
    lists = [stage.get(key, []) for key in ("deps", "outs")]
    if not all(isinstance(items, list) for items in lists):
        return False
    return all(_is_hashed(item) for items in lists for item in items)


def _is_hashed(item: Any) -> bool:
    """Whether a dep or an output of dvc.lock has a path and, if any, a hash."""
    return (
        isinstance(item, dict)
        and isinstance(item.get("path"), str)
        and isinstance(item.get("md5", ""), str)
    )


def _stages(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    from croquis.core.yaml_files import ParseError, load_yaml

    content = path.read_bytes()
    refuse_conflict(content, path)
    try:
        tree = load_yaml(content)
    except ParseError as error:
        reason = " ".join(str(error).split())
        raise InputError(
            path, expected="valid YAML", received=reason, fix=way_back(path)
        ) from error
    stages = tree.get("stages") if isinstance(tree, dict) else None
    if not isinstance(stages, dict):
        received = "none" if stages is None else f"a {type(stages).__name__}"
        raise InputError(
            path,
            expected="`stages:`",
            received=received,
            fix=way_back(path),
        )
    return {str(name): stage for name, stage in stages.items()}


def way_back(path: Path) -> str:
    """What brings a damaged file back; DVC makes dvc.lock anew from what it has kept of runs."""
    if path.name != DVC_LOCK.name:
        return f"correct it, or take git's: `git checkout HEAD -- {path}`"
    command = ["git", "cat-file", "-e", f"HEAD:./{path}"]
    try:
        in_git = subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        in_git = False
    first = f"git checkout HEAD -- {path}" if in_git else f"rm {path}"
    return f"`{first}`, then `make repro` brings it up to date"


def entry_of(script: Path, options: Mapping[str, Any]) -> StageEntry | None:
    """The entry of the stage that runs here; None where dvc.yaml has none.

    DVC says which stage it runs; without DVC it is the stage whose command has the script.

    Args:
        script: what Python runs.
        options: of the command line; `${item.fold}` is the option `fold`.
    """
    stages = read_stages()
    # DVC_STAGE may be sub/dvc.yaml:train@...
    _, _, address = os.environ.get("DVC_STAGE", "").rpartition(":")
    name, _, item = address.partition("@")
    if name not in stages:
        running = [name for name, stage in stages.items() if runs(stage, script)]
        if not running:
            return None
        name = script.stem if script.stem in running else running[0]
        item = ""
        address = name
    variables = {f"item.{option}": str(value) for option, value in options.items()}
    if item:
        variables |= {"item": item, "key": item}
    return _entry(address, stages[name], variables)


def runs(stage: Mapping[str, Any], script: Path) -> bool:
    """Whether the command of a stage has the script."""
    return script.resolve() in {path.resolve() for path in scripts(stage)}


def runs_with(stage: Mapping[str, Any], tree: Mapping[str, Any]) -> bool:
    """Whether parameters give a stage something to do: a matrix of no members has nothing."""
    axes = stage.get("matrix", stage.get("foreach"))
    values = axes.values() if isinstance(axes, dict) else [axes]
    return not any(_value(axis, tree) in ([], {}) for axis in values)


def scripts(stage: Mapping[str, Any]) -> list[Path]:
    """The Python files that the command of a stage names."""
    commands = stage.get("cmd") or ""
    lines = commands if isinstance(commands, list) else [commands]
    words = [word for line in lines for word in _words(str(line))]
    return [
        Path(word)
        for word in words
        if word.endswith(".py") and Path(word).is_file()
    ]


def paths_under(stage: Mapping[str, Any], key: str) -> list[str]:
    """The paths of a stage's list `deps`, `outs`, `metrics` or `plots`, without their settings."""
    items = stage.get(key) or []
    return [
        str(next(iter(item)) if isinstance(item, dict) else item) for item in items
    ]


def dep_of(module: Path) -> Path:
    """What the deps of a stage list for a file that it imports.

    A folder of the package for all that lies in it, so that a new module needs no line there.
    """
    inside = (
        module.is_relative_to(SOURCE) and len(module.parts) > len(SOURCE.parts) + 2
    )
    return Path(*module.parts[: len(SOURCE.parts) + 2]) if inside else module


def is_tracked(path: Path) -> bool:
    """Whether an edit of a file makes its readers run again, as .dvcignore has it."""
    if not path.is_relative_to(SOURCE):
        return True
    return path.suffix in CODE and not path.name.startswith(".")


def _value(axis: Any, tree: Any) -> Any:
    """What `${run.models}` stands for in parameters; anything else is itself."""
    template = (
        re.fullmatch(r"\$\{\s*([^}]*?)\s*\}", axis)
        if isinstance(axis, str)
        else None
    )
    if template is None:
        return axis
    for part in template[1].split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a quote that is never closed: the shell will say so
        return line.split()


def _template(stage: Any) -> Any:
    """A stage as it is written, with what stands under `do:` of one with `foreach:`."""
    if not isinstance(stage, dict):
        return stage
    inner = stage.get("do")
    return stage | inner if isinstance(inner, dict) else stage


def _entry(
    name: str, stage: Mapping[str, Any], variables: Mapping[str, str]
) -> StageEntry:
    outs = [out for key in WRITTEN for out in paths_under(stage, key)]
    return StageEntry(
        name=name,
        params=_params(stage.get("params") or [], variables),
        deps=_paths(paths_under(stage, "deps"), variables),
        outs=_paths(outs, variables),
    )


def _params(
    items: list[Any], variables: Mapping[str, str]
) -> dict[Path, tuple[str, ...]]:
    """The keys by file: `- lr` is one of params.yaml, `- other.yaml:` all of another file."""
    by_file: dict[Path, list[str]] = defaultdict(list)
    for item in items:
        entries = item if isinstance(item, dict) else {PARAMS: [item]}
        for file, keys in entries.items():
            texts = [_fill_in(str(key), variables) for key in keys or [""]]
            by_file[Path(_fill_in(str(file), variables))] += map(
                _filled_part, texts
            )
    return {
        path: () if "" in keys else tuple(keys) for path, keys in by_file.items()
    }


def _fill_in(text: str, variables: Mapping[str, str]) -> str:
    """A text of dvc.yaml with the values of its `${...}`; unknown ones stay."""
    return re.sub(
        r"\$\{\s*([^}]*?)\s*\}",
        lambda template: variables.get(template[1], template[0]),
        text,
    )


def _filled_part(key: str) -> str:
    """`models.${item.of}.lr` is `models` where the item is unknown: more than needed is watched."""
    return key.partition("${")[0].rpartition(".")[0] if "${" in key else key


def _paths(names: list[str], variables: Mapping[str, str]) -> tuple[Path, ...]:
    filled = [_fill_in(name, variables) for name in names]
    return tuple(Path(name) for name in filled if "${" not in name)
