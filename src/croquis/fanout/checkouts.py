"""Checkouts that are in use, and those that nobody needs any more."""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from croquis.core.workspaces import sweep

OLD = 7 * 86400  # seconds
NEWEST = 3  # checkouts that stay, whoever uses them
USERS = ".users"  # the suffix of the file that its users have locked
MAKING = ".making"  # of the file that whoever makes it has locked
GONE = ".gone"  # of a checkout that is being removed


@contextmanager
def in_use(checkout: Path) -> Iterator[int | None]:
    """The descriptor of a lock that keeps a checkout for as long as any process has it open.

    None where files cannot be locked.

    Args:
        checkout: its folder, directly below the home of checkouts.
    """
    path = checkout.with_name(checkout.name + USERS)
    lock = _shared_lock(path)
    try:
        with contextlib.suppress(OSError):
            os.utime(path)  # when it was used last
        yield lock
    finally:
        if lock is not None:
            os.close(lock)


def _shared_lock(path: Path) -> int | None:
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH)
            if os.path.samestat(os.fstat(lock), os.stat(path)):
                return lock
        except FileNotFoundError:  # swept meanwhile
            pass
        except OSError:  # some shared disks have no locks
            os.close(lock)
            return None
        os.close(lock)


@contextmanager
def alone(path: Path, wait: Callable[[], None]) -> Iterator[int | None]:
    """The descriptor of a lock that one process and those that it gives it to hold at a time.

    None where files cannot be locked. An error of `wait` gives up.

    Args:
        path: of the file that is locked.
        wait: called, again and again, while another holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield lock if _locked(lock, wait) else None
    finally:
        os.close(lock)


def _locked(lock: int, wait: Callable[[], None]) -> bool:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            wait()
        except OSError:  # some shared disks have no locks
            return False


def sweep_checkouts(home: Path) -> None:
    """Removes checkouts that no process uses, but for the newest ones of the last days."""
    sweep(home)  # those that were never whole
    ages = {users: _seconds_since(users) for users in _all_users(home)}
    for number, users in enumerate(sorted(ages, key=lambda each: ages[each])):
        if number >= NEWEST or ages[users] > OLD:
            _remove_unused(users)


def _all_users(home: Path) -> set[Path]:
    """The locked files of all checkouts, also of those whose first user was killed before it."""
    with contextlib.suppress(OSError), os.scandir(home) as entries:
        return {
            home / entry.name
            if entry.name.endswith(USERS)
            else home / (entry.name.removesuffix(GONE) + USERS)
            for entry in entries
            if entry.name.endswith(USERS)
            or (entry.is_dir() and not entry.name.startswith("."))
        }
    return set()


def _seconds_since(users: Path) -> float:
    """How long ago a checkout was used last, or made."""
    for path in (users, users.with_suffix("")):
        with contextlib.suppress(OSError):
            return time.time() - path.stat().st_mtime
    return 2.0 * OLD


def clear_fanout(folder: Path) -> str:
    """Removes what running side by side has left in a project; what is in use stays.

    Args:
        folder: `.fanout` of the project.

    Returns:
        What stays and why, for people; empty if nothing does.
    """
    if folder.is_symlink():
        return f"{folder}: a link, and what it points to"
    checkouts = folder / "checkouts"
    for users in _all_users(checkouts):
        _remove_unused(users)
    if _all_users(checkouts):
        return f"{folder}: a stage runs in it"
    shutil.rmtree(folder, ignore_errors=True)
    return ""


def _remove_unused(users: Path) -> None:
    lock = os.open(users, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        checkout = users.with_name(users.name.removesuffix(USERS))
        gone = checkout.with_name(checkout.name + GONE)
        if checkout.is_dir():
            os.replace(checkout, gone)
        shutil.rmtree(gone, ignore_errors=True)
        users.with_suffix(MAKING).unlink(missing_ok=True)
        users.unlink()
    except OSError:  # somebody uses it
        pass
    finally:
        os.close(lock)
