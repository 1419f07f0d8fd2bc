"""Puts what a stage reads in its place in a checkout: `python -m croquis.fanout.supervisor.inputs`.

By links to DVC's cache where that is on this disk, and once a checkout.
"""

import sys
from pathlib import Path
from typing import Any

from filelock import FileLock

from croquis.core import cli
from croquis.core.errors import InputError

AGAIN = 75  # the status of what another attempt may cure: EX_TEMPFAIL of sysexits.h
LOCK = Path(".dvc/tmp/croquis-inputs.lock")
FIX = "`make repro` makes it, then pack again"


def main() -> None:
    """Arguments: the stage, and whether missing inputs are pulled: the name of a remote, or ``."""
    name, remote = sys.argv[1:]
    with cli.one_line():
        LOCK.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(LOCK):
            put_inputs(name, remote or None)


def put_inputs(name: str, remote: str | None) -> None:
    """Puts the inputs of a stage of this folder in their places, where they are not there.

    Args:
        name: of the stage.
        remote: DVC's remote to pull them from; None: they are in the cache.

    Raises:
        InputError: if one is nowhere, or there is no such stage.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    from croquis.restore.run_cache import believe_whole_entries
    from croquis.verify.dvc_objects import ObjectGuard

    believe_whole_entries()

    with Repo(_wait_for_lock=True) as repo:
        try:
            (stage,) = repo.stage.collect(name)
        except DvcException as error:
            raise InputError(
                name,
                expected="a stage",
                received=str(error),
                fix="look with `dvc dag`",
            ) from error
        _clear_outputs(stage)
        missing = [
            out
            for dep in stage.deps
            for out in _outs_of(repo, dep)
            if not _is_there(out)
        ]
        if not missing:
            return
        guard = ObjectGuard(Path(repo.root_dir))
        guard.watch()
        try:
            _put(repo, missing, remote)
        finally:
            guard.close(failed=False)


def _is_there(out: Any) -> bool:
    """Whether an input stands whole: files take their place whole, folders file by file."""
    if not out.exists:
        return False
    return not out.isdir() or not (out.hash_info and out.changed_checksum())


def _clear_outputs(stage: Any) -> None:
    """Removes what a killed attempt left in the places of outputs: nothing here is a person's."""
    for out in stage.outs:
        if not out.hash_info and not out.persist and out.exists:
            out.remove(ignore_remove=False)


def _outs_of(repo: Any, dep: Any) -> list[Any]:
    """What other stages write of an input; nothing for code, which is there."""
    from dvc.exceptions import OutputNotFoundError

    try:
        outs: list[Any] = repo.find_outs_by_path(
            dep.fs_path, recursive=True, strict=False
        )
    except OutputNotFoundError:
        return []
    return outs


def _put(repo: Any, missing: list[Any], remote: str | None) -> None:
    for stage in {id(out.stage): out.stage for out in missing}.values():
        if not all(out.hash_info for out in stage.outs):
            _restore(repo, stage, remote)  # it has run side by side, too
    paths = [out.fs_path for out in missing if not _is_there(out)]
    if not paths:
        return
    if remote is not None:
        _from_remote(lambda: repo.fetch(targets=paths, remote=remote))
    from dvc.exceptions import CheckoutError

    try:
        repo.checkout(targets=paths, force=True)
    except CheckoutError as error:
        raise InputError(
            paths[0],
            expected="it in DVC's cache",
            received=" ".join(str(error).split()),
            fix=FIX,
        ) from error


def _restore(repo: Any, stage: Any, remote: str | None) -> None:
    """An output that is not in dvc.lock comes from the run cache."""
    from dvc.stage.cache import RunCacheNotFoundError

    if remote is not None:
        _from_remote(lambda: repo.stage_cache.pull(remote))
    for dep in stage.deps:
        lacking = [out for out in _outs_of(repo, dep) if not _is_there(out)]
        if lacking:
            _put(repo, lacking, remote)
    try:
        with repo.lock:
            repo.stage_cache.restore(stage, pull=remote is not None)
    except RunCacheNotFoundError as error:
        raise InputError(
            stage.addressing,
            expected="its results in DVC's run cache",
            received="none",
            fix=f"`croquis work {stage.addressing}` first, with the same parcel",
        ) from error


def _from_remote(pull: Any) -> None:
    """A remote that is not reached ends this with the status of what is worth another attempt."""
    from dvc.exceptions import DvcException

    try:
        pull()
    except (DvcException, OSError) as error:
        print(f"error: remote: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(AGAIN)


if __name__ == "__main__":
    main()
