"""Where runs are kept, and what they are called."""

from pathlib import Path

import pytest

from croquis import store as stores


def test_the_commit_is_gits_and_none_outside_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert stores.commit() == "none"
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is no git either
    assert stores.commit() == "none"


def test_a_pipeline_is_called_as_its_experiment_or_its_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert stores.version() == stores.commit()[:7]
    monkeypatch.setenv("DVC_EXP_NAME", "bold-idea")
    assert stores.version() == "bold-idea"


def test_the_store_lies_beside_the_pipeline_unless_the_environment_says_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert stores.uri() == "http://127.0.0.1:5000"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert stores.uri() == f"sqlite:///{tmp_path}/mlflow.db"


def test_a_stage_fills_the_column_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "train@swin-0")
    found = stores.surroundings()
    assert found["stage"] == found["mlflow.source.name"] == "train@swin-0"
    assert found["commit"] == found["mlflow.source.git.commit"] == stores.commit()


def test_a_pipeline_is_found_by_its_scores_the_newest_first_and_never_made() -> None:
    made = []
    client, experiment_id, _ = stores.connected_by_scores("by-scores", {"a": 1.0})
    for start, scores in enumerate(({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 3.0}, {"a": 4.0})):
        run = client.create_run(experiment_id, start_time=start + 1, tags={"kind": "pipeline"})
        made.append(run.info.run_id)
        for name, value in scores.items():
            client.log_metric(run.info.run_id, name, value)
    client.create_run(experiment_id, start_time=9, tags={"kind": "train"})
    wanted = ({"a": 1.0}, made[1]), ({"a": 1.0, "b": 2.0}, made[0]), ({"a": 5.0}, None)
    for scores, found in wanted:
        assert stores.connected_by_scores("by-scores", scores)[2] == found
    assert len(client.search_runs([experiment_id])) == 4


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("first\nsecond"), "first"),
        (ValueError(), "ValueError"),
        (ConnectionError("https://me:secret@host/api failed"), "https://***@host/api failed"),
        (ValueError("x" * 300), "x" * 200),
    ],
)
def test_a_reason_is_one_line_without_a_password(error: Exception, said: str) -> None:
    assert stores.reason(error) == said
