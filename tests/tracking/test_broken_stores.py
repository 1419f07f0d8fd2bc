"""A training goes on whatever happens to its store, and the next one is tracked again."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from croquis.core import files

SOURCE = Path(files.__file__).parents[2]
TRAINING = """
import resource, signal, sys
from croquis.tracking import store, tracking
folds, full = sys.argv[1], len(sys.argv) > 2
with tracking.tracked_run(
    store.Pipeline("icons"), f"m-fold{folds}", params={}, tags={"fold": folds}
) as run:
    if full:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    for epoch in range(3):
        run.metrics({"epoch": epoch}, epoch)
print("trained")
"""


@pytest.fixture
def store(
    empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A store that two clones share."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    return Path(shutil.copy(empty_store, tmp_path))


def start(clone: Path, *arguments: str) -> subprocess.Popen[str]:
    """A training in a process of its own, in a clone."""
    clone.mkdir(exist_ok=True)
    command = [sys.executable, "-c", TRAINING, *arguments]
    pipe = subprocess.PIPE
    env = os.environ | {"DVC_ROOT": str(clone), "PYTHONPATH": str(SOURCE)}
    return subprocess.Popen(
        command, cwd=clone, env=env, stdout=pipe, stderr=pipe, text=True
    )


def rows(store: Path, query: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(store)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return opened.execute(query).fetchall()


STATES = "SELECT status FROM runs r JOIN tags t ON t.run_uuid = r.run_uuid"
STATES += " WHERE t.key = 'fold' ORDER BY t.value"
PARENTS = "SELECT value FROM tags WHERE key = 'kind' AND value = 'pipeline'"


def test_a_full_disk_is_one_line_and_the_next_training_is_tracked(
    store: Path, tmp_path: Path
) -> None:
    said, errors = start(tmp_path / "clone", "0", "full").communicate()
    assert said == "trained\n"
    assert errors.count("tracking is off for this run") == 1
    assert "Traceback" not in errors
    said, errors = start(tmp_path / "clone", "1").communicate()
    assert said == "trained\n" and "tracking is off" not in errors
    # What could not be ended by its own process was ended by the next one.
    assert rows(store, STATES) == [("KILLED",), ("FINISHED",)]


@pytest.mark.slow
def test_two_clones_that_begin_at_once_share_one_parent_and_lose_no_run(
    store: Path, tmp_path: Path
) -> None:
    trainings = [start(tmp_path / f"clone{n % 2}", str(n)) for n in range(4)]
    for training in trainings:
        said, errors = training.communicate()
        assert said == "trained\n" and "tracking is off" not in errors
    assert rows(store, STATES) == [("FINISHED",)] * 4
    assert len(rows(store, PARENTS)) == 1
