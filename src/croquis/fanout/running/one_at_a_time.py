"""One run side by side in a project at a time."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from croquis.core.errors import InputError

FOLDER = Path(".fanout")  # in .gitignore and .dvcignore


@contextlib.contextmanager
def only_run(root: Path) -> Iterator[None]:
    """Within the block no other process runs side by side in a project.

    The system lets go of the lock with the process, however that ends.

    Args:
        root: the project's folder.

    Raises:
        InputError: if another one does, with its number and when it began.
    """
    from filelock import FileLock, Timeout

    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    note = folder / "running"
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(
            "croquis fanout",
            expected="no other one at work here",
            received=f"another fan-out runs here: {_read(note)}",
            fix="wait for it, or end it with Ctrl-C; what it has done is kept",
        ) from error
    try:
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        note.write_text(f"process {os.getpid()}, since {since}\n", encoding="utf-8")
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _read(note: Path) -> str:
    with contextlib.suppress(OSError):
        return note.read_text(encoding="utf-8").strip()
    return "it has just begun"
