"""All stages on a dozen tiny images, by the commands a person types."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from support.tiny import Project

pytestmark = pytest.mark.slow


def would_run(project: Project) -> set[str]:
    """The stages that `dvc repro` would run, without the folds."""
    return set(
        re.findall(r"Running stage '([a-z]+)", project.run("dvc repro --dry"))
    )


def test_a_run_ends_with_a_submission_in_the_samples_order(
    project: Project,
) -> None:
    table = pd.read_csv(project.folder / "data/submission.csv")
    assert list(table.columns) == ["ID", "image_path", "target"]
    assert list(table["image_path"]) == [f"{k}.png" for k in range(6)]
    assert list(table["ID"]) == list(range(6))
    assert set(table["target"]) <= {0, 1, 2}


def test_a_run_ends_with_a_summary_and_a_page(project: Project) -> None:
    assert "ensemble" in project.summary
    assert "data/submission.csv" in project.summary
    assert (project.folder / "data/report/index.html").stat().st_size > 1000


def test_copies_share_a_fold_and_each_image_is_scored_once(
    project: Project,
) -> None:
    folds = pd.read_csv(project.folder / "data/folds.csv")
    assert folds.groupby("group")["fold"].nunique().max() == 1
    assert folds["group"].nunique() <= 12  # 15 images, three of them copies
    with np.load(project.folder / "data/ensemble/oof.npz") as oof:
        assert sorted(oof["ids"]) == sorted(folds["id"])


def test_scores_stand_beside_the_solution(project: Project) -> None:
    found = json.loads((project.folder / "metrics/submission.json").read_text())
    truth = pd.read_csv(project.folder / "data/solution.csv")["target"].to_numpy()
    target = pd.read_csv(project.folder / "data/submission.csv")[
        "target"
    ].to_numpy()
    assert found["test_accuracy"] == pytest.approx(
        (truth == target).mean(), abs=1e-5
    )
    assert found["rows"] == 6
    assert set(found["test_single_fold_by_member"]) == {
        "lite0_80",
        "lite0_64",
        "lite0_probe",
    }


def test_every_training_is_an_mlflow_run(project: Project) -> None:
    code = (
        "from mlflow.tracking import MlflowClient as C; c = C('sqlite:///mlflow.db');"
        "(e,) = [e for e in c.search_experiments() if e.name.endswith('-competition')];"
        "print(sorted(r.data.tags.get('stage', '') for r in c.search_runs([e.experiment_id])))"
    )
    printed = project.run(f'python -c "{code}"')
    for model in ("lite0_80", "lite0_64"):
        assert f"train@{model}-0" in printed and f"train@{model}-1" in printed
    assert "probe@lite0_probe-0" in printed


def test_a_second_run_runs_nothing_but_the_look_at_what_stands_where_it_writes(
    project: Project,
) -> None:
    assert re.findall(r"Running stage '([a-z]+)", project.run("dvc repro")) == [
        "check"
    ]
    assert would_run(project) == {"check"}


def test_an_edit_of_voting_retrains_nothing(project: Project) -> None:
    path = project.folder / "src/croquis/votes/voting.py"
    with project.with_text(path, path.read_text() + "\n# an edit\n"):
        stages = would_run(project)
    assert {"vote", "ensemble"} <= stages
    assert not stages & {
        "train",
        "probe",
        "embed",
        "split",
        "dedup",
        "prepare",
        "download",
    }


def test_an_edit_of_one_model_retrains_that_model_alone(project: Project) -> None:
    with project.params_as({"models.lite0_64.drop_rate": 0.1}):
        printed = project.run("dvc repro --dry")
    assert set(re.findall(r"Running stage 'train@(\w+)-", printed)) == {"lite0_64"}
    assert "Running stage 'probe" not in printed


def test_why_tells_an_edit_of_one_model_from_what_follows(project: Project) -> None:
    with project.params_as({"models.lite0_64.drop_rate": 0.1}):
        printed = project.run("make -s why")
    assert "models.lite0_64.drop_rate: nothing -> 0.1" in printed
    assert re.search(
        r"train +2 trainings \(1 model x 2 folds: lite0_64\) +about \d+ s", printed
    )
    assert "split" not in printed and re.search(r"vote +follows", printed)


def test_why_after_a_run_says_that_nothing_would_run(project: Project) -> None:
    assert project.run("make -s why").startswith("nothing would run: all ")


def test_the_doctor_finds_no_problem_where_the_pipeline_ran(
    project: Project,
) -> None:
    printed = project.run("make -s doctor")
    assert "ready to run" in printed and "\nproblem" not in printed


def test_bad_params_stop_before_any_work(project: Project) -> None:
    path = project.folder / "params.yaml"
    with project.with_text(
        path, path.read_text().replace("label_smoothing:", "label_smothing:")
    ):
        printed = project.run("make -s repro", fails=True)
    assert "label_smothing" in printed and "did you mean" in printed
    assert "Running stage" not in printed
