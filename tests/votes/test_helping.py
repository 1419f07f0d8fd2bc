"""What a greedy path asks of each metric, by hand, and that it finds what the metric wants."""

import numpy as np
import pytest

from croquis.scoring.chosen_metric import METRICS
from croquis.votes.calibration import apply_temperature
from croquis.votes.fitting import (
    FitData,
    best_member,
    favourites,
    fit_data,
    fit_temperature,
    greedy_order,
    greedy_weights,
)
from croquis.votes.helping import Favourites, LogLossHelp, MacroF1Help
from croquis.votes.voting import soft_vote


def data_of(labels: np.ndarray, probs: np.ndarray, metric: str) -> FitData:
    groups = np.arange(len(labels))
    return fit_data(
        labels, probs, groups, favourites(labels, probs), METRICS[metric]
    )


def test_the_help_to_macro_f1_is_that_of_the_classes_not_of_the_rows() -> None:
    """Classes 7, 8 and 9; the first image lacks a favourite, as it has two only."""
    favourite = Favourites(
        labels=np.array([0, 2, 1]),
        classes=np.array([[7, 7, 8], [9, 8, 9], [-1, 9, -1]]),
        others=np.array([1, 0, 1]),
        times=np.ones(3),
    )
    # 7 for 7, 7 for 9 and 9 for 9: F1 of 2/3 for both.
    mixed = np.array([[0.6, 0.5, 0.2], [0.3, 0.1, 0.7], [0.0, 0.4, 0.0]])
    score, log = MacroF1Help(favourite)(mixed, 1)
    assert score == pytest.approx(2 / 3)
    assert log == pytest.approx(np.log([0.6, 0.4, 0.7]).sum())


def test_the_help_to_log_loss_is_the_loss_of_all_classes_at_a_temperature() -> None:
    """Four classes, of which two are favourites: the other two share what is left."""
    probs = np.array([[0.5, 0.3, 0.1, 0.1], [0.2, 0.6, 0.1, 0.1]])
    help_of = LogLossHelp(
        Favourites(
            labels=np.array([0, 1]),
            classes=np.array([[0, 0], [1, 1]]),
            others=np.array([2, 2]),
            times=np.ones(2),
        )
    )
    total = 3 * probs[:, :2].T  # of three members
    (score,) = help_of(total, 3)
    assert -score == pytest.approx(-np.log([0.5, 0.6]).mean())
    help_of.settle(total, 3)
    labels = np.array([0, 1])
    best = 1 / fit_temperature(labels, probs)
    # One settling goes as far as REACH.
    assert help_of.power == pytest.approx(min(best, np.e), rel=0.02)
    calibrated = apply_temperature(probs, 1 / help_of.power)
    (score,) = help_of(total, 3)
    assert -score == pytest.approx(
        -np.log(calibrated[[0, 1], labels]).mean(), rel=1e-4
    )


def test_a_path_of_sure_and_right_members_sharpens_to_the_end_and_no_further() -> (
    None
):
    """Powers of what float32 holds became sums of zeros, and their logs no numbers."""
    labels = np.zeros(50, int)
    probs = np.full((50, 3), [0.4, 0.3, 0.3], np.float32)
    help_of = LogLossHelp(
        Favourites(
            labels=labels,
            classes=np.tile([[0], [1], [2]], 50),
            others=np.zeros(50),
            times=np.ones(50),
        )
    )
    for _ in range(10):
        help_of.settle(probs.T, 1)
    assert help_of.power == pytest.approx(20, rel=0.02)
    assert help_of(probs.T, 1)[0] == pytest.approx(0, abs=0.01)


def test_a_power_of_many_small_probabilities_does_not_underflow() -> None:
    """Of 500 classes with less than 1e-2 each a power of 20 is below what float32 holds."""
    rng = np.random.default_rng(0)
    labels = rng.integers(500, size=40)
    probs = np.full((40, 500), 1 / 500, np.float32)
    probs[np.arange(40), labels] += 0.002
    probs /= probs.sum(axis=1, keepdims=True)
    weights = greedy_weights(data_of(labels, np.stack([probs] * 2), "log_loss"))
    assert weights.tolist() == [1, 0]


def two_and_one() -> tuple[np.ndarray, np.ndarray]:
    """A member that is right more often, and one that is never sure of a mistake."""
    labels = np.arange(100) % 2
    often = np.where(np.arange(100)[:, None] < 90, np.eye(2)[labels], 0.0)
    often[90:] = np.eye(2)[1 - labels[90:]]  # ten sure mistakes
    often = np.clip(often, 1e-6, 1 - 1e-6)
    modest = np.full((100, 2), 0.5) + 0.3 * (2 * np.eye(2)[labels] - 1)
    modest[80:] = np.full((20, 2), 0.5) - 0.01 * (2 * np.eye(2)[labels[80:]] - 1)
    return labels, np.stack([often, modest])


@pytest.mark.parametrize(
    ("metric", "best"), [("accuracy", 0), ("macro_f1", 0), ("log_loss", 1)]
)
def test_the_best_member_is_that_of_the_metric(metric: str, best: int) -> None:
    labels, probs = two_and_one()
    data = data_of(labels, probs, metric)
    assert best_member(data).argmax() == best
    assert greedy_order(data)[0] == best


def test_the_best_member_by_macro_f1_is_good_at_rare_classes() -> None:
    """The first is right on 90 of 100, the second on 88, but on all of the rare class."""
    labels = np.array([0] * 90 + [1] * 10)
    first = np.eye(2)[np.zeros(100, int)]
    second = np.eye(2)[labels]
    second[:12] = np.eye(2)[1]
    probs = np.stack([first, second])
    assert best_member(data_of(labels, probs, "accuracy")).tolist() == [1, 0]
    assert best_member(data_of(labels, probs, "macro_f1")).tolist() == [0, 1]


def test_greedy_weights_by_log_loss_reach_a_lower_one_than_by_accuracy() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=300)
    logits = 2 * np.eye(4)[labels] + rng.normal(size=(3, 300, 4)) * np.array(
        [1.0, 2.0, 3.0]
    ).reshape(3, 1, 1)
    probs = np.exp(logits)
    probs /= probs.sum(axis=2, keepdims=True)
    losses = {}
    for metric in ("accuracy", "log_loss"):
        weights = greedy_weights(data_of(labels, probs, metric))
        assert weights.sum() == pytest.approx(1) and weights.argmax() == 0
        joint = soft_vote(probs, weights)
        joint = apply_temperature(joint, fit_temperature(labels, joint))
        loss = METRICS["log_loss"]
        losses[metric] = loss.value(loss.judge(labels, joint))
    assert losses["log_loss"] <= losses["accuracy"]
