"""A run whose process was killed does not seem at work for ever."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

from croquis.tracking.running import end_killed_runs, killed_runs, mark_run


class Client:
    """Runs by id with their states; `ended` keeps what was ended, and when."""

    def __init__(
        self, states: dict[str, str], points: tuple[int, ...] = ()
    ) -> None:
        self.states = states
        self.points = points
        self.ended: list[tuple[str, str, int]] = []

    def get_run(self, run_id: str) -> SimpleNamespace:
        if run_id not in self.states:
            raise MlflowException("no such run", error_code=RESOURCE_DOES_NOT_EXIST)
        state = self.states[run_id]
        if state == "away":
            raise MlflowException("does not answer")
        return SimpleNamespace(info=SimpleNamespace(status=state, start_time=100))

    def get_metric_history(self, run_id: str, name: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(timestamp=point) for point in self.points]

    def set_terminated(self, run_id: str, status: str, end_time: int) -> None:
        self.ended.append((run_id, status, end_time))


def kill_with_mark(folder: Path, run_id: str) -> None:
    """A process that marks a run as its own, and is killed."""
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from croquis.tracking.running import mark_run\n"
        "mark = mark_run(Path(sys.argv[1]), sys.argv[2])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, "-c", code, str(folder), run_id]
    assert subprocess.run(command).returncode == -9


def test_the_run_of_a_killed_process_ends_at_its_last_epoch(tmp_path: Path) -> None:
    folder = tmp_path / ".mlflow.running"
    kill_with_mark(folder, "killed")
    mark = mark_run(folder, "alive")
    assert killed_runs(folder) == ["killed"]
    client = Client({"killed": "RUNNING", "alive": "RUNNING"}, points=(7, 9, 8))
    end_killed_runs(client, folder)
    assert client.ended == [("killed", "KILLED", 9)]
    assert [path.name for path in folder.iterdir()] == ["alive"]
    assert mark is not None
    mark.remove()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("states", "is_kept"),
    [({"a": "FINISHED"}, False), ({}, False), ({"a": "away"}, True)],
)
def test_a_mark_stays_only_where_the_store_did_not_answer(
    states: dict[str, str], is_kept: bool, tmp_path: Path
) -> None:
    (tmp_path / "running").mkdir()
    (tmp_path / "running" / "a").touch()
    client = Client(states)
    end_killed_runs(client, tmp_path / "running")
    assert not client.ended
    assert (tmp_path / "running" / "a").exists() == is_kept


def test_a_run_that_logged_no_epoch_ends_where_it_began(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    client = Client({"a": "RUNNING"})
    end_killed_runs(client, tmp_path)
    assert client.ended == [("a", "KILLED", 100)]


def test_a_folder_that_takes_no_file_marks_nothing(tmp_path: Path) -> None:
    (tmp_path / "running").write_text("a file")
    assert mark_run(tmp_path / "running", "a") is None
    assert killed_runs(tmp_path / "running") == []
