"""Results of stages that ran elsewhere, as DVC's run cache has them, recorded in one write.

DVC reads and writes all of dvc.lock for each stage that it records, which grows with the square of
their number. Here all of them are brought first. The file is the one that `dvc repro` would write.
"""

import contextlib
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croquis.core import pipeline
from croquis.check.files_in_the_way import refuse_in
from croquis.check.outputs import outputs_of
from croquis.core.errors import InputError
from croquis.fanout.restoring import Outcome, Restorer
from croquis.restore.dvc_locks import free_locks
from croquis.restore.lock_file import refuse_damaged_lock
from croquis.restore.run_cache import believe_whole_entries
from croquis.restore.whole_files import write_whole


@dataclass(frozen=True)
class Recorded:
    """What became of stages whose results were to be recorded, each in the pipeline's order.

    Attributes:
        restored: their outputs are in their places, and dvc.lock has them; some were there.
        missing: DVC's cache has no whole results of them for what they would read now.
    """

    restored: tuple[str, ...]
    missing: tuple[str, ...]


def record(
    root: Path,
    stages: Sequence[str],
    *,
    pulls: bool = False,
    remote: str | None = None,
) -> Recorded:
    """Brings the results of stages from DVC's run cache, and writes dvc.lock once; runs nothing.

    A result that is damaged is missing. A kill leaves the old dvc.lock or the new one.

    Args:
        root: the project's folder.
        stages: as DVC names them, or all of one template, such as `train`; the others stay.
        pulls: whether a remote of DVC has results that this cache lacks.
        remote: its name; None: DVC's default.

    Raises:
        InputError: if a file of a person's stands where an output belongs, another DVC is at work,
            or the pipeline cannot be read. Nothing is changed then.
    """
    with opened_project(root, looks_at_objects=True) as repo:
        if pulls:
            _fetch_entries(repo, remote)
        steps = steps_of(repo, stages)
        refuse_in([out for stage in steps for out in outputs_of(stage)])
        restorer = Restorer(remote=remote, pulls=pulls)
        outcomes: dict[Any, Outcome] = {}
        try:
            for stage in steps:
                outcomes[stage] = restorer.restore(stage)
        finally:  # what was brought is recorded, whatever stops the others
            brought = [s for s, end in outcomes.items() if end is Outcome.BROUGHT]
            if brought:
                brought[0].dvcfile.dump_stages(brought, update_pipeline=False)
    names = {stage.addressing: outcome for stage, outcome in outcomes.items()}
    missing = tuple(name for name, end in names.items() if end is Outcome.MISSING)
    return Recorded(tuple(name for name in names if name not in missing), missing)


def in_run_cache(root: Path, stages: Sequence[str]) -> tuple[str, ...]:
    """Those of some stages whose results DVC's cache has for what they would read now.

    What a stage would read must be there, so this says nothing of stages that follow others of
    them. Objects are not compared with their names.
    """
    with opened_project(root, looks_at_objects=False) as repo:
        restorer = Restorer()
        steps = steps_of(repo, stages)
        return tuple(each.addressing for each in steps if restorer.is_kept(each))


def fetch_run_cache(root: Path, remote: str | None = None) -> None:
    """Brings all entries of a remote's run cache, but not what they name: `record` pulls that.

    Args:
        root: the project's folder.
        remote: the name of the remote; None: DVC's default.

    Raises:
        InputError: if there is no such remote, or it keeps no run cache.
    """
    with opened_project(root, looks_at_objects=False) as repo:
        _fetch_entries(repo, remote)


def _fetch_entries(repo: Any, remote: str | None) -> None:
    from dvc.stage.cache import RunCacheNotSupported

    try:
        repo.stage_cache.pull(remote)
    except RunCacheNotSupported as error:
        raise InputError(
            f"remote {remote}" if remote else "dvc",
            expected="a remote with a run cache",
            received=" ".join(str(error).split()),
            fix="`dvc remote add -d store ssh://host/path`; DVC's over http keep none",
        ) from error


