"""The chart of scores."""

import numpy as np
import pytest

from croquis.report.sections.score_chart import (
    ScoreLine,
    axis_ends,
    by_copies,
    leak,
    score_lines,
)
from croquis.tables.predictions import Predictions
from support.leftovers import TEST, metrics


def test_lines_are_members_ensemble_and_test() -> None:
    scores = metrics()
    lines = score_lines(scores["vote"], scores["ensemble"], scores["submission"])
    assert lines == [
        ScoreLine("head", 0.481, 0.456, 0.505, 0.582),
        ScoreLine("tiny", 0.75, 0.7, 0.8),
        ScoreLine("ensemble", 0.75, 0.7, 0.8),
        ScoreLine("test, single folds", 0.712),
        ScoreLine("test, fold vote", 0.731),
    ]


def test_no_test_line_without_a_solution_and_one_with_a_single_fold() -> None:
    scores = metrics()
    assert len(score_lines(scores["vote"], scores["ensemble"], {"rows": 3})) == 3
    single = scores["ensemble"] | {"folds": 1}
    assert [line.name for line in score_lines({}, single, TEST)] == [
        "ensemble",
        "test, single folds",
    ]


@pytest.mark.parametrize(
    ("numbers", "ends"),
    [
        ((0.456, 0.8), (0.45, 0.8)),
        ((0.01, 0.99), (0, 1)),
        ((0.7, 0.7), (0.65, 0.75)),
        ((1, 1), (0.95, 1)),
        ((0, 0), (0, 0.05)),
    ],
)
def test_the_axis_ends_at_steps_around_all_numbers(
    numbers: tuple[float, float], ends: tuple[float, float]
) -> None:
    assert axis_ends(
        [ScoreLine("a", numbers[0]), ScoreLine("b", numbers[1])]
    ) == pytest.approx(ends)


def test_the_leak_is_what_plain_folds_claim_beyond_grouped_ones() -> None:
    assert leak({"accuracy": 0.481, "plain_accuracy": 0.582}) == "+.101"
    assert leak({"accuracy": 0.481}) == ""
    ends = {"plain_difference_low": -0.02, "plain_difference_high": 0.222}
    assert (
        leak({"accuracy": 0.481, "plain_accuracy": 0.582} | ends)
        == "+.101 (-.020 .. +.222)"
    )


def test_images_with_a_copy_and_without_are_scored_apart() -> None:
    oof = Predictions(list("abcde"), np.eye(2)[[0, 1, 0, 0, 0]], ["cat", "dog"])
    copied, single = by_copies(
        np.zeros(5, int),
        oof,
        np.array([7, 7, 1, 2, 3]),
        np.array([7, 7, 1, 2, 3]),
        seed=0,
    )
    assert (copied.name, copied.value) == ("with a copy (2)", 0.5)
    assert (copied.low, copied.high) == (
        0.5,
        0.5,
    )  # of one group nothing can be drawn
    assert (single.name, single.value, single.high) == (
        "without a copy (3)",
        1,
        1,
    )
    alone, apart = np.arange(5), np.array([0, 0, 0, 1, 1])
    (line,) = by_copies(np.zeros(5, int), oof, alone, apart, seed=0)
    assert line.name == "without a copy (5)"
    assert (line.low, line.high) == (2 / 3, 1)  # the two domains' own accuracies
