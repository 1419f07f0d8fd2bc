"""Scores by hand, and an interval that knows of copies."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score, log_loss

from croquis.scoring.metrics import (
    accuracy_interval,
    accuracy_intervals,
    difference,
    mean_gain,
    mean_interval,
    report,
    resampled_means,
    scores,
    wilson,
)

LABELS = np.array([0, 0, 1, 1])
# Right, wrong, right, right.
PROBS = np.array([[0.8, 0.2], [0.4, 0.6], [0.1, 0.9], [0.5, 0.5 + 1e-9]])


def test_scores_by_hand() -> None:
    values = scores(LABELS, PROBS)
    assert values["accuracy"] == 0.75
    # class 0: tp 1, fp 0, fn 1: 2/3. class 1: tp 2, fp 1, fn 0: 4/5.
    assert values["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    by_hand = -(math.log(0.8) + math.log(0.4) + math.log(0.9) + math.log(0.5)) / 4
    assert values["log_loss"] == pytest.approx(by_hand)


def test_scores_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 6, 200)
    probs = rng.dirichlet(np.ones(7), 200)
    values = scores(labels, probs)
    preds = probs.argmax(axis=1)
    assert values["macro_f1"] == pytest.approx(
        f1_score(labels, preds, average="macro")
    )
    assert values["log_loss"] == pytest.approx(
        log_loss(labels, probs, labels=range(7))
    )


def test_the_order_of_rows_changes_nothing() -> None:
    order = [2, 0, 3, 1]
    assert scores(LABELS[order], PROBS[order]) == pytest.approx(
        scores(LABELS, PROBS)
    )


def test_a_sure_and_wrong_vote_costs_a_finite_log_loss() -> None:
    values = scores(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert values["log_loss"] == pytest.approx(-math.log(1e-7) / 2, rel=1e-5)


def test_the_zeros_of_a_hard_vote_are_clipped_and_the_row_sums_to_one_again() -> (
    None
):
    """A thousand zeros at 1e-7 are 1e-4: the label's share is 1 / 1.0001."""
    values = scores(np.array([0]), np.eye(1, 1001))
    assert values["log_loss"] == pytest.approx(math.log(1.0001), rel=1e-4)


def test_ties_go_to_the_lowest_class() -> None:
    assert scores(np.array([0, 1]), np.full((2, 2), 0.5))["accuracy"] == 0.5