def steps_of(repo: Any, stages: Sequence[str]) -> list[Any]:
    """DVC's stages of these names, in the order in which `dvc repro` takes them.

    New entries stand in dvc.lock in the order in which they were recorded.

    Raises:
        InputError: if there is no such stage.
    """
    from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro

    graph = get_active_graph(repo.index.graph)
    steps = plan_repro(graph, collect_stages(repo, ["dvc.yaml"]))
    known = {stage.addressing for stage in steps} | pipeline.read_stages().keys()
    for name in stages:
        if name not in known:
            raise InputError(
                name,
                expected="a stage of dvc.yaml with these parameters",
                received="a name that it has not",
                fix="`dvc stage list --name-only` names them",
            )
    wanted = set(stages)
    return [
        stage
        for stage in steps
        if {stage.addressing, stage.addressing.partition("@")[0]} & wanted
    ]


@contextlib.contextmanager
def opened_project(root: Path, *, looks_at_objects: bool) -> Iterator[Any]:
    """DVC at work in a project under its lock, with the guards of the command `dvc`.

    Args:
        root: the project's folder, which is the working folder in the block.
        looks_at_objects: whether each object is compared with its name before it is used.
    """
    import logging

    from dvc.exceptions import DvcException  # DVC takes a second to import
    from dvc.lock import LockError
    from dvc.repo import Repo, lock_repo

    logging.getLogger("dvc").setLevel(logging.ERROR)
    with contextlib.chdir(root), _guards(root, looks_at_objects), _parsed_once():
        free_locks(experiments=False)
        refuse_damaged_lock()
        try:
            with Repo() as repo, lock_repo(repo), repo.scm_context(quiet=True):
                yield repo
        except LockError as error:
            raise InputError(
                "dvc",
                expected="no other DVC at work here",
                received="one that is",
                fix="wait until it has ended; then the same command goes on",
            ) from error
        except DvcException as error:
            raise InputError(
                "dvc",
                expected="results that DVC can record",
                received=" ".join(str(error).split()).rstrip("."),
                fix="see to it; then the same command goes on",
            ) from error


@contextlib.contextmanager
def _guards(root: Path, looks_at_objects: bool) -> Iterator[None]:
    """What the command `dvc` has of croquis' own, as long as the block lasts."""
    from dvc.stage.cache import StageCache
    from dvc_data.hashfile.db.local import LocalHashFileDB
    from dvc_objects.fs import utils
    from dvc_objects.fs.local import LocalFileSystem

    from croquis.verify.dvc_objects import ObjectGuard

    changed: list[tuple[Any, str]] = [
        (LocalFileSystem, "open"),
        (StageCache, "_load"),
        (LocalHashFileDB, "oid_to_path"),
        (utils, "token_urlsafe"),
    ]
    with _put_back(changed):
        write_whole()
        believe_whole_entries()
        if not looks_at_objects:
            yield
            return
        guard = ObjectGuard(root)
        guard.watch()
        is_done = False
        try:
            yield
            is_done = True
        finally:
            guard.close(failed=not is_done)


@contextlib.contextmanager
def _parsed_once() -> Iterator[None]:
    """DVC would parse params.yaml for each stage anew, three times.

    Each stage still has a tree of its own: what two of them share is written as a YAML alias.
    """
    from dvc.dependency import param

    with _put_back([(param, "load_path")]):
        load = param.load_path
        trees: dict[str, bytes] = {}

        def load_once(path: str, fs: Any, **options: Any) -> Any:
            if path not in trees:
                trees[path] = pickle.dumps(load(path, fs, **options))
            return pickle.loads(trees[path])

        param.load_path = load_once
        yield


@contextlib.contextmanager
def _put_back(attributes: Sequence[tuple[Any, str]]) -> Iterator[None]:
    """These attributes are after the block what they were before it."""
    before = [(owner, name, getattr(owner, name)) for owner, name in attributes]
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
