"""The file of a local store of MLflow's: where it is, and its state; looked at, not changed."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from enum import Enum
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from croquis.tracking.revisions import revisions

SIDE_FILES = ("-journal", "-wal", "-shm")  # of SQLite's, beside the file
CHECKED = 64 * 2**20  # bytes of a store whose pages are all looked at: some .2 s
# Without one of them no training can be logged, and no model registered.
TABLES = frozenset(
    "datasets experiment_tags experiments input_tags inputs latest_metrics metrics"
    " model_version_tags model_versions params registered_model_aliases"
    " registered_model_tags registered_models runs tags".split()
)
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
UNWRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)


class State(Enum):
    """What a store is in; the value is said to people."""

    MISSING = "is not there yet"
    WHOLE = "is whole"
    HALF_MADE = "was half made when a program was stopped"
    HALF_UPGRADED = "was half upgraded when a program was stopped"
    OLDER = "was made by an older MLflow"
    NEWER = "was made by a newer MLflow"
    FOREIGN = "is the database of another program"
    DAMAGED = "is damaged"
    LOCKED = "is locked by another program"
    READ_ONLY = "cannot be written"
    UNREADABLE = "cannot be read"
    NO_FILE = "is no file"


class Examined(NamedTuple):
    """A state, and what shows it."""

    state: State
    reason: str = ""

    def says(self, path: Path) -> str:
        """The state of the file for people: `mlflow.db is damaged (file is not a database)`."""
        return f"{path} {self.state.value}" + (
            f" ({self.reason})" if self.reason else ""
        )


def sqlite_file(uri: str) -> Path | None:
    """The file of a store that SQLite holds, links followed; None for a server or for memory."""
    scheme, _, rest = uri.partition(":///")
    if scheme.partition("+")[0] != "sqlite":
        return None
    name = rest.partition("?")[0]
    if name in ("", ":memory:") or name.startswith("file:"):
        return None
    return Path(name).resolve()


def beside(path: Path, suffix: str) -> Path:
    """What croquis keeps beside a store: `.mlflow.lock` beside `mlflow.db`."""
    return path.with_name(f".{path.stem}.{suffix}")


def side_files(path: Path) -> list[Path]:
    """The files of SQLite's that stand beside a store now."""
    named = [path.with_name(path.name + suffix) for suffix in SIDE_FILES]
    return [file for file in named if file.exists()]


def examine(
    path: Path, *, wait: float = 2, to_write: bool = False, thorough: bool = False
) -> Examined:
    """The state of a store; SQLite takes back what a killed program had half written.

    Args:
        path: of the store.
        wait: seconds that another program may hold it.
        to_write: whether it is asked for the right to write as well.
        thorough: whether all pages of a huge one are looked at, too.
    """
    try:
        if not path.exists():
            return Examined(State.MISSING)
        if not path.is_file():
            return Examined(State.NO_FILE)
        with closing(_connect(path, wait)) as opened:
            all_pages = thorough or path.stat().st_size <= CHECKED
            examined = _judge(opened, all_pages)
            if to_write and examined.state is State.WHOLE:
                opened.execute("BEGIN IMMEDIATE")
                opened.execute("ROLLBACK")
    except sqlite3.Error as error:
        return Examined(_state_of(error), str(error))
    except OSError as error:
        return Examined(State.UNREADABLE, error.strerror or str(error))
    return examined


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's code of an error without its details; 0 without a code."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _connect(path: Path, wait: float) -> sqlite3.Connection:
    # Not read-only: only a writer may take back what a killed one left in the journal.
    address = f"file:{quote(str(path))}?mode=rw"
    return sqlite3.connect(address, uri=True, timeout=wait, isolation_level=None)


def _state_of(error: sqlite3.Error) -> State:
    code = primary_code(error)
    if code in BUSY:
        return State.LOCKED
    if code in DAMAGE:
        return State.DAMAGED
    return State.READ_ONLY if code in UNWRITABLE else State.UNREADABLE


def _judge(opened: sqlite3.Connection, all_pages: bool) -> Examined:
    """The state by the tables, their version and, if asked for, by all pages."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    tables = {name for (name,) in opened.execute(query)}
    if not tables - {"alembic_version"}:
        return Examined(State.HALF_MADE, "it has no tables")
    if "experiments" not in tables:  # the first that MLflow makes
        return Examined(State.FOREIGN, f"it has the table {min(tables)}")
    if all_pages and (damage := _damage(opened)):
        return Examined(State.DAMAGED, damage)
    return _judge_version(opened, tables)


def _judge_version(opened: sqlite3.Connection, tables: set[str]) -> Examined:
    """The state by the version of the tables, and by whether there is anything in them.

    MLflow's last step is the experiment "Default": a store without any experiment was never
    finished, or is as empty as if it were not.
    """
    version = _version(opened, tables)
    is_empty = not _has_rows(opened, tables, ("experiments", "runs"))
    known = revisions()
    if version == known.newest or not known.every:
        missing = TABLES - tables
        if not missing:
            return Examined(State.WHOLE)
        state = State.HALF_MADE if is_empty else State.DAMAGED
        return Examined(state, f"it lacks the table {min(missing)}")
    if version and version not in known.every:
        return Examined(State.NEWER, f"its version is {version}")
    if is_empty:
        return Examined(State.HALF_MADE, f"its version is {version or 'not set'}")
    return Examined(State.OLDER, f"its version is {version or 'not set'}")


def _version(opened: sqlite3.Connection, tables: set[str]) -> str:
    if "alembic_version" not in tables:
        return ""
    row = opened.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def _has_rows(
    opened: sqlite3.Connection, tables: set[str], names: Iterable[str]
) -> bool:
    return any(
        opened.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()
        for name in names
        if name in tables
    )


def _damage(opened: sqlite3.Connection) -> str:
    """What is wrong with the pages of a store; empty if nothing is.

    Rows that break a rule of their table are no damage, nor is a page that nothing uses.
    """
    for (text,) in opened.execute("PRAGMA quick_check(20)"):
        if text.startswith("*** in database"):
            lines = [
                line for line in text.splitlines()[1:] if "never used" not in line
            ]
            if lines:
                return str(lines[0])
    return ""
