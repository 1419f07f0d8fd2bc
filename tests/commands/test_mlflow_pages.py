"""`croquis mlflow`: the address it prints, and the server it becomes."""

import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from croquis.commands.main import app
from croquis.commands.mlflow_pages import newest
from croquis.tracking.store_file import State, examine


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that the process would have become; what it sets is gone after each test."""
    for name in ("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "PYTHONWARNINGS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    called: list[list[str]] = []
    monkeypatch.setattr(
        os, "execvp", lambda program, command: called.append(command)
    )
    return called


def test_the_table_of_the_newest_run_is_opened(started: list[list[str]]) -> None:
    """The address was that of a list, from which a click led to pages of language models."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient()  # conftest's store
    first, second = (
        client.create_experiment(name) for name in ("tracked-a", "tracked-b")
    )
    client.create_experiment("tracked-empty")
    client.create_run(first, start_time=10**15)
    client.create_run(second, start_time=10**14)  # older, though it was made later
    gone = client.create_run(second, start_time=2 * 10**15)
    client.delete_run(gone.info.run_id)
    done = CliRunner().invoke(app, ["mlflow", "--port=5009"])
    table = f"http://127.0.0.1:5009/#/experiments/{first}/runs?workflowType=machine_learning"
    assert done.output == f"open {table}; Ctrl-C ends it\n"
    [command] = started
    assert command[:4] == [sys.executable, "-m", "mlflow", "ui"]
    said = f"--host 127.0.0.1 --workers 1 --port 5009 --backend-store-uri {client.tracking_uri}"
    assert " ".join(command[4:]) == said


def test_before_the_first_run_the_list_is_opened(
    started: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    done = CliRunner().invoke(app, ["mlflow"])
    assert (
        "http://127.0.0.1:5000/#/experiments?workflowType=machine_learning;"
        in done.output
    )
    assert len(started) == 1
    # Whole, before a server that could be killed would make it in place.
    assert examine(tmp_path / "mlflow.db").state is State.WHOLE
    assert {path.name for path in tmp_path.iterdir()} <= {
        ".mlflow.lock",
        "mlflow.db",
    }


def test_a_server_of_ones_own_is_named_without_its_password(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@host/mlflow")
    done = CliRunner().invoke(app, ["mlflow"])
    assert done.output.endswith("open https://***@host/mlflow\n") and not started


def test_what_is_no_store_holds_no_experiment(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database " * 99)
    assert newest(f"sqlite:///{tmp_path}/mlflow.db") is None
    assert newest("postgresql://host/store") is None
