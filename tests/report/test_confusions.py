"""Confused pairs and hard classes."""

import numpy as np
import pytest

from croquis.report.sections.confusions import (
    ConfusedPair,
    confused_pairs,
    hardest_classes,
)
from croquis.tables.predictions import Predictions

# Of class 0 one in four is right and three go to 1; of 1 both are right; of 2 one goes to each.
LABELS = np.array([0, 0, 0, 0, 1, 1, 2, 2])
GUESSES = [0, 1, 1, 1, 1, 1, 0, 1]


@pytest.fixture
def oof() -> Predictions:
    return Predictions(
        [str(row) for row in range(8)], np.eye(3)[GUESSES], list("abc")
    )


def test_pairs_come_by_number_then_by_share_then_by_label(oof: Predictions) -> None:
    assert confused_pairs(LABELS, oof) == [
        ConfusedPair(0, 1, 3, 4),
        ConfusedPair(2, 0, 1, 2),
        ConfusedPair(2, 1, 1, 2),
    ]


def test_without_mistakes_there_are_no_pairs(oof: Predictions) -> None:
    assert confused_pairs(np.array(GUESSES), oof) == []


def test_the_hardest_class_comes_first_with_wilsons_interval(
    oof: Predictions,
) -> None:
    worst, quarter, best = hardest_classes(LABELS, oof)
    assert (worst.label, worst.right, worst.images) == (2, 0, 2)
    # None of n is right: 0 .. z^2 / (n + z^2), z = 1.95996
    assert (worst.low, worst.high) == pytest.approx((0, 3.8415 / 5.8415), abs=1e-4)
    assert (quarter.label, best.label) == (0, 1)


def test_a_class_without_an_image_is_not_hard(oof: Predictions) -> None:
    assert [one.label for one in hardest_classes(np.zeros(8, int), oof)] == [0]


def test_of_equally_many_mistakes_the_larger_share_comes_first() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1])
    oof = Predictions(list("abcdef"), np.eye(3)[[0, 0, 0, 2, 1, 2]], list("xyz"))
    pairs = confused_pairs(labels, oof)
    assert [(pair.label, pair.images) for pair in pairs] == [(1, 2), (0, 4)]


def test_of_classes_equally_hard_the_one_with_more_images_comes_first() -> None:
    labels = np.array([0, 0, 1, 1, 1, 1])  # half of each is right
    oof = Predictions(list("abcdef"), np.eye(2)[[0, 1, 1, 1, 0, 0]], list("xy"))
    assert [hard.label for hard in hardest_classes(labels, oof)] == [1, 0]
