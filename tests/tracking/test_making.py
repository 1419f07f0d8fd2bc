"""A store is made, upgraded or set aside whole, wherever a program is stopped."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from croquis.tracking import making
from croquis.tracking.making import prepare_store, store_lock
from croquis.tracking.store_errors import StoreTrouble
from croquis.tracking.store_file import State, examine

OLD = "cbc13b556ace"  # a version in the middle of MLflow's list

# What croquis does, and what a server of MLflow's does that a person starts beside it.
OURS = "from croquis.tracking.making import prepare_store as make, store_lock\n"
OURS += "from pathlib import Path; place = Path(sys.argv[1])\n"
OURS += "with store_lock(place): make(place)"
SERVERS = "from mlflow.tracking import MlflowClient\n"
SERVERS += "MlflowClient(f'sqlite:///{sys.argv[1]}').search_experiments()"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "SETTLED", 0.5)


@pytest.fixture
def made(empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new store is a copy of one: MLflow takes seconds."""
    monkeypatch.setattr(
        making, "_make", lambda path: making._put_in_place(empty_store, path)
    )


def execute(store: Path, *statements: str) -> None:
    with closing(sqlite3.connect(store)) as opened, opened:
        for statement in statements:
            opened.execute(statement)


def half_made(empty_store: Path, store: Path) -> None:
    """As a kill leaves it: an older version, and no experiment yet."""
    shutil.copyfile(empty_store, store)
    version = f"UPDATE alembic_version SET version_num = '{OLD}'"
    execute(store, version, "DELETE FROM experiments")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def tables(file: Path) -> int:
    """How many tables a store has that another process is making."""
    query = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table'"
    try:
        address = f"file:{file}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=0.1)) as opened:
            return int(opened.execute(query).fetchone()[0])
    except sqlite3.Error:
        return 0


def kill_maker(code: str, folder: Path, number: int, count: int) -> bool:
    """Starts a process that makes a store, and signals it at so many tables; whether it hit."""
    command = [
        sys.executable,
        "-c",
        f"import sys\n{code}",
        str(folder / "mlflow.db"),
    ]
    devnull = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=devnull, stderr=devnull) as maker:
        while maker.poll() is None:
            files = [
                *folder.glob("mlflow.db"),
                *folder.glob(".mlflow.draft-*/made.db"),
            ]
            if any(tables(file) >= count for file in files):
                maker.send_signal(number)
                break
            time.sleep(0.002)
        return maker.wait() != 0


@pytest.mark.parametrize(
    ("number", "count"),
    [(signal.SIGINT, 1), (signal.SIGTERM, 25), (signal.SIGKILL, 50)],
)
def test_a_signal_while_croquis_makes_a_store_leaves_none_and_the_next_makes_it(
    made: None, number: int, count: int, tmp_path: Path
) -> None:
    """Tracking stayed off for ever in that clone."""
    kill_maker(OURS, tmp_path, number, count)
    assert examine(tmp_path / "mlflow.db").state in (State.MISSING, State.WHOLE)
    with store_lock(tmp_path / "mlflow.db"):  # the killed one holds it no more
        prepare_store(tmp_path / "mlflow.db")
    assert examine(tmp_path / "mlflow.db").state is State.WHOLE
    assert names(tmp_path) == [".mlflow.lock", "mlflow.db"]


@pytest.mark.parametrize(
    ("number", "count"),
    [(signal.SIGINT, 40), (signal.SIGTERM, 3), (signal.SIGKILL, 20)],
)
def test_a_signal_while_a_server_makes_a_store_is_seen_by_the_next_training(
    made: None, number: int, count: int, tmp_path: Path
) -> None:
    store = tmp_path / "mlflow.db"
    assert kill_maker(SERVERS, tmp_path, number, count)
    with pytest.warns(UserWarning, match="half made when a program was stopped"):
        prepare_store(store)
    assert examine(store).state is State.WHOLE
    aside = [name for name in names(tmp_path) if ".half-made-" in name]
    assert aside and not store.with_name("mlflow.db-journal").exists()


def test_a_new_store_is_made_under_another_name(tmp_path: Path) -> None:
    store = tmp_path / "new" / "mlflow.db"
    with store_lock(store):
        prepare_store(store)
        prepare_store(store)  # whole: nothing is done
    assert examine(store, to_write=True).state is State.WHOLE
    assert names(store.parent) == [".mlflow.lock", "mlflow.db"]


def test_a_half_made_store_is_set_aside_with_its_journal(
    made: None, empty_store: Path, tmp_path: Path
) -> None:
    store = tmp_path / "mlflow.db"
    for _ in range(2):  # two in one second have a name each
        half_made(empty_store, store)
        store.with_name("mlflow.db-journal").write_text("of no transaction")
        with pytest.warns(UserWarning, match="it is now mlflow.db.half-made-"):
            prepare_store(store)
        assert examine(store).state is State.WHOLE
        store.unlink()
    aside = [name for name in names(tmp_path) if name.endswith("-journal")]
    assert len(aside) <= 2 and len(names(tmp_path)) - len(aside) == 2


