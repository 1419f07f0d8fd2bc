"""What killed runs left in this folder: said and put right, before DVC meets it."""

from croquis.core.errors import InputError
from croquis.restore import dvc_locks, killed_experiment
from croquis.restore.git_locks import refuse_git_locks
from croquis.restore.lock_file import refuse_damaged_lock
from croquis.restore.site_cache import renew_site_cache


def put_right() -> list[str]:
    """Puts right what a kill left and nobody needs; a line for each thing.

    Raises:
        InputError: if a person has to do it: edits or HEAD are not where they belong, dvc.lock is
            damaged, or a git or a DVC may still be at work.
    """
    lines = renew_site_cache() + dvc_locks.free_locks(experiments=False)
    refuse_damaged_lock()
    refuse_git_locks()
    killed_experiment.refuse_killed_experiment()
    # After it: the notes of experiments tell what was going on.
    return [
        *lines,
        *dvc_locks.free_locks(),
        *killed_experiment.clear_leftovers(),
    ]


def said() -> list[str]:
    """The same, for those that go on whatever there is."""
    try:
        return put_right()
    except InputError as error:
        return [str(error)]
