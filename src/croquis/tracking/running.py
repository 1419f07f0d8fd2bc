"""Which runs of MLflow's are at work: a run whose process was killed is ended by the next one.

A killed process cannot say that its run is over, and MLflow would show it as RUNNING for ever.
Each run at work has a file that its process locks. The system lets go of the lock with the process,
also in a container that is started again, so that an unlocked file is a dead process's.
"""

import contextlib
import os
from pathlib import Path
from typing import Any

from croquis.tracking.store_file import beside

try:
    import fcntl
except ImportError:  # no such locks on this system: nothing is marked
    fcntl = None  # type: ignore[assignment]  # the module, where there is one

# Of MLflow's answers: there is no such run, or it was deleted.
GONE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "INVALID_STATE")


class RunMark:
    """The locked file of a run at work."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def remove(self) -> None:
        """The run has ended; the process may go on."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        with contextlib.suppress(OSError):
            os.close(self._descriptor)
        with contextlib.suppress(OSError):  # others are at work
            self._path.parent.rmdir()


def marks_folder(store: Path) -> Path:
    """Where the runs at work of a store have their files."""
    return beside(store, "running")


def mark_run(folder: Path, run_id: str) -> RunMark | None:
    """Marks a run as at work until its process ends; None where that cannot be written."""
    if fcntl is None:
        return None
    try:
        folder.mkdir(exist_ok=True)
        draft = folder / f".{run_id}"
        descriptor = os.open(draft, os.O_CREAT | os.O_RDWR, 0o644)
        # Locked before anybody sees it under its name.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(draft, folder / run_id)
    except OSError:  # a convenience: a run is logged without it
        return None
    return RunMark(folder / run_id, descriptor)


def killed_runs(folder: Path) -> list[str]:
    """The ids of runs whose processes ended without a word."""
    if fcntl is None or not folder.is_dir():
        return []
    files = [path for path in sorted(folder.iterdir()) if path.name[0] != "."]
    return [path.name for path in files if _is_free(path)]


def end_killed_runs(client: Any, folder: Path) -> None:
    """Ends the runs of killed processes as KILLED, at the last epoch that they logged."""
    from mlflow.exceptions import MlflowException

    for run_id in killed_runs(folder):
        try:
            _end(client, run_id)
        except MlflowException as error:
            if error.error_code not in GONE:
                continue  # the server is away: the next process tries again
        with contextlib.suppress(OSError):
            (folder / run_id).unlink()
    with contextlib.suppress(OSError):  # none, or others are at work
        folder.rmdir()


def _end(client: Any, run_id: str) -> None:
    run = client.get_run(run_id)
    if run.info.status != "RUNNING":
        return
    points = client.get_metric_history(run_id, "progress/epoch")
    last = max((point.timestamp for point in points), default=run.info.start_time)
    client.set_terminated(run_id, "KILLED", end_time=last)


def _is_free(path: Path) -> bool:
    """Whether no process holds the file's lock."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
