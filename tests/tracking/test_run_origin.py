"""Where runs come from, and what they are called after."""

from pathlib import Path

import pytest

from croquis.tracking import run_origin


def test_the_commit_is_gits_and_none_outside_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_origin.commit() == "none"
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is no git either
    assert run_origin.commit() == "none"


def test_a_pipeline_is_called_as_its_experiment_or_its_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run_origin.version() == run_origin.commit()[:7]
    monkeypatch.setenv("DVC_EXP_NAME", "bold-idea")
    assert run_origin.version() == "bold-idea"


def test_a_stage_fills_the_column_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "train@swin-0")
    tags = run_origin.surroundings()
    assert tags["stage"] == tags["mlflow.source.name"] == "train@swin-0"
    assert tags["commit"] == tags["mlflow.source.git.commit"] == run_origin.commit()
