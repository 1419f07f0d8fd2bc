"""What is wrong with a store is said in words that fit, with a fix that fits."""

import errno
import sqlite3

import pytest
from filelock import Timeout

from croquis.tracking.store_errors import (
    StoreTrouble,
    is_damage,
    trouble,
)

FILE = "/runs/mlflow.db"
SERVER = "http://host:5000"


def sqlite_error(code: int, text: str) -> Exception:
    """As MLflow raises it: with SQLite's own error behind it."""
    cause = sqlite3.OperationalError(text)
    cause.sqlite_errorcode = code
    error = RuntimeError(f"(sqlite3.OperationalError) {text}\n[SQL: INSERT ...]")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("code", "text", "says", "fix"),
    [
        (
            sqlite3.SQLITE_FULL,
            "full",
            f"{FILE}: the disk is full",
            "free some space",
        ),
        (sqlite3.SQLITE_BUSY, "locked", "is locked by another", f"fuser {FILE}"),
        (sqlite3.SQLITE_READONLY, "readonly", "cannot be written", "chmod u+w"),
        (sqlite3.SQLITE_CORRUPT, "malformed", "is damaged: malf", "sets it aside"),
        # The details of a code stand in its upper bits.
        (sqlite3.SQLITE_IOERR_WRITE, "disk I/O error", "disk I/O", "free space"),
    ],
)
def test_errors_of_sqlite(code: int, text: str, says: str, fix: str) -> None:
    said = trouble(sqlite_error(code, text), FILE)
    assert says in said.says and fix in said.fix
    assert is_damage(sqlite_error(code, text)) == (text == "malformed")


@pytest.mark.parametrize(
    ("error", "says", "fix"),
    [
        (
            OSError(errno.ENOSPC, "no space", "/a/b"),
            "/a/b: the disk is full",
            "free",
        ),
        (
            PermissionError(errno.EACCES, "no", "/a/b"),
            "/a/b cannot be written",
            "u+w",
        ),
        (OSError(errno.EROFS, "ro", "/a/b"), "/a/b cannot be written", "u+w"),
        (
            Timeout("/a/.mlflow.lock"),
            "another program holds /a/.mlflow.lock",
            "end",
        ),
        (
            ImportError("no mlflow"),
            "MLflow cannot be loaded: no mlflow",
            "make setup",
        ),
        (StoreTrouble("it is odd", "do this"), "it is odd", "do this"),
    ],
)
def test_errors_of_the_disk_and_of_ours(
    error: Exception, says: str, fix: str
) -> None:
    said = trouble(error, FILE)
    assert said.says == says and fix in said.fix


@pytest.mark.parametrize(
    ("text", "says", "fix"),
    [
        (
            "API request to http://host failed with exception HTTPConnectionPool",
            f"{SERVER} does not answer",
            "start its server",
        ),
        (
            "API request to endpoint /api failed with error code 401 != 200.",
            f"{SERVER} refuses this user (status 401)",
            "MLFLOW_TRACKING_TOKEN",
        ),
        (
            "API request to endpoint /api failed with error code 404 != 200.",
            f"{SERVER} is no server of MLflow's (status 404)",
            "the address of an MLflow server",
        ),
        (
            "API request to http://host failed with exception"
            " HTTPSConnectionPool: (Caused by ResponseError('too many 503 error"
            " responses'))",
            f"{SERVER} fails itself (status 503)",
            "the log of its server",
        ),
        (
            "RESOURCE_EXHAUSTED: slow down",
            "RESOURCE_EXHAUSTED: slow down",
            "the log",
        ),
    ],
)
def test_errors_of_a_server(text: str, says: str, fix: str) -> None:
    said = trouble(RuntimeError(text), SERVER)
    assert said.says == says and fix in said.fix


def test_what_nobody_knows_is_its_first_line_without_a_fix() -> None:
    assert trouble(ValueError("odd\nmore"), FILE) == ("odd", "")
