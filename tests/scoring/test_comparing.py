"""Paired comparison of two experiments: counts by hand, and what must be refused."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from croquis.core.errors import InputError
from croquis.scoring.comparing import (
    ScoredExperiment,
    compare_predictions,
    least_called,
    score_predictions,
)
from croquis.scoring.metrics import accuracy_interval
from croquis.tables.predictions import Predictions


def experiment(
    right: list[int], first: int = 0, name: str = "a", **columns: object
) -> ScoredExperiment:
    """Images `first`, `first` + 1, ... with their rights, each a group of its own."""
    ids = [f"train/{number:04d}" for number in range(first, first + len(right))]
    rest = {
        "class_name": "cup",
        "unit": np.arange(first, first + len(right)),
        "sha256": ids,
    }
    table = pd.DataFrame(
        {"right": np.array(right, bool), **rest, **columns}, index=ids
    )
    return ScoredExperiment(name, table)


def test_images_are_counted_by_hand() -> None:
    a = experiment([1, 1, 1, 0, 0, 1])
    b = experiment([1, 0, 1, 1, 1, 1], name="b")
    comparison = compare_predictions(a, b, seed=0)
    assert (
        comparison.images,
        comparison.both,
        comparison.only,
        comparison.left_out,
    ) == (
        6,
        3,
        (1, 2),
        (0, 0),
    )
    assert comparison.estimates[0][0] == pytest.approx(4 / 6)
    assert comparison.estimates[1][0] == pytest.approx(5 / 6)
    assert comparison.difference[0] == pytest.approx(1 / 6) and comparison.p == 1.0
    assert (
        not comparison.significant and comparison.smallest is None
    )  # 3 images are too few


def test_a_clear_difference_is_called_and_its_sign_is_that_of_the_second() -> None:
    better = experiment([1] * 40 + [0] * 160)
    worse = experiment([0] * 40 + [1] * 20 + [0] * 140, name="b")
    comparison = compare_predictions(worse, better, seed=0)
    turned = compare_predictions(better, worse, seed=0)
    assert comparison.significant and turned.significant
    assert comparison.difference[0] == pytest.approx(0.1) == -turned.difference[0]
    assert comparison.p == pytest.approx(binomtest(20, 60).pvalue)
    assert comparison.difference[1] > 0 > turned.difference[2]


def test_what_is_not_called_is_below_the_smallest_that_would_be() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = (rng.random(80) < share for share in (0.5, rng.uniform(0.4, 0.7)))
        comparison = compare_predictions(
            experiment(a.tolist()), experiment(b.tolist()), seed=0
        )
        if not comparison.significant:
            assert abs(comparison.difference[0]) <= comparison.smallest


def test_only_images_scored_by_both_are_compared() -> None:
    """The folds of a run may be a part of them."""
    comparison = compare_predictions(
        experiment([1] * 8), experiment([1, 1, 0], first=6, name="b"), seed=0
    )
    assert (comparison.images, comparison.left_out, comparison.both) == (
        2,
        (6, 1),
        2,
    )


def test_the_interval_is_the_one_that_metrics_give() -> None:
    right = np.arange(60) % 3 > 0
    groups = np.arange(60)[::-1] // 2 * 5
    a = experiment(right.tolist(), unit=groups)
    comparison = compare_predictions(a, a, seed=3)
    assert comparison.estimates[0][1:] == accuracy_interval(right, groups, seed=3)
    assert comparison.difference == (0, 0, 0) and not comparison.significant


def test_what_either_takes_for_copies_is_drawn_together() -> None:
    """With one big group in either of the two there is nothing to draw from."""
    rights = [1] * 30 + [0] * 30
    a = experiment(rights)
    b = experiment(rights[::-1], name="b", unit=7)
    comparison = compare_predictions(a, b, seed=0)
    low, high = comparison.estimates[0][1:]
    assert low == high == 0.5
    assert not comparison.same_question


def test_the_same_groups_under_other_numbers_are_the_same_question() -> None:
    a = experiment([1, 0] * 30, unit=np.arange(60) // 2)
    b = experiment([1, 1] * 30, name="b", unit=99 - np.arange(60) // 2)
    comparison = compare_predictions(a, b, seed=0)
    assert comparison.same_question and comparison.groups == 30
    finer = experiment([1, 1] * 30, name="b")
    assert not compare_predictions(a, finer, seed=0).same_question
    assert compare_predictions(a, finer, seed=0).groups == 30


def test_a_few_big_groups_tell_nothing_apart_and_name_no_smallest_difference() -> (
    None
):
    """A difference of .5 at p 1e-15 could not be called as "the smallest" would be .2."""
    groups = np.arange(100) // 10
    a = experiment([0] * 100, unit=groups)
    b = experiment(([1] * 5 + [0] * 5) * 10, name="b", unit=groups)
    comparison = compare_predictions(a, b, seed=0)
    assert comparison.p < 1e-14 and comparison.groups == 10
    assert not comparison.significant and comparison.smallest is None
    alone = compare_predictions(
        experiment([0] * 100), experiment([1] * 50 + [0] * 50, name="b"), seed=0
    )
    assert alone.significant and alone.groups == 100 and alone.smallest is not None


def test_the_smallest_difference_is_at_least_the_reach_of_the_interval() -> None:
    """Ten of twenty groups of twenty copies are right; McNemar's test alone would call .08."""
    groups = np.arange(400) // 20
    a = experiment([0] * 400, unit=groups)
    b = experiment(([1] * 20 + [0] * 20) * 10, name="b", unit=groups)
    comparison = compare_predictions(a, b, seed=0)
    middle, low, high = comparison.difference
    assert comparison.smallest == max(middle - low, high - middle) > 0.15
    assert least_called(200, 400) < 0.1
    few = compare_predictions(
        experiment([0] * 380, unit=groups[:380]),
        experiment(
            ([1] * 20 + [0] * 20) * 9 + [1] * 20, name="b", unit=groups[:380]
        ),
        seed=0,
    )
    assert few.groups == 19 and few.smallest is None


