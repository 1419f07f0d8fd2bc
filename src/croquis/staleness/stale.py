"""What `dvc repro` would run, and because of which change; asked of DVC, and nothing is run."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croquis.core import params, pipeline
from croquis.core.errors import InputError
from croquis.restore.lock_file import refuse_damaged_lock
from croquis.restore.run_cache import believe_whole_entries
from croquis.staleness.changed_code import changed_files

# Rewritten with the same words whenever params.yaml makes sense, so nothing follows it.
CONSTANT = "check"
FILES_NAMED = 5  # of a folder that are named one by one
UNREADABLE = "unreadable"  # beside DVC's words for a state


@dataclass(frozen=True)
class Stale:
    """A stage that would run.

    Attributes:
        name: as DVC has it: `vote`, or `train@<model>-<fold>`.
        changes: what changed of its own, in words; empty if it only follows others.
        follows: whether a stage before it would hand it something new, or might.
        cached: whether the run cache holds its results, so that it is not run but restored; None:
            what it would read is not known yet.
        gone: its outputs that are not here; no part of `changes`.
    """

    name: str
    changes: tuple[str, ...]
    follows: bool
    cached: bool | None
    gone: tuple[str, ...] = ()


def stale_stages() -> tuple[list[Stale], int]:
    """The stages that `dvc repro` would run, in its order, and how many stages there are.

    `dvc repro --dry` calls a changed stage "cached" and what follows it unchanged, so stages are
    walked here in their order with what each of them would find.

    Raises:
        InputError: if DVC cannot read the pipeline, or another DVC is at work in it.
    """
    import logging

    from dvc.exceptions import DvcException  # DVC takes a second to import
    from dvc.lock import LockError
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.ERROR)
    believe_whole_entries()
    tree = params.read()
    try:
        with Repo() as repo, repo.lock:
            return _walk_stages(repo, tree)
    except LockError as error:
        expected = "no other DVC at work here"
        fix = "wait until it has ended"
        raise InputError(
            "dvc", expected=expected, received="one that is", fix=fix
        ) from error
    except DvcException as error:
        from croquis.check.params_check import check  # brings torch and timm

        refuse_damaged_lock()
        check(tree)  # DVC blames dvc.yaml for a misspelt key of params.yaml
        expected = "a pipeline that DVC can read"
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(
            "dvc.yaml", expected=expected, received=reason, fix="correct it"
        ) from error


def _walk_stages(repo: Any, tree: dict[str, Any]) -> tuple[list[Stale], int]:
    graph = repo.index.graph  # from a stage to those it depends on
    walk = _Walk(repo)
    stale = []
    for stage in _in_order(graph):
        for dep in stage.deps:
            if hasattr(dep, "params") and dep.params:
                _read_once(dep, tree)
        stale.append(walk.judge(stage))
    return [stage for stage in stale if stage is not None], len(graph)


def _in_order(graph: Any) -> list[Any]:
    """Dependencies first; among equals as dvc.yaml has them."""
    import networkx as nx

    place = {stage: number for number, stage in enumerate(graph)}
    return list(
        nx.lexicographical_topological_sort(
            graph.reverse(copy=True), key=place.__getitem__
        )
    )


def _read_once(dep: Any, tree: dict[str, Any]) -> None:
    """Gives a dependency on parameters its values: DVC would parse the file anew, three times."""
    values = {
        key: value
        for key in dep.params
        if (value := params.at(tree, key)) is not ...
    }
    dep.read_params = lambda flatten=True: values


class _Walk:
    """The stages in their order, with the outputs that those before would have left.

    Args:
        repo: DVC's.
    """

    def __init__(self, repo: Any) -> None:
        self._repo = repo
        # Outputs of stages that would run: as DVC's Output where they are known, else None.
        self._coming: dict[str, Any] = {}
        self._moved: set[str] = (
            set()
        )  # those of them that are not as dvc.lock has them

    def judge(self, stage: Any) -> Stale | None:
        """The stage with what would make it run; None if nothing would."""
        follows = any(self._reads(dep, self._moved) for dep in stage.deps)
        changes, gone = self._changes(stage)
        if not (changes or gone or follows):
            return None
        results = self._results(stage)
        self._note_outputs(stage, results)
        foreseen = not any(self._unknown(dep) for dep in stage.deps)
        cached = results is not None if foreseen or results is not None else None
        return Stale(stage.addressing, tuple(changes), follows, cached, tuple(gone))

    def _note_outputs(self, stage: Any, results: dict[str, Any] | None) -> None:
        """What later stages would find of a stage that would run, or would be restored."""
        for out in stage.outs:
            new = None if results is None else results.get(out.def_path)
            self._coming[out.def_path] = new
            if stage.addressing != CONSTANT and (
                new is None or new.hash_info != out.hash_info
            ):
                self._moved.add(out.def_path)

    def _changes(self, stage: Any) -> tuple[list[str], list[str]]:
        """What of the stage is not as dvc.lock has it, but for what stages before it would make.

        Returns:
            The changes in words, and the outputs that are gone.
        """
        if not any(out.hash_info for out in stage.outs):
            return ["it has never run here"], []
        changes = []
        if stage.changed_stage():
            changes.append("its command in dvc.yaml changed")
        for dep in stage.deps:
            if not self._reads(dep, self._coming):
                changes += (
                    _of_params(dep) if hasattr(dep, "params") else _of_file(dep)
                )
        states = {
            path: state
            for out in stage.outs
            for path, state in _status(out).items()
        }
        gone = [path for path, state in states.items() if state == "deleted"]
        changes += [
            f"its output {path} {_words(state)}"
            for path, state in states.items()
            if path not in gone
        ]
        return changes, gone

    def _results(self, stage: Any) -> dict[str, Any] | None:
        """The outputs that the run cache would restore, by path; None if it would not."""
        if stage.addressing == CONSTANT or any(
            self._unknown(dep) for dep in stage.deps
        ):
            return None
        as_locked = not stage.changed_stage() and all(
            out.hash_info for out in stage.outs
        )
        for dep in stage.deps:
            old = dep.hash_info
            new = self._coming.get(dep.def_path)
            if new is not None:
                dep.hash_info = new.hash_info
                dep.meta = new.meta
            elif dep.exists and not _hash(dep):
                return None
            as_locked = as_locked and dep.hash_info == old
            # DVC would ask once more, and the file need not be there yet.
            dep.get_hash = lambda hash_info=dep.hash_info: hash_info
        return self._find_results(stage, as_locked)

    def _find_results(self, stage: Any, as_locked: bool) -> dict[str, Any] | None:
        """The outputs kept for a stage whose dependencies in memory are as they will be.

        As DVC's StageCache.restore, which says whether there are any, but not which. What is
        used of DVC here is no promise of it: test_dvc_contract.py holds it.
        """
        from dvc.stage.cache import _can_hash
        from dvc.stage.serialize import to_single_stage_lockfile

        if not _can_hash(stage):
            return None
        cache = self._repo.stage_cache
        kept = to_single_stage_lockfile(stage) if as_locked else cache._load(stage)
        outs = cache._create_stage(kept, wdir=stage.wdir).outs if kept else []
        if not outs or any(out.changed_cache() for out in outs):
            return None
        return {out.def_path: out for out in outs}

    def _unknown(self, dep: Any) -> bool:
        """Whether the stages before would leave something here that cannot be foretold."""
        open_ends = {path for path, new in self._coming.items() if new is None}
        inner = self._moved - {dep.def_path}  # of a folder of many outputs
        return self._reads(dep, (open_ends & self._moved) | inner)

    @staticmethod
    def _reads(dep: Any, outputs: Iterable[str]) -> bool:
        """Whether a dependency is, holds or lies in one of `outputs`."""
        place = f"{dep.def_path}/"
        return any(
            place.startswith(f"{path}/") or f"{path}/".startswith(place)
            for path in outputs
        )


def _of_params(dep: Any) -> list[str]:
    """`lr: 0.001 -> 0.0001` for each key that differs between dvc.lock and params.yaml."""
    keys = params.differences(dep.hash_info.value or {}, dep.read_params())
    return [
        f"{key}: {params.format_value(old)} -> {params.format_value(new)}"
        for key, old, new in keys
    ]


def _of_file(dep: Any) -> list[str]:
    """What of a dependency changed, in words: of a folder of code the very files, if known."""
    status = _status(dep)
    code = str(dep).endswith(".py") or Path(str(dep)).is_relative_to(
        pipeline.SOURCE
    )
    if code and status.get(str(dep)) == "modified" and dep.hash_info.isdir:
        status = changed_files(Path(str(dep)), str(dep.hash_info.value)) or status
    if code:
        return _of_code(status)
    return [f"file {path} {_words(state)}" for path, state in status.items()]


def _of_code(status: Mapping[str, str]) -> list[str]:
    """What of code changed, in words; of a folder of many files the first, and a number.

    By the folders that dvc.yaml lists for stages, so that all stages give the same words,
    also the one that depends on all of the package.
    """
    folders = defaultdict(list)
    for path, state in status.items():
        line = f"code {path} {_words(state)}"
        folders[pipeline.dep_of(Path(path)).as_posix()].append(line)
    lines = []
    for folder, files in folders.items():
        more = len(files) - FILES_NAMED
        if more < 2:
            lines += files
        else:
            rest = f"code {folder}: {more} more files changed"
            lines += [*files[:FILES_NAMED], rest]
    return lines


def _status(item: Any) -> dict[str, str]:
    """How a file or folder differs from dvc.lock, in DVC's words; empty if it does not."""
    try:
        return dict(item.status())
    except UnicodeEncodeError:
        return {str(item): UNREADABLE}


def _hash(dep: Any) -> bool:
    """Gives a dependency its hash, in memory alone; whether DVC has one for it."""
    try:
        dep.save()
    except UnicodeEncodeError:
        return False
    return True


def _words(state: str) -> str:
    """DVC's word for a state as the end of a sentence."""
    words = {"modified": "changed", "deleted": "is gone", "new": "is new"}
    words[UNREADABLE] = "holds a name that is not UTF-8, which DVC cannot read"
    return words.get(state, f"is {state}")
