"""What the report tells MLflow, by names that make its pages readable."""

from pathlib import Path

import pytest

from croquis.report import mlflow_records
from croquis.tracking import tracking
from croquis.tracking.store import Pipeline
from support.leftovers import metrics
from support.outline import Outline


def test_members_stand_side_by_side_and_the_whole_in_sections_of_its_own() -> None:
    found = mlflow_records.report_scores(metrics())
    assert (
        found["oof_accuracy/tiny"] == 0.75 and found["oof_accuracy/head"] == 0.481
    )
    assert (
        found["ensemble/accuracy"] == 0.75 and found["test/test_accuracy"] == 0.731
    )
    assert found["size/images"] == 12 and "ensemble/images" not in found
    assert all(type(value) is float for value in found.values())


def test_what_is_no_number_is_left_out() -> None:
    vote = {"tiny": {"accuracy": 0.5, "name": "a", "nothing": None}}
    found = mlflow_records.report_scores(metrics(vote=vote))
    assert [name for name in found if name.startswith("oof_")] == [
        "oof_accuracy/tiny"
    ]


def test_mlflow_takes_every_name() -> None:
    from mlflow.utils.validation import _validate_metric_name

    for name in mlflow_records.report_scores(metrics()):
        _validate_metric_name(name)


def test_the_description_opens_with_the_score_and_has_a_row_a_member() -> None:
    text = mlflow_records.description(metrics())
    assert text.startswith(
        "OOF accuracy **.750** (.700 .. .800) on 12 images of 2 folds."
    )
    assert (
        "On the test set .731 by the vote of the folds, .712 by single ones."
        in text
    )
    assert text.splitlines()[-3:] == [
        "| ensemble | .750 | .700 .. .800 |",
        "| head | .481 | .456 .. .505 |",
        "| tiny | .750 | .700 .. .800 |",
    ]


def test_without_a_solution_the_description_is_silent_on_the_test_set() -> None:
    assert "test set" not in mlflow_records.description(
        metrics(submission={"rows": 3})
    )


def test_no_link_of_a_page_that_mlflow_shows_is_dead(tmp_path: Path) -> None:
    """In MLflow's frame a page has no neighbours."""
    folder = tmp_path / "report"
    folder.mkdir()
    links = '<a href="#top">a</a><a href="more.html#b">b</a><a href="https://x.org/y.html">c</a>'
    (folder / "index.html").write_text(links)
    with mlflow_records._without_links(folder) as copy:
        page = Outline((copy / "index.html").read_text())
        assert (
            page.addresses == ["#top", "https://x.org/y.html"]
            and page.text == "a b c"
        )
        assert copy.name == "report"
    assert (folder / "index.html").read_text() == links


def test_the_pipelines_run_holds_scores_settings_and_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("DVC_EXP_NAME", "bold-idea")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("page")
    run = tracking.pipeline_run(Pipeline("records"))
    run.tags({"mlflow.runName": mlflow_records.run_name(metrics())})
    run.metrics(mlflow_records.report_scores(metrics()))
    run.artifact(tmp_path / "report")
    run.end()
    assert (
        tracking.pipeline_run(Pipeline("records"))._id == run._id
    )  # which is found by its tags
    client = MlflowClient()
    experiment = client.get_experiment_by_name("records")
    (found,) = client.search_runs([experiment.experiment_id])
    assert (
        found.info.run_name == "bold-idea .750"
        and found.data.tags["kind"] == "pipeline"
    )
    assert found.data.metrics["oof_accuracy/head"] == 0.481
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    paths = [
        entry.path for entry in client.list_artifacts(found.info.run_id, "report")
    ]
    assert paths == ["report/index.html"]
