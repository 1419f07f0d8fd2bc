"""The table of experiments, of what `dvc exp show --json` says."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from croquis.commands.experiments import experiment_lines
from croquis.commands.main import app

PARAMS = {
    "lr": 0.001,
    "run": {"models": ["a", "b"], "folds": [0, 1]},
    "train": {"drop": 0.0},
}


IMAGES = 840  # a fold


def state(
    rev: str, name: str | None, accuracy: float | None, **params: Any
) -> dict[str, Any]:
    ensemble = {"accuracy": accuracy, "accuracy_low": 0.1, "accuracy_high": 0.9}
    ensemble["images"] = IMAGES * len((PARAMS | params)["run"].get("folds", []))
    metrics = (
        {"metrics/ensemble.json": {"data": ensemble}}
        if accuracy is not None
        else {}
    )
    metrics["metrics/submission.json"] = {"data": {"rows": 6, "test_accuracy": 0.5}}
    data = {"timestamp": "2026-11-21T14:36:44", "metrics": metrics}
    data["params"] = {"params.yaml": {"data": PARAMS | params}}
    return {"rev": rev, "name": name, "data": data, "error": None}


def experiment(
    name: str, accuracy: float, doing: str | None = None, **params: Any
) -> dict:
    executor = doing and {"state": doing}
    return {
        "name": name,
        "executor": executor,
        "revs": [state("f" * 40, name, accuracy, **params)],
    }


def test_each_commit_is_followed_by_its_experiments_the_best_first() -> None:
    head = state("0123456789", "main", 0.8)
    head["experiments"] = [
        experiment("low", 0.7, lr=1e-05),
        experiment("high", 0.9, lr=0.01),
    ]
    assert experiment_lines([state("workspace", None, 0.8), head]) == [
        "experiment       OOF accuracy          images   test   when          changed",
        "workspace        .800 (.100 .. .900)   1,680    .500   11-21 14:36",
        "0123456 [main]   .800 (.100 .. .900)   1,680    .500   11-21 14:36",
        "  high           .900 (.100 .. .900)   1,680    .500   11-21 14:36   lr=0.01",
        "  low            .700 (.100 .. .900)   1,680    .500   11-21 14:36   lr=1e-05",
        "",
        "images: of run.folds; `croquis compare` compares on those that two experiments share",
        "test: the vote of all folds, where a solution is known",
    ]


def test_an_experiment_on_one_fold_shows_its_fewer_images() -> None:
    """Nothing told it apart from one on all folds."""
    head = state("0123456789", "main", 0.8)
    head["experiments"] = [
        experiment("one", 0.6, run={"models": ["a", "b"], "folds": [0]})
    ]
    rows = [
        line.partition(")   ")[2].split() for line in experiment_lines([head])[1:3]
    ]
    assert [row[0] for row in rows] == ["1,680", "840"] and rows[1][
        -1
    ] == "run.folds=[0]"


def test_the_workspace_is_compared_with_the_last_commit() -> None:
    shown = experiment_lines(
        [state("workspace", None, 0.8, seed=3), state("0123456789", None, 0.8)]
    )
    assert shown[1].endswith("   seed=3") and shown[2].endswith("14:36")


def test_nested_keys_are_dotted_and_what_is_gone_is_said() -> None:
    head = state("0123456789", None, 0.8)
    head["experiments"] = [
        experiment("a", 0.7, run={"models": ["a"]}, train={"drop": 0.5})
    ]
    # Wrapped, so joined again.
    assert "run.models=[a], run.folds=gone, train.drop=0.5" in " ".join(
        " ".join(experiment_lines([head])).split()
    )


def test_many_changes_stay_inside_100_columns() -> None:
    head = state("0123456789", "a-branch-with-a-long-name", 0.8)
    changes = {f"key_number_{k}": "a long value " * 9 for k in range(9)}
    head["experiments"] = [experiment("an-experiment", 0.7, **changes)]
    shown = experiment_lines([head])
    assert max(map(len, shown)) <= 100
    assert sum(line.count("key_number_") for line in shown) == 9


def test_beside_a_long_name_changes_stand_below_in_whole_words() -> None:
    """Twenty columns were kept for them, whatever the name, and words were broken."""
    head = state("0123456789", "main", 0.8)
    name = "convnext-base-clip-course-augment-384"
    changes = {
        "train": {"drop": 0.0, "label_smoothing": 0.1, "augment": "randaugment"}
    }
    head["experiments"] = [experiment(name, 0.7, **changes)]
    shown = experiment_lines([head])
    assert max(map(len, shown)) <= 100
    place = next(number for number, line in enumerate(shown) if name in line)
    assert shown[place].endswith("11-21 14:36")
    assert (
        shown[place + 1]
        == "      train.label_smoothing=0.1, train.augment=randaugment"
    )


def test_a_word_that_is_longer_than_the_room_beside_the_name_stands_below() -> None:
    """25 columns are left beside a name of 18 letters; the word has 26."""
    head = state("0123456789", "main", 0.8)
    changes = {"train": {"label_smoothing": 0.1, "drop": 0.0, "augment": "flips"}}
    head["experiments"] = [experiment("convnext-base-clip", 0.7, **changes)]
    shown = experiment_lines([head])
    assert max(map(len, shown)) <= 100
    assert "      train.label_smoothing=0.1, train.augment=flips" in shown


def test_what_has_not_ended_shows_its_state_and_no_score() -> None:
    head = state("0123456789", None, 0.8)
    head["experiments"] = [
        experiment("a", 0.7, "Queued"),
        experiment("b", 0.6, "Success"),
    ]
    queued, done = experiment_lines([head])[2:4]
    assert queued.split()[:2] == ["a", "queued"] and done.split()[:2] == [
        "b",
        ".600",
    ]


def test_an_experiment_that_failed_or_has_no_scores_is_a_row() -> None:
    broken = {
        "rev": "e" * 40,
        "name": "b",
        "data": None,
        "error": {"msg": "no such file"},
    }
    head = state("0123456789", None, None)
    head["experiments"] = [{"name": "b", "executor": None, "revs": [broken]}]
    shown = experiment_lines([head])
    assert (
        shown[1].partition("   ")[2].strip().startswith("not run")
        and shown[2].split()[1] == "failed"
    )
    assert (
        shown[-1]
        == "not run: no score is of the parameters and the data of that row"
    )


def test_outside_of_a_repository_it_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["experiments"])
    assert done.exit_code == 1 and done.output.startswith(
        "error: dvc: expected experiments"
    )
    assert done.output.count("\n") == 1


def chosen_by(state: dict[str, Any], loss: float) -> dict[str, Any]:
    """The same as a run that was chosen by log-loss."""
    metrics = state["data"]["metrics"]
    scores = {"metric": "log_loss", "log_loss": loss}
    scores |= {"log_loss_low": 0.25, "log_loss_high": 1.5}
    metrics["metrics/ensemble.json"]["data"] |= scores
    by_metric = {"test": loss + 0.125}
    metrics["metrics/submission.json"]["data"] |= {
        "metric": "log_loss",
        "by_metric": by_metric,
    }
    return state


def test_the_metric_of_the_workspace_heads_the_table_and_the_lowest_is_best() -> (
    None
):
    by_accuracy = experiment("old", 0.9)
    scores = by_accuracy["revs"][0]["data"]["metrics"]["metrics/ensemble.json"]
    scores["data"]["log_loss"] = 0.75
    low = experiment("low", 0.7, metric="log_loss")
    chosen_by(low["revs"][0], 0.5)
    high = experiment("high", 0.8, metric="log_loss")
    chosen_by(high["revs"][0], 1.0)
    head = state("0123456789", "main", 0.8)
    head["experiments"] = [high, by_accuracy, low, experiment("none", 0.5)]
    here = chosen_by(state("workspace", None, 0.8, metric="log_loss"), 0.6)
    head_line, first, _, *rows = experiment_lines([here, head])[:7]
    assert head_line.split()[:3] == ["experiment", "OOF", "log-loss"]
    assert first.split()[1:6] == [".600", "(.250", "..", "1.500)", "1,680"]
    assert [row.split()[:2] for row in rows] == [
        ["low", ".500"],
        ["old", ".750"],
        ["high", "1.000"],
        ["none", "not"],
    ]
    assert ".625" in rows[0]  # on the test set
    assert (
        rows[1].split()[2] == "1,680"
    )  # no interval, and no score on the test set
    assert ".500" not in rows[1]