def test_a_class_that_is_neither_true_nor_predicted_leaves_macro_f1_alone() -> None:
    """With a subset of folds a rare class may not be there: it used to count as an F1 of 0."""
    absent = np.hstack([PROBS, np.zeros((4, 1))])
    assert scores(LABELS, absent)["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    # Class 2 is predicted, never true.
    predicted = np.array([[0.1, 0.2, 0.7], [0.9, 0.1, 0.0]])
    assert scores(np.array([0, 0]), predicted)["macro_f1"] == pytest.approx(
        (2 / 3 + 0) / 2
    )


def test_float32_probabilities_are_scored_without_a_warning() -> None:
    probs = np.full((3, 7), 1 / 7, np.float32)
    assert scores(np.array([0, 1, 2]), probs)["log_loss"] == pytest.approx(
        math.log(7), rel=1e-5
    )


def test_the_interval_of_single_images_is_the_binomial_one() -> None:
    correct = np.arange(400) % 4 < 3
    low, high = accuracy_interval(correct, np.arange(400), seed=0)
    half = 1.96 * math.sqrt(0.75 * 0.25 / 400)  # .0424
    assert low == pytest.approx(0.75 - half, abs=0.008)
    assert high == pytest.approx(0.75 + half, abs=0.008)


def test_a_redrawn_mean_is_over_the_images_of_the_drawn_groups() -> None:
    """One image is right, three copies are wrong: two draws give 1, 1 of 4, or none."""
    values = np.array([[1.0], [0.0], [0.0], [0.0]])
    drawn = resampled_means(values, np.array([0, 1, 1, 1]), seed=0)
    assert set(drawn[:, 0].tolist()) == {0.0, 0.25, 1.0}


def test_copies_widen_the_interval() -> None:
    # Each image four times: a quarter of the information, twice the width.
    correct = np.repeat(np.arange(100) % 4 < 3, 4)
    low, high = accuracy_interval(correct, np.repeat(np.arange(100), 4), seed=0)
    assert high - low == pytest.approx(2 * 0.0849, rel=0.12)


def test_the_names_of_groups_do_not_change_the_interval() -> None:
    correct = np.arange(40) % 3 > 0
    groups = np.arange(40) // 2
    named = np.array([f"group {group:02d}" for group in groups])
    assert accuracy_interval(correct, groups, seed=1) == accuracy_interval(
        correct, named, seed=1
    )


def test_the_same_seed_gives_the_same_interval() -> None:
    correct = np.arange(40) % 3 > 0
    groups = np.arange(40) // 2
    assert accuracy_interval(correct, groups, seed=1) == accuracy_interval(
        correct, groups, seed=1
    )


def test_without_variance_the_interval_is_wilsons() -> None:
    """No draw differs from another: ten right of ten were an interval of no width."""
    low, high = accuracy_interval(np.full(10, True), np.arange(10), seed=0)
    ends = binomtest(10, 10).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((ends.low, ends.high), abs=1e-3)
    low, high = accuracy_interval(np.full(20, False), np.arange(20) // 2, seed=0)
    ends = binomtest(0, 10).proportion_ci(method="wilson")  # ten groups of two
    assert (low, high) == pytest.approx((ends.low, ends.high), abs=1e-3)


def test_several_intervals_are_those_of_each_alone() -> None:
    rights = np.stack(
        [np.arange(40) % 3 > 0, np.arange(40) % 5 > 0, np.full(40, True)]
    )
    groups = np.arange(40) // 2
    each = [accuracy_interval(right, groups, seed=1) for right in rights]
    np.testing.assert_allclose(accuracy_intervals(rights, groups, seed=1), each)
    assert accuracy_intervals(rights[:1], np.zeros(40), seed=1) == [
        (26 / 40, 26 / 40)
    ]


def test_one_group_has_no_interval() -> None:
    correct = np.array([True, True, False, True])
    assert accuracy_interval(correct, np.zeros(4), seed=0) == (0.75, 0.75)


def test_the_report_is_rounded_for_reading() -> None:
    values = report(LABELS, PROBS, np.arange(4), seed=0)
    assert set(values) == {
        "accuracy",
        "accuracy_low",
        "accuracy_high",
        "macro_f1",
        "log_loss",
    }
    assert values["macro_f1"] == 0.73333
    assert values["accuracy_low"] <= 0.75 <= values["accuracy_high"]


def test_the_gain_on_a_mean_of_several_by_hand() -> None:
    # On 60 of 400 images two of four are wrong where their vote is right.
    voted = np.r_[np.full(360, True), np.full(40, False)]
    others = np.tile(voted, (4, 1))
    others[:2, :60] = False
    low, high, p = mean_gain(voted, others, np.arange(400), seed=0)
    # The gain is .5 on 60 of 400: mean .075, variance .15 / 4 - .075 ** 2.
    half = 1.96 * np.sqrt((0.15 / 4 - 0.075**2) / 400)
    assert (low, high) == pytest.approx((0.075 - half, 0.075 + half), abs=0.003)
    assert p == 2 / 2001  # no draw is below zero
    assert mean_gain(~voted, ~others, np.arange(400), seed=0)[2] == p  # nor above
    assert mean_gain(voted, voted[None], np.arange(400), seed=0) == (0, 0, 1)
    even = np.arange(400) % 2 == 0
    assert mean_gain(even, ~even[None], np.arange(400), seed=0)[2] > 0.9


def test_copies_prove_no_gain_twice() -> None:
    voted, others = np.arange(40) < 6, np.zeros((2, 40), bool)
    alone = mean_gain(voted, others, np.arange(40), seed=0)
    copied = mean_gain(voted, others, np.r_[np.zeros(6), np.arange(1, 35)], seed=0)
    assert alone[0] > 0 == copied[0] and alone[2] < 0.05 < copied[2]


def test_the_distances_to_the_ends_add_up_as_squares() -> None:
    # .8 (.75 to .84) on one set, .7 (.67 to .75) on another: 3, 4 and 5 hundredths.
    estimate = difference((0.8, 0.75, 0.84), (0.7, 0.67, 0.75))
    assert estimate == pytest.approx((-0.1, -0.1 - 0.05, -0.1 + 0.05 * 2**0.5))


def test_the_gap_of_two_honest_estimates_holds_zero_19_times_of_20() -> None:
    """OOF's own interval holds the test's score less often, as the test set errs, too."""
    drawn = np.random.default_rng(0).binomial(250, 0.7, (2000, 2))
    pairs = [
        [(right / 250, *wilson(right, 250)) for right in pair]
        for pair in drawn.tolist()
    ]
    held = [
        low <= 0 <= high for _, low, high in (difference(*pair) for pair in pairs)
    ]
    inside = [oof[1] <= test[0] <= oof[2] for oof, test in pairs]
    assert 0.94 < np.mean(held) < 0.965 and np.mean(inside) < 0.87


def test_the_mean_of_numbers_has_the_interval_of_an_accuracy() -> None:
    right = np.arange(40) % 4 > 0
    estimate = mean_interval(right, np.arange(40), seed=5)
    assert estimate == (0.75, *accuracy_interval(right, np.arange(40), seed=5))
