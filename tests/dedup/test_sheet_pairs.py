"""Pairs of sheets as pairs of images."""

import numpy as np
import pandas as pd

from croquis.core.symmetries import NAMES
from croquis.dedup.families import Kin
from croquis.dedup.measures.search import pair_table
from croquis.dedup.sheet_pairs import as_images


def ends(table: pd.DataFrame) -> list[list[int]]:
    return table[["a", "b"]].to_numpy().tolist()


def originals(count: int) -> Kin:
    return Kin(np.arange(count), np.zeros(count, bool))


def test_the_first_image_stands_for_a_sheet() -> None:
    sheet = np.array([0, 1, 0, 1])
    assert ends(as_images(pair_table([0], [1]), sheet, None, originals(4))) == [
        [0, 1]
    ]


def test_inside_classes_each_class_has_its_own_first_and_the_turn_may_be_the_other_way() -> (
    None
):
    sheet, label = np.array([0, 1, 1, 0]), np.array([0, 0, 1, 1])
    turn = NAMES.index("rot90")
    table = as_images(
        pair_table([0], [1], symmetry=turn), sheet, label, originals(4)
    )
    assert ends(table) == [[0, 1], [2, 3]]
    assert table["symmetry"].tolist() == [turn, NAMES.index("rot270")]


def test_a_derived_image_is_paired_with_its_family_and_with_strange_originals() -> (
    None
):
    # 0 and 1 are originals; 2 derives from 0 and 3 from 1; sheets 0, 1, and 2 of both derived ones
    kin = Kin(np.array([0, 1, 0, 1]), np.array([False, False, True, True]))
    sheet = np.array([0, 1, 2, 2])
    assert ends(as_images(pair_table([0], [2]), sheet, None, kin)) == [
        [0, 2],
        [0, 3],
    ]
    assert as_images(pair_table(), sheet, None, kin).empty


def test_two_derived_images_of_two_sources_are_no_pair() -> None:
    kin = Kin(np.array([0, 1, 0, 1]), np.array([False, False, True, True]))
    assert as_images(pair_table([2], [3]), np.arange(4), None, kin).empty
