"""The section on copies."""

from pathlib import Path

import pandas as pd
import pytest

from croquis.report.page_data import ImageData
from croquis.report.sections.copies import (
    biggest_groups,
    cut_across,
    in_groups,
    leaking,
    narrowest_pairs,
)
from croquis.report.thumbnails import Thumbnails
from support.leftovers import TRAIN, data_of, leave


@pytest.fixture
def data(drawn: Path) -> ImageData:
    leave(drawn)
    return data_of(drawn)


@pytest.fixture
def thumbnails(data: ImageData) -> Thumbnails:
    return Thumbnails(data.pixels, data.index)


def test_groups_come_by_size_and_single_images_not_at_all(
    data: ImageData, thumbnails: Thumbnails
) -> None:
    first, second = biggest_groups(data.groups, thumbnails)
    assert [image.id for image in first.images] == [
        "train/pole/1.png",
        "train/pole/4.png",
        "train/spot/5.png",
    ]
    assert first.conflict and first.class_names == "pole, spot"
    assert (second.size, second.more, second.conflict) == (2, 0, False)


def test_of_a_big_group_the_first_are_shown(
    data: ImageData, thumbnails: Thumbnails
) -> None:
    (group,) = biggest_groups(data.groups.assign(group=0), thumbnails)
    assert (group.size, len(group.images), group.more) == (12, 8, 4)


def test_a_group_shows_its_weakest_pair_the_weakest_first(
    data: ImageData, thumbnails: Thumbnails
) -> None:
    pairs = narrowest_pairs(data.duplicates, data.groups, thumbnails)
    assert [(pair.tier, pair.score) for pair in pairs] == [
        ("cosine", 0.95),
        ("bytes", 1.0),
    ]
    assert not pairs[0].same_class and pairs[0].second.class_name == "spot"


def test_a_pair_that_was_cut_did_not_pass(
    data: ImageData, thumbnails: Thumbnails
) -> None:
    cut = data.duplicates.assign(grouped=[True, True, False])
    pairs = narrowest_pairs(cut, data.groups, thumbnails)
    assert [(pair.tier, pair.score) for pair in pairs] == [
        ("ssim", 0.96),
        ("bytes", 1.0),
    ]


def test_cut_pairs_are_counted_where_one_is_scored_by_a_model_of_the_other(
    data: ImageData,
) -> None:
    cut = data.duplicates.assign(
        grouped=[True, False, False]
    )  # rows 1 and 4, 4 and 5
    folds = data.folds.assign(
        fold=[0, 0, 0, 0, 1, 1, *[0] * 6], scored=True, keep=True
    )
    assert cut_across(cut, folds) == 1
    assert (
        cut_across(cut, folds.assign(keep=folds["id"] != TRAIN[1])) == 1
    )  # still scored
    derived = folds["id"] != TRAIN[1]
    assert cut_across(cut, folds.assign(scored=derived, keep=derived)) == 0
    assert cut_across(data.duplicates, folds) == cut_across(cut[:0], folds) == 0


def test_no_copies_give_no_groups_and_no_pairs(
    data: ImageData, thumbnails: Thumbnails
) -> None:
    alone = data.groups.assign(group=range(12))
    assert biggest_groups(alone, thumbnails) == [] and in_groups(alone) == (0, 0)
    assert narrowest_pairs(data.duplicates[:0], alone, thumbnails) == []


def test_images_in_groups_are_counted(data: ImageData) -> None:
    assert in_groups(data.groups) == (5, 2)


def test_only_scored_images_with_a_kept_copy_in_another_fold_leak() -> None:
    columns = {"group": [0, 0, 1, 1, 2, 2], "fold": [0, 0, 0, 1, 0, 1]}
    folds = pd.DataFrame(
        columns | {"keep": [True] * 5 + [False], "scored": [True] * 5 + [False]}
    )
    assert leaking(folds) == 2
    assert leaking(folds.assign(fold=0)) == 0


def test_a_cut_pair_counts_whichever_of_its_images_is_scored(
    data: ImageData,
) -> None:
    cut = data.duplicates.assign(grouped=[True, False, True])  # rows 1 and 4
    folds = data.folds.assign(fold=[0, 0, 0, 0, 1, 1, *[0] * 6], keep=True)
    for row in (1, 4):
        assert cut_across(cut, folds.assign(scored=folds["id"] == TRAIN[row])) == 1


def test_of_many_pairs_the_lowest_scores_are_kept(
    data: ImageData, thumbnails: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("croquis.report.sections.copies.MAX_NARROW", 1)
    (pair,) = narrowest_pairs(data.duplicates, data.groups, thumbnails)
    assert pair.score == 0.95