def test_an_empty_file_is_set_aside(made: None, tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    with pytest.warns(UserWarning, match=r"\(it has no tables\); it is now"):
        prepare_store(tmp_path / "mlflow.db")
    assert examine(tmp_path / "mlflow.db").state is State.WHOLE


def test_a_store_that_somebody_is_making_is_waited_for(
    made: None, empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server of MLflow's makes its tables in place, without our lock."""
    store = tmp_path / "mlflow.db"
    half_made(empty_store, store)
    waits = []

    def other_works(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            shutil.copyfile(empty_store, store)

    monkeypatch.setattr(making, "SETTLED", 60)
    monkeypatch.setattr(making.time, "sleep", other_works)
    prepare_store(store)
    assert len(waits) == 3 and names(tmp_path) == ["mlflow.db"]


def test_the_journal_of_a_store_that_is_gone_does_not_reach_the_new_one(
    made: None, tmp_path: Path
) -> None:
    (tmp_path / "mlflow.db-journal").write_text("old")
    prepare_store(tmp_path / "mlflow.db")
    assert examine(tmp_path / "mlflow.db").state is State.WHOLE
    (journal,) = tmp_path.glob("mlflow.db.left-over-*-journal")
    assert journal.read_text() == "old"


def test_a_damaged_store_is_set_aside_whole_with_the_way_to_its_runs(
    made: None, empty_store: Path, tmp_path: Path
) -> None:
    store = tmp_path / "mlflow.db"
    content = empty_store.read_bytes()[:200_000]
    store.write_bytes(content)
    with pytest.warns(UserWarning, match=r"\.recover \| sqlite3 recovered\.db"):
        prepare_store(store)
    (aside,) = tmp_path.glob("mlflow.db.damaged-*")
    assert aside.read_bytes() == content
    assert examine(store).state is State.WHOLE


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE alembic_version SET version_num = 'f00'",
            "made by a newer MLflow",
        ),
        ("ALTER TABLE experiments RENAME TO trials", "of another program"),
    ],
)
def test_what_another_program_made_stays_where_it_is(
    statement: str, said: str, empty_store: Path, tmp_path: Path
) -> None:
    store = Path(shutil.copy(empty_store, tmp_path))
    execute(store, statement)
    content = store.read_bytes()
    with pytest.raises(StoreTrouble, match=said) as caught:
        prepare_store(store)
    assert "MLFLOW_TRACKING_URI" in caught.value.trouble.fix
    assert store.read_bytes() == content and names(tmp_path) == ["mlflow.db"]


def older_store(path: Path) -> None:
    """A store with an experiment and a run, as an MLflow of 2025 made it."""
    code = (
        "import sys, sqlalchemy\n"
        "from alembic import command\n"
        "from mlflow.store.db import utils\n"
        "engine = sqlalchemy.create_engine(f'sqlite:///{sys.argv[1]}')\n"
        "utils.InitialBase.metadata.create_all(engine)\n"
        "config = utils._get_alembic_config(f'sqlite:///{sys.argv[1]}')\n"
        "with engine.begin() as connection:\n"
        "    config.attributes['connection'] = connection\n"
        f"    command.upgrade(config, '{OLD}')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    execute(
        path,
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage)"
        " VALUES (7, 'ferns', 'active')",
        "INSERT INTO runs (run_uuid, name, experiment_id, status, lifecycle_stage)"
        " VALUES ('abc', 'of 2025', 7, 'FINISHED', 'active')",
    )


@pytest.mark.slow
def test_an_older_store_is_upgraded_on_a_copy_unless_an_upgrade_was_stopped(
    made: None, tmp_path: Path
) -> None:
    """MLflow upgrades in place: a signal would have left a store that no MLflow opens."""
    store = tmp_path / "mlflow.db"
    older_store(store)
    content = store.read_bytes()
    broken = tmp_path / "stopped" / "mlflow.db"
    broken.parent.mkdir()
    broken.write_bytes(content)

    with pytest.warns(
        UserWarning, match="older MLflow .* it is upgraded, and as it"
    ):
        prepare_store(store)
    assert examine(store).state is State.WHOLE
    with closing(sqlite3.connect(store)) as opened:
        assert opened.execute("SELECT name FROM runs").fetchall() == [("of 2025",)]
    (before,) = tmp_path.glob("mlflow.db.before-upgrade-*")
    assert before.read_bytes() == content

    # The next step of MLflow's makes this table, and did before it was stopped.
    with closing(sqlite3.connect(store)) as opened:
        new = opened.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
        )
        statements = dict(new.fetchall())
    for name in statements:
        with closing(sqlite3.connect(broken)) as opened:
            if opened.execute(
                "SELECT 1 FROM sqlite_master WHERE name = ?", [name]
            ).fetchone():
                continue
        execute(broken, f"CREATE TABLE {name} (id INTEGER)")
    with pytest.warns(
        UserWarning, match="half upgraded .* all of its runs are in it"
    ):
        prepare_store(broken)
    assert examine(broken).state is State.WHOLE
    (aside,) = broken.parent.glob("mlflow.db.half-upgraded-*")
    with closing(sqlite3.connect(aside)) as opened:
        assert opened.execute("SELECT name FROM runs").fetchall() == [("of 2025",)]


def test_a_locked_store_is_said_within_seconds(
    empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Path(shutil.copy(empty_store, tmp_path))
    monkeypatch.setattr(making, "BUSY", 0.2)
    with closing(sqlite3.connect(store)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreTrouble, match="is locked by another program"):
            prepare_store(store)


def test_a_store_whose_folder_takes_no_file_is_said(
    empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Path(shutil.copy(empty_store, tmp_path))
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(StoreTrouble, match="cannot be written"):
        prepare_store(store)


def test_a_disk_that_is_full_leaves_no_half_store(
    empty_store: Path, tmp_path: Path
) -> None:
    """The limit of a file's size stands in for the disk's."""
    code = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
    )
    command = [sys.executable, "-c", f"import sys\n{code}{OURS}"]
    done = subprocess.run(
        [*command, str(tmp_path / "mlflow.db")], capture_output=True, text=True
    )
    assert done.returncode and names(tmp_path) == [".mlflow.lock"]
