"""Copies by bytes and pixels."""

import numpy as np
import pytest

from croquis.dedup.exact import same_value, with_symmetry
from croquis.dedup.search import pair_table
from croquis.symmetries import NAMES, turned


def test_all_pairs_of_a_value_are_found_in_order() -> None:
    pairs = same_value(np.array(["x", "y", "x", "z", "y", "x"]))
    assert pairs[["a", "b"]].to_numpy().tolist() == [[0, 2], [0, 5], [1, 4], [2, 5]]
    assert (pairs["score"] == 1).all()


def test_pairs_of_later_positions_alone_are_left_out() -> None:
    pairs = same_value(np.array(["x", "y", "x", "x", "y", "y"]), firsts=2)
    assert pairs[["a", "b"]].to_numpy().tolist() == [[0, 2], [0, 3], [1, 4], [1, 5]]


def test_no_copies_is_an_empty_table() -> None:
    assert same_value(np.array(["x", "y"])).empty


@pytest.mark.parametrize("name", NAMES)
def test_the_symmetry_of_a_turned_copy_is_named(name: str) -> None:
    gray = np.random.default_rng(0).integers(0, 200, (3, 8, 8), dtype=np.uint8)
    # a is b turned, give or take what resizing does
    gray[2] = turned(gray[0], name) + np.eye(8, dtype=np.uint8)
    pairs = with_symmetry(pair_table([0], [1]), gray, np.array([2, 0]))
    assert pairs["symmetry"].tolist() == [NAMES.index(name)]


def test_a_symmetric_picture_matches_as_it_stands() -> None:
    gray = np.zeros((2, 4, 4), np.uint8)
    assert with_symmetry(pair_table([0], [1]), gray, np.arange(2))["symmetry"].tolist() == [0]
