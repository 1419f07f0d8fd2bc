"""In which state a store is, as a kill, a full disk or another MLflow leaves it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from croquis.tracking.making import trouble_of_state
from croquis.tracking.store_file import (
    TABLES,
    State,
    beside,
    examine,
    sqlite_file,
)

OLD = "cbc13b556ace"  # a version in the middle of MLflow's list


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_store, tmp_path))


def execute(store: Path, *statements: str) -> None:
    with closing(sqlite3.connect(store)) as opened, opened:
        for statement in statements:
            opened.execute(statement)


SET_OLD = f"UPDATE alembic_version SET version_num = '{OLD}'"
EMPTY = "DELETE FROM experiments"


@pytest.mark.parametrize(
    ("statements", "state"),
    [
        ((), State.WHOLE),
        ((SET_OLD,), State.OLDER),  # it has an experiment: it was finished once
        ((SET_OLD, EMPTY), State.HALF_MADE),
        (("DELETE FROM alembic_version", EMPTY), State.HALF_MADE),
        (("DROP TABLE alembic_version", EMPTY), State.HALF_MADE),
        ((EMPTY,), State.WHOLE),  # as `mlflow db upgrade` leaves a new one
        ((EMPTY, "DROP TABLE registered_model_aliases"), State.HALF_MADE),
        (("DROP TABLE registered_model_aliases",), State.DAMAGED),
        (("UPDATE alembic_version SET version_num = 'f00'",), State.NEWER),
        (("UPDATE alembic_version SET version_num = 'f00'", EMPTY), State.NEWER),
    ],
)
def test_the_state_is_told_by_version_tables_and_rows(
    store: Path, statements: tuple[str, ...], state: State
) -> None:
    execute(store, *statements)
    assert examine(store, to_write=True).state is state


def test_croquis_asks_for_tables_that_a_new_store_has(store: Path) -> None:
    with closing(sqlite3.connect(store)) as opened:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        assert {name for (name,) in opened.execute(query)} > TABLES


def test_a_file_without_a_byte_or_without_tables_is_half_made(
    tmp_path: Path,
) -> None:
    store = tmp_path / "mlflow.db"
    assert examine(store).state is State.MISSING
    store.touch()
    assert examine(store).state is State.HALF_MADE
    execute(store, "CREATE TABLE alembic_version (version_num TEXT)")
    assert examine(store).state is State.HALF_MADE
    assert not store.with_name("mlflow.db-journal").exists()


def test_a_database_of_another_program_is_told_by_its_tables(
    tmp_path: Path,
) -> None:
    execute(tmp_path / "trials.db", "CREATE TABLE trials (id INTEGER)")
    examined = examine(tmp_path / "trials.db")
    assert examined == (State.FOREIGN, "it has the table trials")
    assert "trials.db is the database of another program (it has" in examined.says(
        tmp_path / "trials.db"
    )


def test_what_is_cut_or_overwritten_is_damaged(store: Path, tmp_path: Path) -> None:
    content = store.read_bytes()
    page = 4096
    damaged = {
        "cut": content[: len(content) // 2],
        "cut_in_a_page": content[: 10 * page + 99],
        "no_database": b"no database " * 9999,
        "garbage_inside": content[: 40 * page]
        + b"\xff" * page * 3
        + content[43 * page :],
        "no_head": b"\0" * page + content[page:],
    }
    for name, text in damaged.items():
        (tmp_path / name).write_bytes(text)
        assert examine(tmp_path / name).state is State.DAMAGED, name


def test_a_store_in_use_by_a_long_transaction_is_locked(store: Path) -> None:
    with closing(sqlite3.connect(store)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert examine(store, wait=0.1).state is State.WHOLE  # to read it
        assert examine(store, wait=0.1, to_write=True).state is State.LOCKED
        other.rollback()
        other.execute("BEGIN EXCLUSIVE")
        assert examine(store, wait=0.1).state is State.LOCKED


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    examined = examine(tmp_path)
    assert examined.state is State.NO_FILE
    trouble = trouble_of_state(examined, tmp_path).trouble
    assert trouble.says == f"{tmp_path} is no file"
    assert trouble.fix.startswith(
        f"move it away: mv {tmp_path} {tmp_path}.old, or set"
    )


def test_a_transaction_that_a_kill_cut_is_taken_back(
    store: Path, tmp_path: Path
) -> None:
    """The journal beside a store is no damage: SQLite needs it, under the name it has."""
    with closing(sqlite3.connect(store, isolation_level=None)) as opened:
        opened.execute(
            "PRAGMA cache_size = 1"
        )  # so that pages reach the disk early
        opened.execute("BEGIN")
        for number in range(2000):
            opened.execute(
                "INSERT INTO registered_models (workspace, name) VALUES ('default', ?)",
                [f"model {number}"],
            )
        for suffix in ("", "-journal"):
            shutil.copy(f"{store}{suffix}", tmp_path / f"killed.db{suffix}")
    killed = tmp_path / "killed.db"
    assert killed.with_name("killed.db-journal").stat().st_size
    assert examine(killed, to_write=True).state is State.WHOLE
    with closing(sqlite3.connect(killed)) as opened:
        count = "SELECT COUNT(*) FROM registered_models"
        assert opened.execute(count).fetchone() == (0,)


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        ("sqlite:////a/b.db", "/a/b.db"),
        ("sqlite+pysqlite:////a/b.db?timeout=3", "/a/b.db"),
        ("sqlite:///:memory:", None),
        ("sqlite://", None),
        ("sqlite:///file:a.db?uri=true", None),
        ("http://host:5000", None),
        ("postgresql://me@host/a", None),
        ("file:///a/mlruns", None),
    ],
)
def test_the_file_of_a_store(uri: str, file: str | None) -> None:
    assert sqlite_file(uri) == (Path(file) if file else None)


def test_links_are_followed_so_that_two_clones_share_one_lock(
    tmp_path: Path,
) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "mlflow.db").symlink_to(tmp_path / "big" / "mlflow.db")
    file = sqlite_file(f"sqlite:///{tmp_path}/mlflow.db")
    assert file is not None
    assert beside(file, "lock") == tmp_path / "big" / ".mlflow.lock"
