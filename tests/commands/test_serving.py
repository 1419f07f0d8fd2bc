"""`croquis export`, `serve` and `demo`, as they are typed."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from croquis.commands.main import app
from croquis.tracking import store
from support.served import leave_run

SET = (
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR",
    "MLFLOW_LOGGING_LEVEL",
    "GRADIO_TEMP_DIR",
    "GRADIO_ANALYTICS_MAX_EVENTS",
)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the commands set is gone after each test."""
    for name in SET:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What `register` was given; nothing is logged. test_registering.py does the rest."""
    from croquis.serving import registering

    calls: list[dict] = []

    def register(trained: object, **named: object) -> registering.Registered:
        calls.append({"trained": trained, **named})
        return registering.Registered("drawn", "3", "abc1234")

    monkeypatch.setattr(registering, "register", register)
    return calls


def typed(command: str, folder: Path, *more: str) -> Result:
    places = {"parameters": "params.yaml", "images": ".", "ensemble": "ensemble"}
    places |= {"checkpoints": "checkpoints"}
    options = [f"--{name}={folder / place}" for name, place in places.items()]
    return CliRunner().invoke(app, [command, *options, *more])


def test_export_registers_the_checked_run(
    registered: list[dict], drawn: Path
) -> None:
    leave_run(drawn)
    done = typed("export", drawn, f"--metrics={drawn / 'ensemble.json'}")
    assert done.output.splitlines() == [
        "export: trying the last run's networks on test images, then copying them",
        "export: drawn, version 3, also called abc1234: models:/drawn/3",
        "export: `make serve MODEL=models:/drawn/3` answers on http://127.0.0.1:5001/invocations",
    ]
    [call] = registered
    assert (
        call["source"] == "drawn.zip" and "OOF accuracy .750" in call["description"]
    )
    assert call["score"]["log_loss"] == 1.2345
    np.testing.assert_array_equal(call["example"], np.load(drawn / "pixels.npy")[0])


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        (
            "ensemble.json",
            "ensemble.json: expected the scores of a run, received No such file",
        ),
        (
            "ensemble/recipe.json",
            "recipe.json: expected a finished run, received no such file",
        ),
    ],
)
def test_export_of_half_a_run_is_one_line(
    lost: str, message: str, registered: list[dict], drawn: Path
) -> None:
    leave_run(drawn)
    (drawn / lost).unlink()
    done = typed("export", drawn, f"--metrics={drawn / 'ensemble.json'}")
    assert done.exit_code == 1 and registered == []
    assert message in done.output and done.output.startswith("error: ")
    assert "run `make repro`" in done.output and done.output.count("\n") == 1


@pytest.mark.parametrize(
    ("more", "model"),
    [
        ([], "models:/a-competition/2"),
        (["--model=models:/other/2"], "models:/other/2"),
        (["--allow-host=hub.example"], "models:/a-competition/2"),
    ],
)
def test_serve_is_our_server_of_the_newest_model(
    more: list[str], model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listens on this machine alone: tests/serving/test_model_server.py."""
    called: list[list[str]] = []
    monkeypatch.setattr(
        os, "execvp", lambda program, command: called.append(command)
    )
    monkeypatch.setattr(store, "has_runs", lambda: True)
    monkeypatch.setattr(store, "open_store", Registry)
    (tmp_path / "params.yaml").write_text("data: {source: a/competition.tar.gz}\n")
    options = [f"--parameters={tmp_path / 'params.yaml'}", "--port=5009", *more]
    done = CliRunner().invoke(app, ["serve", *options])
    assert done.output == (
        f"serve: {model} on http://127.0.0.1:5009/invocations; "
        "docs/serving.md shows how to ask it\n"
    )
    [command] = called
    hosts = ["hub.example"] if "--allow-host=hub.example" in more else []
    module = "croquis.serving.model_server"
    assert command == [sys.executable, "-m", module, model, "5009", *hosts]


class Registry:
    """MLflow's client, as far as it is asked for versions of a model."""

    def get_experiment_by_name(self, name: str) -> None:
        """None was made."""

    def search_model_versions(self, wanted: str) -> list[SimpleNamespace]:
        known = [SimpleNamespace(version=number) for number in ("1", "2")]
        return known if wanted == "name = 'a-competition'" else []


def test_serving_what_was_never_exported_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was MLflow's traceback."""
    (tmp_path / "params.yaml").write_text("data: {source: another}\n")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    done = CliRunner().invoke(
        app, ["serve", f"--parameters={tmp_path / 'params.yaml'}"]
    )
    assert done.exit_code == 1 and done.output == (
        "error: models:/another: expected an exported model, received none; run `make export`\n"
    )
    assert not (tmp_path / "mlflow.db").exists()


def test_a_demo_of_no_run_is_one_line(tmp_path: Path) -> None:
    done = typed("demo", tmp_path)
    assert done.exit_code == 1 and done.output.count("\n") == 1
    assert (
        "params.yaml: expected a finished run, received no such file" in done.output
    )
    assert not Path(os.environ["GRADIO_TEMP_DIR"]).exists()
