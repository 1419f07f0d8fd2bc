"""What plain folds claim, only where a copy would cross them, and with its interval."""

import numpy as np
import pandas as pd
import pytest

from croquis.tables.predictions import Predictions
from croquis.vote.plain_accuracy import crossing, plain_scores

IDS = [f"p{number:03d}" for number in range(80)]


def folds(**columns: object) -> pd.DataFrame:
    """40 pairs of copies, each with one of the two in either plain fold; all of class 0."""
    table = pd.DataFrame(
        {"id": IDS, "label": 0, "group": np.arange(80) // 2, "keep": True}
    )
    table = table.assign(
        plain_fold=np.arange(80) % 2, fold=np.arange(80) // 2 % 2, scored=True
    )
    return table.assign(unit=table["group"]).assign(**columns)


def part(right: np.ndarray, ids: list[str] = IDS) -> Predictions:
    return Predictions(ids, np.eye(2)[1 - right.astype(int)], ["x", "y"])


HALF, ALL = (
    np.arange(80) % 4 < 2,
    np.ones(80, bool),
)  # every second pair is right; all are


def test_where_no_copy_would_cross_there_is_no_claim() -> None:
    alone = folds(group=range(80), unit=range(80))
    assert plain_scores(part(HALF), part(ALL), alone, seed=0) == {}
    together = folds(plain_fold=np.arange(80) // 2 % 2)
    assert plain_scores(part(HALF), part(ALL), together, seed=0) == {}


def test_only_what_is_kept_and_in_another_plain_fold_crosses() -> None:
    assert crossing(folds(), np.array(IDS)) == 80
    dropped = folds(keep=np.arange(80) % 2 == 0)  # the copy does not train
    assert crossing(dropped, np.array(IDS[::2])) == 0
    assert crossing(folds(), np.array(IDS[:10])) == 10


def test_a_domain_crosses_as_a_copy_does() -> None:
    alone = folds(group=range(80))
    assert crossing(alone, np.array(IDS)) == 80


def test_a_claim_far_above_is_significant() -> None:
    scores = plain_scores(part(HALF), part(ALL), folds(), seed=0)
    assert scores["plain_accuracy"] == 1.0 and scores["plain_difference"] == 0.5
    # a share of 1/2 of 40 groups: 1.96 * sqrt(.25 / 40) = .155
    assert scores["plain_difference_low"] == pytest.approx(0.345, abs=0.03)
    assert scores["plain_difference_high"] == pytest.approx(0.655, abs=0.03)
    assert scores["plain_significant"] is True


def test_a_difference_within_chance_is_not_significant() -> None:
    one_more = HALF | (np.arange(80) // 2 == 1)
    scores = plain_scores(part(HALF), part(one_more), folds(), seed=0)
    assert (
        scores["plain_difference"] == 0.025
        and scores["plain_difference_low"] == 0.0
    )
    assert scores["plain_significant"] is False


def test_a_handful_of_groups_shows_nothing() -> None:
    few = folds(group=np.arange(80) // 8, unit=np.arange(80) // 8)
    assert (
        plain_scores(part(HALF), part(ALL), few, seed=0)["plain_significant"]
        is False
    )


def test_twenty_groups_are_enough() -> None:
    twenty = folds(group=np.arange(80) // 4, unit=np.arange(80) // 4)
    # In each group two of four are right, and all of four: every draw differs by a half.
    scores = plain_scores(part(HALF), part(ALL), twenty, seed=0)
    assert (
        scores["plain_difference_low"] == 0.5
        and scores["plain_significant"] is True
    )


def test_folds_that_did_not_run_leave_other_images_on_each_side() -> None:
    # out of fold the first 40, plain the last 60: 20 right of 40, 30 of 60
    scores = plain_scores(
        part(HALF[:40], IDS[:40]), part(HALF[20:], IDS[20:]), folds(), seed=0
    )
    assert scores["plain_accuracy"] == 0.5 and scores["plain_difference"] == 0.0
    assert scores["plain_difference_low"] < 0 < scores["plain_difference_high"]
