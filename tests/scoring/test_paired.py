"""Paired tests by hand, against SciPy, and on simulated predictors whose truth is known."""

import numpy as np
import pytest
from scipy.stats import binomtest

from croquis.scoring.paired import difference_intervals, is_significant, mcnemar


def difference_interval(
    a: np.ndarray, b: np.ndarray, groups: np.ndarray, *, seed: int
) -> tuple[float, float]:
    (interval,) = difference_intervals(a, b[None], groups, seed=seed)
    return interval


def rights(
    only_a: int, only_b: int, both: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    a = np.array([True] * only_a + [False] * only_b + [True] * both)
    b = np.array([False] * only_a + [True] * only_b + [True] * both)
    return a, b


def test_five_against_none_by_hand() -> None:
    assert mcnemar(*rights(0, 5)) == pytest.approx(
        2 / 2**5
    )  # all heads or all tails
    assert mcnemar(*rights(1, 3)) == pytest.approx(2 * (1 + 4) / 2**4)


@pytest.mark.parametrize(
    ("only_a", "only_b"), [(3, 11), (40, 61), (7, 7), (0, 1), (300, 200)]
)
def test_p_is_the_exact_binomial_one(only_a: int, only_b: int) -> None:
    expected = binomtest(only_a, only_a + only_b).pvalue
    assert mcnemar(*rights(only_a, only_b)) == pytest.approx(expected)
    assert mcnemar(*rights(only_b, only_a)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("p", "interval", "groups", "significant"),
    [
        (0.049, (0.01, 0.2), 20, True),
        (0.049, (-0.2, -0.01), 20, True),
        (0.05, (0.01, 0.2), 20, False),  # the test is at 5 %
        (0.049, (-0.01, 0.2), 20, False),  # no difference is within the interval
        (0.049, (0.0, 0.2), 20, False),  # or on its border
        (0.049, (-0.2, 0.0), 20, False),
        (
            0.049,
            (0.01, 0.2),
            19,
            False,
        ),  # redraws of so few groups are too much alike
    ],
)
def test_a_difference_is_significant_by_the_test_and_by_the_interval_of_enough_groups(
    p: float, interval: tuple[float, float], groups: int, significant: bool
) -> None:
    assert is_significant(p, interval, np.arange(40) % groups) == significant


def test_images_on_which_both_agree_say_nothing() -> None:
    assert mcnemar(*rights(2, 9, both=0)) == mcnemar(*rights(2, 9, both=1000))
    assert mcnemar(*rights(0, 0)) == 1.0


def test_the_interval_of_a_difference_is_the_paired_one() -> None:
    a, b = rights(100, 140, both=760)
    low, high = difference_interval(a, b, np.arange(1000), seed=0)
    # Variance of the mean of 100 times -1, 140 times 1, 760 times 0.
    half = 1.96 * np.sqrt((0.24 - 0.04**2) / 1000)
    assert (low, high) == pytest.approx((0.04 - half, 0.04 + half), abs=0.004)


def test_copies_widen_the_interval() -> None:
    a, b = rights(100, 140, both=760)
    low, high = difference_interval(a, b, np.arange(1000), seed=0)
    doubled = [np.repeat(part, 4) for part in (a, b, np.arange(1000))]
    wide = difference_interval(*doubled, seed=0)
    assert wide == pytest.approx(
        (low, high), abs=0.004
    )  # copies are no new evidence
    narrow = difference_interval(doubled[0], doubled[1], np.arange(4000), seed=0)
    assert narrow[1] - narrow[0] < 0.6 * (high - low)


def test_a_predictor_does_not_differ_from_itself() -> None:
    a, _ = rights(3, 4)
    assert difference_interval(a, a, np.arange(len(a)), seed=1) == (0.0, 0.0)


def test_several_differences_are_those_of_each_alone() -> None:
    rights = np.random.default_rng(0).random((3, 90)) < 0.7
    groups = np.arange(90) // 3
    one = [0, 0, 1]
    other = [1, 2, 2]
    each = [
        difference_interval(rights[a], rights[b], groups, seed=2)
        for a, b in zip(one, other, strict=True)
    ]
    assert difference_intervals(rights[one], rights[other], groups, seed=2) == each
    assert (
        difference_intervals(rights[0], rights[other], groups, seed=2)[:2]
        == each[:2]
    )
