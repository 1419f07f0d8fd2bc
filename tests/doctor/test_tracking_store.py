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
