"""One stage brought from DVC's run cache; its command is never run.

As DVC's `StageCache.restore`, which would ask before it replaces an output that it does not know,
and takes an output away before it knows whether all of the others are there.
"""

from enum import Enum
from typing import Any


class Outcome(Enum):
    """What became of a stage that was to be brought."""

    IN_PLACE = "in place"  # as dvc.lock has it: nothing was to do
    BROUGHT = "brought"
    MISSING = "missing"


class Restorer:
    """Brings stages of one project, one after the other, dependencies first.

    What several of them read is hashed once: an output is brought before its first reader looks.

    Args:
        remote: the name of the remote that has what this cache lacks; None: DVC's default.
        pulls: whether to ask it.
    """

    def __init__(self, *, remote: str | None = None, pulls: bool = False) -> None:
        self._remote = remote
        self._pulls = pulls
        self._known: dict[str, tuple[Any, Any]] = {}  # hash and size by path

    def restore(self, stage: Any) -> Outcome:
        """Brings the outputs of a stage, and records them in memory; dvc.lock stays as it is.

        What is used of DVC here is no promise of it: test_dvc_contract.py holds it.

        Args:
            stage: of DVC, whose lock this process holds.
        """
        kept, as_locked = self._kept_stage(stage)
        if kept is None:
            return Outcome.MISSING
        if as_locked and not stage.changed_outs():
            return Outcome.IN_PLACE
        if self._pulls and not kept.outs_cached():
            _pull(kept, self._remote)
        if not kept.outs_cached():
            return Outcome.MISSING
        stage.remove_outs()
        if "failed" in kept.checkout(force=True):
            return Outcome.MISSING
        # The objects are where they come from: nothing is left to commit.
        stage.save(run_cache=False)
        return Outcome.BROUGHT

    def is_kept(self, stage: Any) -> bool:
        """Whether all outputs of a stage are in the cache for what it would read now."""
        kept, _ = self._kept_stage(stage)
        return kept is not None and bool(kept.outs_cached())

    def _kept_stage(self, stage: Any) -> tuple[Any, bool]:
        """The stage with the outputs kept for what it reads now; None where none were.

        And whether dvc.lock has it so.
        """
        from dvc.dependency.base import DependencyDoesNotExistError
        from dvc.stage.cache import _can_hash
        from dvc.stage.serialize import to_single_stage_lockfile

        locked = [dep.hash_info for dep in stage.deps]
        try:
            for dep in stage.deps:
                self._hash(dep)
        except DependencyDoesNotExistError:
            return None, False
        if not _can_hash(stage):
            return None, False
        as_locked = (
            not stage.changed_stage()
            and all(out.hash_info for out in stage.outs)
            and locked == [dep.hash_info for dep in stage.deps]
        )
        cache = stage.repo.stage_cache
        entry = to_single_stage_lockfile(stage) if as_locked else cache._load(stage)
        kept = cache._create_stage(entry, wdir=stage.wdir) if entry else None
        return kept, as_locked

    def _hash(self, dep: Any) -> None:
        """Gives a dependency its hash in memory; DVC would ask for it six times more."""
        is_file = not hasattr(dep, "params")
        if is_file and dep.fs_path in self._known:
            dep.hash_info, dep.meta = self._known[dep.fs_path]
        else:
            dep.save()
        if is_file:
            self._known[dep.fs_path] = (dep.hash_info, dep.meta)
        dep.save = lambda: None
        dep.get_hash = lambda: dep.hash_info


def _pull(kept: Any, remote: str | None) -> None:
    """Fetches what is missing of outputs; what the remote lacks, too, stays missing."""
    from dvc.exceptions import CollectCacheError, DownloadError

    try:
        for objects in kept.get_used_objs(remote=remote).values():
            kept.repo.cloud.pull(objects, remote=remote)
    except (CollectCacheError, DownloadError):
        return
