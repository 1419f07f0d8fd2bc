"""The submission by another metric than accuracy, by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from croquis.core.errors import InputError
from croquis.scoring.chosen_metric import METRICS
from croquis.submit.solution_scores_by_metric import (
    check_estimate,
    metric_by_member,
    metric_on_test,
)
from croquis.tables.predictions import Predictions
from croquis.votes.recipe import Recipe

IDS = ["test/1", "test/2"]
LABELS = np.array([0, 1])
ESTIMATE: dict[str, Any] = {"accuracy": 0.5, "accuracy_low": 0.4}
ESTIMATE |= {"accuracy_high": 0.6, "metric": "log_loss"}
ESTIMATE |= {"log_loss": 0.7, "log_loss_low": 0.6, "log_loss_high": 0.9}


def saying(first: float, second: float) -> Predictions:
    """What the two labels get."""
    rows = [[first, 1 - first], [1 - second, second]]
    return Predictions(IDS, rows, ["x", "y"])


def test_a_run_by_accuracy_gains_nothing() -> None:
    plain = {"accuracy": 0.5, "accuracy_low": 0.4, "accuracy_high": 0.6}
    parts = [saying(0.5, 0.5)]
    assert metric_on_test(LABELS, parts[0], parts, plain, seed=0) == {}


def test_the_log_loss_of_the_vote_stands_beside_that_of_single_folds() -> None:
    by_fold = [saying(0.5, 0.25), saying(0.5, 0.5)]
    scores = metric_on_test(LABELS, saying(0.5, 0.5), by_fold, ESTIMATE, seed=0)
    two = np.log(2)
    assert scores["test"] == round(two, 5)
    # Losses of 1.5 log 2 and of log 2.
    assert scores["test_single_fold"] == round(1.25 * two, 5)
    assert scores["fold_vote_gain"] == round(-0.25 * two, 5)
    # On the first image nothing is gained, on the second half of log 2.
    assert scores["fold_vote_gain_low"] == round(-0.5 * two, 5)
    assert scores["fold_vote_gain_high"] == 0
    assert scores["gap"] == round(1.25 * two - 0.7, 5)
    assert scores["gap_low"] < scores["gap"] < scores["gap_high"]
    assert (scores["oof"], scores["oof_low"], scores["oof_high"]) == (0.7, 0.6, 0.9)
    assert scores["inside_interval"] is True
    low = ESTIMATE | {"log_loss_high": 0.8}
    far = metric_on_test(LABELS, saying(0.5, 0.5), by_fold, low, seed=0)
    assert far["inside_interval"] is False


def test_macro_f1_is_of_the_labels() -> None:
    estimate = {"metric": "macro_f1", "macro_f1": 0.5}
    estimate |= {"macro_f1_low": 0.4, "macro_f1_high": 0.6}
    wrong = saying(0.6, 0.4)  # x for both: F1 of 2/3 and 0
    scores = metric_on_test(LABELS, saying(0.9, 0.9), [wrong], estimate, seed=0)
    assert scores["test"] == 1 and scores["test_single_fold"] == round(1 / 3, 5)


def test_members_are_scored_at_their_temperatures(tmp_path: Path) -> None:
    for fold in (0, 1):
        saying(0.8, 0.8).save(tmp_path / "m" / f"fold{fold}" / "test.npz")
        saying(0.6, 0.4).save(tmp_path / "idle" / f"fold{fold}" / "test.npz")
    recipe = Recipe(
        members=["m"],
        folds=[0, 1],
        fold_vote="soft",
        vote="soft",
        weights={"m": 1.0},
        temperatures={"m": 2.0},
        temperature=1.0,
    )
    loss, f1 = (
        metric_by_member(
            LABELS,
            np.array(IDS),
            tmp_path,
            ["idle", "m"],
            recipe,
            METRICS[name],
        )
        for name in ("log_loss", "macro_f1")
    )
    # sqrt(.8) : sqrt(.2) is 2 : 1; one that does not vote has no temperature.
    assert loss == {"m": round(float(-np.log(2 / 3)), 5)}
    assert f1 == {"idle": round(1 / 3, 5), "m": 1.0}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"metric": "auc"}, "expected a metric of accuracy, log_loss, macro_f1"),
        ({"log_loss_low": None}, "expected log_loss_low, a number"),
    ],
)
def test_a_damaged_estimate_is_named(change: dict[str, Any], words: str) -> None:
    check_estimate(Path("e.json"), ESTIMATE)
    with pytest.raises(InputError, match=words):
        check_estimate(Path("e.json"), ESTIMATE | change)
