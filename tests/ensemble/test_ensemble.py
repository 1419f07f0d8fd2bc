"""The stage as one call: the chosen vote, on OOF and on the test set."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.ensemble.ensemble import (
    EnsembleResult,
    ensemble_lines,
    vote_over_members,
)
from croquis.tables.predictions import Predictions, load_predictions
from croquis.votes.members import RunParams
from croquis.votes.recipe import EnsembleParams, Recipe
from support.members_oof import CLASSES, SOFT, leave_votes

RUN = RunParams(models=["a", "b"], probes=[], folds=[0, 1])


def settings(weights: str | dict[str, float] = "uniform") -> EnsembleParams:
    return EnsembleParams(members="all", vote="soft", weights=weights)


@pytest.fixture
def result(tmp_path: Path) -> EnsembleResult:
    """Of two members and two folds; on test image t all say class 1, but b's fold 1 class 2."""
    labels = leave_votes(tmp_path)
    index = {"id": [f"p{n}" for n in range(len(labels))], "label": labels}
    table = pd.DataFrame(index).assign(split="train", source_id="", digest="")
    table.assign(sha256="", class_name="").to_csv(
        tmp_path / "index.csv", index=False
    )
    for member, fold in (("a", 0), ("a", 1), ("b", 0), ("b", 1)):
        guess = 2 if (member, fold) == ("b", 1) else 1
        probs = np.full((1, 3), 0.1)
        probs[0, guess] = 0.8
        path = tmp_path / "by_fold" / member / f"fold{fold}" / "test.npz"
        Predictions(["t"], probs, CLASSES).save(path)
    return vote_over_members(
        RUN,
        settings({"a": 1.0, "b": 0.0}),
        SOFT,
        votes=tmp_path / "votes",
        by_fold=tmp_path / "by_fold",
        folds=tmp_path / "folds.csv",
        index=tmp_path / "index.csv",
        seed=0,
    )


def test_all_that_was_decided_is_saved(
    result: EnsembleResult, tmp_path: Path
) -> None:
    result.save(tmp_path / "ensemble")
    assert sorted(path.name for path in (tmp_path / "ensemble").iterdir()) == [
        "agreement.csv",
        "gains.csv",
        "members.csv",
        "oof.npz",
        "pairs.csv",
        "recipe.json",
        "reliability.csv",
        "test.npz",
        "test_fold0.npz",
        "test_fold1.npz",
        "votes.csv",
    ]
    assert Recipe.load(tmp_path / "ensemble" / "recipe.json") == result.recipe
    saved = load_predictions(tmp_path / "ensemble" / "oof.npz")
    np.testing.assert_array_equal(saved.probs, result.oof.probs)


def test_weights_of_params_are_those_of_the_vote(result: EnsembleResult) -> None:
    assert result.recipe.weights == {"a": 1.0, "b": 0.0}
    assert result.test.probs.argmax() == result.test_by_fold[1].probs.argmax() == 1
    assert list(result.test_by_fold) == [0, 1]


def test_the_metrics_are_of_the_saved_oof(result: EnsembleResult) -> None:
    metrics = result.metrics
    assert metrics["folds"] == metrics["members"] == 2 and metrics["images"] == 300
    assert metrics["vote"] == "soft" and metrics["with_twin"] == 0
    table = result.tables["votes"].set_index("vote")
    assert metrics["accuracy"] == round(table.loc["soft", "nested_accuracy"], 5)
    assert table["chosen"].sum() == 1


def test_the_last_lines_tell_the_vote_and_its_score(result: EnsembleResult) -> None:
    first, last = ensemble_lines(result, settings())
    assert first == "ensemble: soft vote of a, b over 2 folds"
    assert last.startswith(
        f"ensemble: OOF accuracy {result.metrics['accuracy']:.3f} ("
    )


def test_declined_weights_are_named(result: EnsembleResult) -> None:
    assert ensemble_lines(result, settings("greedy"))[1] == (
        "ensemble: greedy weights are not significantly better when nested: uniform ones"
    )
    assert len(ensemble_lines(result, settings({"a": 1.0, "b": 0.0}))) == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [("log_loss", "log-loss 1.250"), ("macro_f1", "macro-F1 1.250")],
)
def test_the_last_line_names_the_metric_that_was_chosen(
    name: str, words: str, result: EnsembleResult
) -> None:
    metrics = result.metrics | {"metric": name, "accuracy": 0.75, "ece": 0.1}
    metrics |= {"log_loss": 0.5} | {name: 1.25}
    metrics |= {f"{name}_low": 1.0, f"{name}_high": 1.5}
    chosen = dataclasses.replace(result, metrics=metrics)
    other = "accuracy 0.750" if name == "log_loss" else "log-loss 0.500"
    assert ensemble_lines(chosen, settings())[-1] == (
        f"ensemble: OOF {words} (1.000 to 1.500), {other}, calibration error 0.100"
    )
