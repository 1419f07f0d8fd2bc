"""Copies by bytes and pixels."""

import numpy as np
import pytest

from croquis.core.symmetries import NAMES, turn
from croquis.dedup.measures import exact
from croquis.dedup.measures.exact import (
    best_symmetry,
    pixel_keys,
    sheet_numbers,
    spanning_pairs,
)


def test_equal_values_are_joined_to_their_first() -> None:
    pairs, key = spanning_pairs([np.array([0, 1, 0, 2, 1, 0])])
    assert pairs[["a", "b"]].to_numpy().tolist() == [[0, 2], [0, 5], [1, 4]]
    assert (pairs["score"] == 1).all() and key.tolist() == [0, 0, 0]


def test_a_weaker_key_joins_only_what_a_stronger_one_left_apart() -> None:
    # 0 = 1 and 2 = 3 by bytes, all four by pixels
    pairs, key = spanning_pairs([np.array([0, 0, 1, 1]), np.zeros(4, int)])
    assert pairs[["a", "b"]].to_numpy().tolist() == [[0, 1], [0, 2], [2, 3]]
    assert key.tolist() == [0, 1, 0]


def test_a_key_below_zero_is_equal_to_nothing() -> None:
    assert spanning_pairs([np.array([-1, -1, 0])])[0].empty


def test_no_copies_is_an_empty_table() -> None:
    assert spanning_pairs([np.arange(2)])[0].empty


def test_equal_sheets_have_one_number() -> None:
    gray = np.zeros((3, 8, 8), np.uint8)
    gray[1, 0, 0] = 1
    assert sheet_numbers(gray, np.array([1, 0, 2, 1])).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("name", NAMES)
def test_the_symmetry_of_a_turned_copy_is_named(name: str) -> None:
    x = np.random.default_rng(0).integers(0, 200, (8, 8), dtype=np.uint8)
    # the one is the other turned, give or take what resizing does
    assert best_symmetry(
        turn(x, name) + np.eye(8, dtype=np.uint8), x
    ) == NAMES.index(name)


def test_a_symmetric_image_matches_as_it_stands_and_no_turn_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []
    monkeypatch.setattr(
        exact, "turn", lambda y, name: tried.append(name) or turn(y, name)
    )
    assert (
        best_symmetry(np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8)) == 0
    )
    assert tried == ["identity"]


def test_without_symmetries_what_needs_a_turn_has_another_key() -> None:
    x = np.random.default_rng(0).integers(0, 200, (8, 8), dtype=np.uint8)
    gray, rows = np.stack([x, turn(x, "rot90"), x]), np.arange(3)
    digests, sheet = np.array(["d", "d", "d"]), np.array([0, 1, 0])
    assert pixel_keys(digests, sheet, gray, rows, symmetries=True).tolist() == [
        0,
        0,
        0,
    ]
    keys = pixel_keys(digests, sheet, gray, rows, symmetries=False)
    assert keys[0] == keys[2] != keys[1]
