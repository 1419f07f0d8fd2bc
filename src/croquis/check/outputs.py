"""The outputs of dvc.yaml, each path of it: DVC deletes them before their stage runs."""

import itertools
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croquis.core import pipeline
from croquis.core.files import root


@dataclass(frozen=True)
class Output:
    """A path that a stage writes.

    Attributes:
        path: from the project's folder.
        stage: which writes it, as dvc.yaml has it, without its member and fold.
        cached: whether DVC's cache holds it; the others are for git.
        md5: of its content when the stage last ended here, as dvc.lock has it, with the suffix .dir
            for a folder; empty if it never did.
    """

    path: str
    stage: str
    cached: bool
    md5: str


def declared(
    tree: Mapping[str, Any], dvc_yaml: Path = pipeline.DVC_YAML
) -> list[Output]:
    """All outputs of dvc.yaml, those of matrix stages for each member and fold.

    Not DVC's own reading of the file, which takes a second.

    Args:
        tree: all of params.yaml.
        dvc_yaml: the file, which may be that of a revision.
    """
    locked = in_lock()
    outputs = {}
    for stage, entry in pipeline.read_stages(dvc_yaml).items():
        for context in _contexts(entry, tree):
            for path, cached in _paths(entry):
                folder = _fill(str(entry.get("wdir", "")), context)
                name = (Path(folder) / _fill(path, context)).as_posix()
                outputs[name] = Output(name, stage, cached, locked.get(name, ""))
    return list(outputs.values())


def outputs_of(stage: Any) -> list[Output]:
    """What DVC deletes before a stage runs, or is brought from its cache; what persists stays.

    Args:
        stage: of DVC.
    """
    name = str(stage.addressing).rpartition(":")[2].partition("@")[0]
    outputs = []
    for out in stage.outs:
        if not out.persist and out.protocol == "local":
            path = Path(
                os.path.relpath(out.fs_path, stage.repo.root_dir)
            ).as_posix()
            md5 = out.hash_info.value if out.hash_info else ""  # as dvc.lock has it
            outputs.append(Output(path, name, out.use_cache, md5 or ""))
    return outputs


def maker_of(path: Path) -> str:
    """The stage that writes a path of the project, for any member and fold; empty if none does."""
    place = Path(os.path.relpath(path, root())).as_posix()
    for stage, entry in pipeline.read_stages().items():
        for out, _ in _paths(entry):
            fixed, more, _ = out.partition("${")
            if (
                place.startswith(fixed)
                if more
                else f"{place}/".startswith(f"{out}/")
            ):
                return stage
    return ""


def in_lock() -> dict[str, str]:
    """The md5 of each output in dvc.lock, by its path; of stages that are no more, too."""
    entries = pipeline.read_lock().values()
    outs = itertools.chain.from_iterable(
        entry.get("outs") or [] for entry in entries
    )
    return {out["path"]: str(out.get("md5", "")) for out in outs}


def _contexts(
    entry: Mapping[str, Any], tree: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """What `${...}` may name in a stage: params.yaml, and the items of its matrix or foreach."""
    if "matrix" in entry:
        axes = {
            name: _as_list(values, tree) for name, values in entry["matrix"].items()
        }
        for chosen in itertools.product(*axes.values()):
            yield {**tree, "item": dict(zip(axes, chosen, strict=True))}
    elif "foreach" in entry:
        values = entry["foreach"]
        values = _at(tree, values) if isinstance(values, str) else values
        pairs = (
            values.items()
            if isinstance(values, dict)
            else enumerate(_as_list(values, tree))
        )
        yield from ({**tree, "key": key, "item": item} for key, item in pairs)
    else:
        yield dict(tree)


def _as_list(values: Any, tree: Mapping[str, Any]) -> list[Any]:
    """A list, or the one that `${run.models}` names; the keys of a mapping, as DVC has it."""
    values = _at(tree, values) if isinstance(values, str) else values
    return list(values) if isinstance(values, list | dict) else []


_NAMED = re.compile(r"\$\{\s*([^}\s]+)\s*\}")


def _fill(text: str, context: Mapping[str, Any]) -> str:
    """`text` with each `${a.b}` as `context` has it; what it has not stays, for DVC to complain."""

    def replacement(named: re.Match[str]) -> str:
        value = _at(context, named[0])
        return named[0] if value is None else str(value)

    return _NAMED.sub(replacement, text)


def _at(tree: Any, named: str) -> Any:
    """The value of `${a.b}`; None where there is none."""
    match = _NAMED.fullmatch(named)
    for part in match[1].split(".") if match else [named]:
        tree = tree.get(part) if isinstance(tree, Mapping) else None
    return tree


def _paths(body: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """The outputs of a stage, and whether DVC's cache holds them."""
    for kind in ("outs", "metrics", "plots"):
        for out in body.get(kind) or []:
            for path, options in (
                out if isinstance(out, dict) else {out: {}}
            ).items():
                yield path, (options or {}).get("cache", True)