def test_bad_pairs_are_refused() -> None:
    a = experiment([1, 0, 1])
    with pytest.raises(
        InputError,
        match=r"a, b: expected OOF of the same .*received 3 and 1 images",
    ):
        compare_predictions(a, experiment([1], first=9, name="b"), seed=0)
    with pytest.raises(
        InputError, match="received 3 of 3 with other labels, as train/0000; comp"
    ):
        compare_predictions(
            a, experiment([1, 0, 1], name="b", class_name="star"), seed=0
        )
    with pytest.raises(
        InputError, match="received 1 of 3 with other files, as train/0002"
    ):
        compare_predictions(
            a,
            experiment([1] * 3, name="b", sha256=["train/0000", "train/0001", ""]),
            seed=0,
        )


@pytest.mark.parametrize("differing", [6, 7, 40, 87, 450])
def test_the_smallest_difference_that_mcnemar_calls_is_that_of_scipy(
    differing: int,
) -> None:
    called = [
        differing - 2 * fewer
        for fewer in range(differing // 2 + 1)
        if binomtest(fewer, differing).pvalue < 0.05
    ]
    assert least_called(differing, 1000) == pytest.approx(min(called) / 1000)


@pytest.mark.parametrize("differing", [0, 1, 5])
def test_on_five_images_nothing_can_be_called(differing: int) -> None:
    assert least_called(differing, 1000) is None


def test_oof_is_right_or_wrong_by_the_labels_of_the_folds() -> None:
    folds = pd.DataFrame({"id": ["x", "y", "z"], "label": [0, 1, 1], "sha256": "s"})
    folds["group"], folds["unit"] = [0, 1, 2], [4, 4, 5]
    probs = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]])
    a = score_predictions(
        "a", Predictions(["z", "y", "x"], probs, ["cup", "star"]), folds
    )
    # z is a star and taken for one; y, a tie, goes to the lower class; x is a cup.
    assert a.images["right"].to_dict() == {"z": True, "y": False, "x": True}
    assert a.images["class_name"].tolist() == ["star", "star", "cup"]
    assert a.images["unit"].nunique() == 2
    with pytest.raises(
        InputError,
        match=r"a: expected images of folds.csv, received 1 others, as w; give the OOF",
    ):
        score_predictions(
            "a", Predictions(["w"], probs[:1], ["cup", "star"]), folds
        )
    with pytest.raises(
        InputError, match=r"a: expected labels below 1, its classes, received 1;"
    ):
        score_predictions("a", Predictions(["z"], [[1.0]], ["cup"]), folds)
