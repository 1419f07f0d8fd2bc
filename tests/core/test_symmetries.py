"""The eight symmetries: each is what its name says, and the digest is blind to all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from croquis.core.symmetries import INVERSE, NAMES, symmetric_digest, turn

GRAY = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=6))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("identity", [[1, 2], [3, 4]]),
        ("rot90", [[2, 4], [1, 3]]),
        ("rot180", [[4, 3], [2, 1]]),
        ("rot270", [[3, 1], [4, 2]]),
        ("flip_lr", [[2, 1], [4, 3]]),
        ("flip_ud", [[3, 4], [1, 2]]),
        ("transpose", [[1, 3], [2, 4]]),
        ("antitranspose", [[4, 2], [3, 1]]),
    ],
)
def test_each_symmetry_moves_the_four_corners_as_named(
    name: str, expected: list
) -> None:
    np.testing.assert_array_equal(turn(np.array([[1, 2], [3, 4]]), name), expected)


def test_there_are_eight_names_and_identity_comes_first() -> None:
    assert len(set(NAMES)) == 8 and NAMES[0] == "identity"


@given(GRAY, st.sampled_from(NAMES))
def test_the_inverse_undoes_a_symmetry(gray: np.ndarray, name: str) -> None:
    np.testing.assert_array_equal(turn(turn(gray, name), INVERSE[name]), gray)


@given(arrays(np.uint8, (3, 4, 5)), st.sampled_from(NAMES))
def test_a_stack_is_turned_image_by_image(stack: np.ndarray, name: str) -> None:
    one_by_one = np.stack([turn(gray, name) for gray in stack])
    np.testing.assert_array_equal(turn(stack, name), one_by_one)


@given(GRAY, st.sampled_from(NAMES))
def test_the_digest_is_the_same_for_all_eight_turns(
    gray: np.ndarray, name: str
) -> None:
    assert symmetric_digest(turn(gray, name)) == symmetric_digest(gray)


def test_the_digest_tells_one_gray_level_apart() -> None:
    gray = np.full((3, 3), 255, np.uint8)
    darker = gray.copy()
    darker[0, 0] = 254
    assert symmetric_digest(gray) != symmetric_digest(darker)


def test_the_digest_knows_the_shape() -> None:
    assert symmetric_digest(np.zeros((2, 2), np.uint8)) != symmetric_digest(
        np.zeros((1, 4), np.uint8)
    )


def test_an_unknown_symmetry_is_refused() -> None:
    with pytest.raises(KeyError):
        turn(np.zeros((2, 2)), "rot45")
