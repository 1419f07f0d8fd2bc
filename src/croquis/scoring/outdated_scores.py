"""Whether a result is one of the parameters and the data beside it, as dvc.lock has them.

A file of scores outlives what it speaks of: an edit of params.yaml, a new split, another data set.
dvc.lock says what each stage read and wrote, so a result counts only if its stage and all stages
before it ran with the parameters of the same revision, each on what the one before it left there.
An edit of code alone takes no score away: `croquis why` speaks of that.
"""

import json
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, combinations, product
from pathlib import Path
from typing import Any

from croquis.core import params
from croquis.core.errors import InputError
from croquis.scoring.dvc_records import cache, md5, parse_yaml, stages_of

HERE = "workspace"  # DVC's own word
NEVER = "has not run"
SEARCHED = 10  # outputs of former members that are looked for in a folder, 2 to the power of it
Reader = Callable[[str], bytes | None]


class Revision:
    """params.yaml, dvc.yaml and dvc.lock of one state of the project.

    Args:
        read: the bytes of a file by its path from the project's folder; None where there is none.
        cache: DVC's cache, which lists the files of folders.
    """

    def __init__(self, read: Reader, cache: Path) -> None:
        self._read = read
        self._cache = cache
        self._pipeline = stages_of(read("dvc.yaml") or b"")
        self._lock = stages_of(read("dvc.lock") or b"")
        self._names = _names(self._pipeline, parse_yaml(read("params.yaml") or b""))
        self._reasons: dict[str, str] = {}  # why a stage is stale, by its name

    def outdated(self, path: str) -> str:
        """Why the file or folder at `path` is no result of this state; empty if it is one.

        Of what no stage of dvc.yaml makes nothing is known, so nothing is said.
        """
        stage = self._maker(path)
        if stage is None or (reason := self._stale(stage)):
            return "" if stage is None else reason
        hashes = {out["path"]: out.get("md5") for out in self._lock[stage]["outs"]}
        content = self._read(path) if path in self._metrics(stage) else None
        if content is not None and md5(content) != hashes.get(path):
            return f"{path} is not the one that {stage} wrote"
        return ""

    def _maker(self, path: str) -> str | None:
        """The stage that makes `path` or a folder above it; of a matrix none is looked for."""
        for name, entry in self._pipeline.items():
            for out in _paths(entry.get("outs")) + self._metrics(name):
                if "${" not in out and f"{path}/".startswith(f"{out}/"):
                    return name
        return None

    def _metrics(self, stage: str) -> list[str]:
        return _paths(self._pipeline[stage].get("metrics"))

    def _stale(self, stage: str) -> str:
        """Why a stage did not run in this state; empty if it did."""
        if stage not in self._reasons:
            self._reasons[stage] = ""  # a pipeline has no circles; DVC refuses them
            self._reasons[stage] = self._reason(stage)
        return self._reasons[stage]

    def _reason(self, stage: str) -> str:
        entry = self._lock.get(stage)
        if entry is None:
            return f"{stage} {NEVER}"
        if changes := self._changes(entry):
            return f"{stage} ran with {', '.join(changes)}"
        for dep in entry.get("deps") or []:
            before = self._makers(dep)
            for name in before:
                if reason := self._stale(name):
                    return reason
            if before and not self._fits(dep, before):
                return f"{before[-1] if len(before) == 1 else dep['path']} is newer than {stage}"
            if not before and self._edited(dep):
                return f"{stage} ran with another {dep['path']}"
        return ""

    def _makers(self, dep: Mapping[str, Any]) -> list[str]:
        """The stages that make what a dependency is, or holds; those that have run come first."""
        ran = [name for name in self._names if name in self._lock]
        others = [name for name in self._names if name not in self._lock]
        return [
            *(name for name in ran if self._below(dep, name)),
            *(name for name in others if self._may_make(name, dep)),
        ]

    def _edited(self, dep: Mapping[str, Any]) -> bool:
        """Whether a person's table, such as data/overrides.csv, is not as a stage read it."""
        if Path(dep["path"]).suffix != ".csv":
            return (
                False  # code, and params.yaml, whose keys are compared one by one
            )
        content = self._read(dep["path"])
        return content is not None and md5(content) != dep.get("md5")

    def _changes(self, entry: Mapping[str, Any]) -> list[str]:
        """`lr 0.001, now 0.002` for each parameter that is not as the stage had it."""
        lines = []
        for file, values in (entry.get("params") or {}).items():
            tree = parse_yaml(self._read(file) or b"")
            now = {key: params.at(tree, key) for key in values}
            changes = params.differences(values, now)
            lines += [
                f"{key} {params.format_value(a)}, now {params.format_value(b)}"
                for key, a, b in changes
            ]
        return lines

    def _below(self, dep: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        """The outputs of a stage that a dependency is, or holds."""
        outs = self._lock[name].get("outs") or []
        return [
            out for out in outs if f"{out['path']}/".startswith(f"{dep['path']}/")
        ]

    def _may_make(self, name: str, dep: Mapping[str, Any]) -> bool:
        """Whether a stage that has not run would write what a dependency is, or holds."""
        kind = name.partition("@")[0]
        written = _paths(self._pipeline[kind].get("outs")) + self._metrics(kind)
        outs = [out.partition("${")[0] for out in written]
        return any(
            out.startswith(f"{dep['path']}/") or out == dep["path"] for out in outs
        )

    def _fits(self, dep: Mapping[str, Any], before: Sequence[str]) -> bool:
        """Whether a stage read what the stages before it left, as far as dvc.lock can tell."""
        outs = [out for name in before for out in self._below(dep, name)]
        if len(outs) == 1 and outs[0]["path"] == dep["path"]:
            return outs[0].get("md5") == dep.get("md5")
        # DVC leaves the files of a member that is no longer in `run` where they are.
        former = [n for n in self._lock if n not in self._names]
        left = [out for name in former for out in self._below(dep, name)]
        if len(left) > SEARCHED:
            return True
        return self._held(dep, outs, left)

    def _held(
        self, dep: Mapping[str, Any], outs: Sequence[Any], left: Sequence[Any]
    ) -> bool:
        """Whether a folder held `outs`, and maybe some of `left`; true where nobody can tell."""
        certain = False
        for count in range(len(left) + 1):
            for more in combinations(left, count):
                parts = [*outs, *more]
                if _size(parts) != (dep.get("nfiles"), dep.get("size")):
                    continue
                listed = [self._listed(out, dep["path"]) for out in parts]
                contents = [files for files in listed if files is not None]
                if len(contents) < len(listed):
                    return True
                if _folder_md5(chain.from_iterable(contents)) == dep.get("md5"):
                    return True
                certain = True
        files, size = _size(outs)
        # It may have held more: files of a member that this dvc.lock never met.
        has_more = files <= dep.get("nfiles", 1) and size <= dep.get("size", 0)
        return has_more and not certain

    def _listed(
        self, out: Mapping[str, Any], folder: str
    ) -> list[tuple[str, str]] | None:
        """The files of an output, each with its hash; None where DVC's cache does not have them."""
        inner = out["path"][len(folder) + 1 :]
        value = str(out.get("md5"))
        if not value.endswith(".dir"):
            return [(inner, value)]
        try:
            content = json.loads((self._cache / value[:2] / value[2:]).read_bytes())
        except (OSError, ValueError):
            return None
        return [(f"{inner}/{file['relpath']}", file["md5"]) for file in content]


def state_of_folder(folder: Path = Path()) -> Revision:
    """The state of a folder's files: this project's, or another clone's."""

    def read(path: str) -> bytes | None:
        return (folder / path).read_bytes() if (folder / path).is_file() else None

    return Revision(read, cache(folder))


def state_of_commit(revision: str) -> Revision:
    """The state of a commit, a branch, a tag or an experiment's commit."""

    def read(path: str) -> bytes | None:
        done = subprocess.run(
            ["git", "show", f"{revision}:./{path}"], capture_output=True
        )
        return done.stdout if done.returncode == 0 else None

    return Revision(read, cache(Path()))


def require(*paths: Path) -> None:
    """Raises InputError if one of `paths` is no result of the parameters and data that are here."""
    state = state_of_folder()
    for path in paths:
        if reason := state.outdated(path.as_posix()):
            raise InputError(
                path,
                expected="a result of these parameters and data",
                received=f"none: {reason}",
                fix="run `make repro`, or `dvc repro`",
            )


def _names(pipeline: Mapping[str, Any], tree: Mapping[str, Any]) -> list[str]:
    """The stages of dvc.yaml, those of a matrix one by one: `train@<model>-<fold>`."""
    names = []
    for name, entry in pipeline.items():
        matrix = entry.get("matrix")
        if not matrix:
            names.append(name)
            continue
        axes = [_values(values, tree) for values in matrix.values()]
        names += [f"{name}@{'-'.join(part)}" for part in product(*axes)]
    return names


def _values(values: Any, tree: Mapping[str, Any]) -> list[str]:
    """What one axis of a matrix goes through: a list, or the key of one, as `${run.folds}`."""
    if isinstance(values, str):
        values = params.at(tree, values.strip("${} "))
    return [str(value) for value in values] if isinstance(values, list) else []


def _paths(entries: Any) -> list[str]:
    """The paths of dvc.yaml's `outs` or `metrics`, which may carry options."""
    return [
        next(iter(each)) if isinstance(each, dict) else each
        for each in entries or []
    ]


def _size(outs: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Files and bytes of outputs together."""
    files = sum(out.get("nfiles", 1) for out in outs)
    size = sum(out.get("size", 0) for out in outs)
    return files, size


def _folder_md5(files: Iterable[tuple[str, str]]) -> str:
    """DVC's hash of a folder, from the paths and hashes of its files."""
    listed = [{"md5": value, "relpath": path} for path, value in sorted(files)]
    return f"{md5(json.dumps(listed, sort_keys=True).encode())}.dir"
