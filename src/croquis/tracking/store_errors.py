"""What went wrong with the store of MLflow's runs, in words, and what to do about it."""

import errno
import re
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from filelock import Timeout

from croquis.core.addresses import hide_secrets
from croquis.tracking.store_file import BUSY, DAMAGE, UNWRITABLE, primary_code

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
START = "start its server, or unset MLFLOW_TRACKING_URI"
STATUS = re.compile(r"(?:error code|status code|HTTP|too many) (\d{3})")
AWAY = ("failed with exception", "Max retries exceeded", "Connection refused")


class Trouble(NamedTuple):
    """What is wrong, and what to do; `fix` is empty where nobody knows."""

    says: str
    fix: str = ""


class StoreTrouble(Exception):
    """The store cannot be used as it is."""

    def __init__(self, says: str, fix: str) -> None:
        super().__init__(says)
        self.trouble = Trouble(says, fix)


def trouble(error: BaseException, place: str) -> Trouble:
    """What an error of MLflow's, of SQLite's or of the disk's means.

    Args:
        error: with those that it came from.
        place: the store as a person knows it: a file, or a server's address.
    """
    for cause in _causes(error):
        if (said := _trouble_of(cause, place)) is not None:
            return said
    text = _first_line(error)
    if place.startswith("http"):
        return _trouble_of_server(str(error), text, place)
    return Trouble(text)


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file itself is broken."""
    return any(
        isinstance(cause, sqlite3.Error) and primary_code(cause) in DAMAGE
        for cause in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and those behind it; MLflow wraps SQLAlchemy's, which wrap SQLite's."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _trouble_of(cause: BaseException, place: str) -> Trouble | None:
    """What one error means by its kind; None where its kind tells nothing."""
    if isinstance(cause, StoreTrouble):
        return cause.trouble
    if isinstance(cause, sqlite3.Error):
        return _trouble_of_sqlite(cause, place)
    if isinstance(cause, Timeout):
        fix = "end the program that holds it; a stopped one counts, too"
        return Trouble(f"another program holds {cause.lock_file}", fix)
    if isinstance(cause, OSError) and cause.errno in FULL:
        return _disk_full(str(cause.filename or place))
    if isinstance(cause, PermissionError) or (
        isinstance(cause, OSError) and cause.errno == errno.EROFS
    ):
        return _unwritable(str(cause.filename or place))
    if isinstance(cause, ImportError):
        return Trouble(
            f"MLflow cannot be loaded: {_first_line(cause)}", "make setup"
        )
    return None


def _trouble_of_sqlite(error: sqlite3.Error, place: str) -> Trouble | None:
    code = primary_code(error)
    if code == sqlite3.SQLITE_FULL:
        return _disk_full(place)
    if code in BUSY:
        fix = f"end that program; `fuser {place}` names it"
        return Trouble(f"{place} is locked by another program", fix)
    if code in UNWRITABLE:
        return _unwritable(place)
    if code in DAMAGE:
        fix = "the next training sets it aside and begins a new store"
        return Trouble(f"{place} is damaged: {error}", fix)
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        fix = "look at the disk's free space, and at your rights there"
        return Trouble(f"{place}: {error}", fix)
    return None


def _trouble_of_server(whole: str, text: str, place: str) -> Trouble:
    """What the answer of a server means, or that there was none."""
    if status := STATUS.search(whole):
        return _trouble_of_status(int(status[1]), place, text)
    if any(sign in whole for sign in AWAY):
        return Trouble(f"{place} does not answer", START)
    return Trouble(text, "the log of its server may tell more")


def _trouble_of_status(status: int, place: str, text: str) -> Trouble:
    if status in (401, 403):
        fix = (
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD,"
            " or MLFLOW_TRACKING_TOKEN"
        )
        return Trouble(f"{place} refuses this user (status {status})", fix)
    if status == 404:
        fix = "give MLFLOW_TRACKING_URI the address of an MLflow server"
        return Trouble(f"{place} is no server of MLflow's (status 404)", fix)
    if status >= 500:
        fix = "look at the log of its server, or unset MLFLOW_TRACKING_URI"
        return Trouble(f"{place} fails itself (status {status})", fix)
    return Trouble(text, "the log of its server may tell more")


def _disk_full(place: str) -> Trouble:
    fix = "free some space; the next training is tracked again"
    return Trouble(f"{place}: the disk is full", fix)


def _unwritable(place: str) -> Trouble:
    fix = f"give yourself the right: chmod u+w {place}, or another MLFLOW_TRACKING_URI"
    return Trouble(f"{place} cannot be written", fix)


def _first_line(error: BaseException) -> str:
    """The first line of an error, without a password."""
    text = str(error) or type(error).__name__
    return hide_secrets(text.splitlines()[0])[:200]
