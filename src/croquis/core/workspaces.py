"""Temporary folders with an owner, so that what a kill leaves is known for what it is.

A process holds a lock on a file in each of its folders for as long as it lives, and so do the
processes that it forks. The kernel gives the lock back when they are dead, however they died. A
number of a process would say less: it comes again, and means something else in another container.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWNER = ".croquis-owner"  # the file in a folder that its process has locked
TARGET = "target"
BOOT = "boot"
OF_THIS_BOOT = Path("/proc/sys/kernel/random/boot_id")
OLD = 7 * 86400  # seconds, after which the lock of another machine is believed
EMPTY = 86400  # seconds, after which an empty folder is of a process killed at its start
MADE = re.compile(
    r".[.-][a-z0-9_]{8}"
)  # how names of `tempfile` end, behind a prefix
TEMPORARY = "croquis-"  # how names begin in the system's folder of temporary files


@contextmanager
def workspace(parent: Path, prefix: str, target: str = "") -> Iterator[Path]:
    """A new folder that is gone after the block, or once `sweep` looks where this was killed.

    Args:
        parent: where it is made.
        prefix: of its name.
        target: the file or folder of `parent` that the block replaces, if it replaces one.
    """
    process = os.getpid()
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    lock = None
    try:
        lock = _lock_new(folder, target)
        yield folder
    finally:
        # A child made by a fork may end within the block, too, and the folder is not its own.
        if os.getpid() == process:
            _remove(folder)
            if lock is not None:
                os.close(lock)


@contextmanager
def temporary_folder(purpose: str) -> Iterator[Path]:
    """An empty folder among the system's temporary files, which is gone after the block.

    Those that killed processes have left there are removed first.

    Args:
        purpose: a word for its name.
    """
    parent = Path(tempfile.gettempdir())
    sweep(parent, TEMPORARY)
    with workspace(parent, f"{TEMPORARY}{purpose}-") as folder:
        inner = folder / purpose  # apart from the file of the owner
        inner.mkdir()
        yield inner


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Within the block libraries make their temporary files in `folder`, too."""
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def sweep(parent: Path, prefix: str = ".") -> None:
    """Removes the workspaces in a folder whose processes are dead.

    What such a process had moved out of the way, and not replaced, is put back.

    Args:
        parent: the folder that they lie in.
        prefix: of their names.
    """
    try:
        with os.scandir(parent) as entries:
            names = [
                entry.name
                for entry in entries
                if entry.name.startswith(prefix)
                and MADE.fullmatch(entry.name[-10:])
                and _is_own_folder(entry)
            ]
    except OSError:  # no such folder, or none of ours to read
        return
    for name in names:
        _sweep_one(parent / name)


def _is_own_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder, not a link to one, and of this user."""
    if not entry.is_dir(follow_symlinks=False):
        return False
    try:
        return entry.stat(follow_symlinks=False).st_uid == os.geteuid()
    except OSError:  # it has just gone
        return False


def _sweep_one(folder: Path) -> None:
    try:
        lock = os.open(folder / OWNER, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:  # another's, or killed before there was an owner
        _remove_if_empty(folder)
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if (owner := _owner_of(lock)) is not None:
            _put_back(folder, str(owner.get(TARGET, "")))
            _remove(folder)
    except OSError:  # its process is alive, or no lock can be had here
        pass
    finally:
        os.close(lock)


def _lock_new(folder: Path, target: str) -> int | None:
    """The descriptor that holds the lock of a new folder; None where files cannot be locked.

    The file takes its name once it is locked: it is never seen without its lock.
    """
    draft = folder / f"{OWNER}.new"
    lock = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # some shared disks have no locks: such a folder is never swept
        os.close(lock)
        draft.unlink()
        return None
    try:
        os.write(lock, json.dumps({BOOT: _this_boot(), TARGET: target}).encode())
        os.rename(draft, folder / OWNER)
    except BaseException:  # a full disk, or a signal
        os.close(lock)
        raise
    return lock


def _owner_of(lock: int) -> dict[str, object] | None:
    """What the file of an owner says, whose lock was free; None if that proves nothing.

    Locks of another machine may not be seen from here, where a disk is shared.
    """
    try:
        owner = json.loads(os.read(lock, 4096))
    except ValueError:
        return None
    if not isinstance(owner, dict) or BOOT not in owner:
        return None
    same = owner[BOOT] == _this_boot() != ""
    return owner if same or _age(os.fstat(lock)) > OLD else None


def _put_back(folder: Path, target: str) -> None:
    """Gives a folder that was moved away for its successor its place again, if that is free."""
    if not target or Path(target).name != target:
        return
    moved = folder / f"{target}.old"
    place = folder.parent / target
    if moved.is_dir() and not os.path.lexists(place):
        os.rename(moved, place)


def _remove(folder: Path) -> None:
    """Removes a workspace; the file of its owner last, as a kill may come in between."""
    with contextlib.suppress(OSError):
        for path in list(folder.iterdir()):
            if path.name == OWNER:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        if all(path.name == OWNER for path in folder.iterdir()):
            (folder / OWNER).unlink(missing_ok=True)
            folder.rmdir()


def _remove_if_empty(folder: Path) -> None:
    """Removes what a process that was killed in its first instant has left: nothing in it."""
    with contextlib.suppress(OSError):
        if _age(folder.stat()) > EMPTY:
            if [path.name for path in folder.iterdir()] == [f"{OWNER}.new"]:
                (folder / f"{OWNER}.new").unlink()
            folder.rmdir()  # refused where there is anything else


def _age(state: os.stat_result) -> float:
    return time.time() - state.st_mtime


def _this_boot() -> str:
    """What tells this start of this machine from all others; empty where nothing does."""
    try:
        return OF_THIS_BOOT.read_text().strip()
    except OSError:
        return ""
