"""What doctor says of the store of MLflow's runs."""

from pathlib import Path

import pytest

from croquis.doctor import tracking_store


def test_a_tracking_server_that_is_away_is_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    finding = tracking_store.tracking_finding()
    assert finding.state == "warning" and "does not answer" in finding.says
    assert "secret" not in finding.says


def test_a_store_that_is_not_there_yet_is_fine_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert tracking_store.tracking_finding().state == "ok"
    assert not list(tmp_path.iterdir())


def test_a_store_that_is_broken_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "mlflow.db").write_text(
        "this is no database, however long it is " * 99
    )
    assert tracking_store.tracking_finding().state == "warning"


def test_a_store_that_a_kill_left_is_named_with_what_becomes_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The advice was to start a server, or to unset a variable that was not set."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "mlflow.db").touch()
    finding = tracking_store.tracking_finding()
    assert finding.state == "warning"
    assert finding.says == (
        f"{tmp_path}/mlflow.db was half made when a program was stopped"
        " (it has no tables)"
    )
    assert finding.fix == "the next training sets it aside and begins a new store"
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]
