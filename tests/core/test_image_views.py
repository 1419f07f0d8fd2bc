"""Views of images, one after another, against the symmetries themselves."""

from typing import get_args

import numpy as np
import pytest

from croquis.core import symmetries
from croquis.core.image_views import FLIPS, apply_view, compose, views_of_turned
from croquis.recipes.view_params import View

IMAGE = np.random.default_rng(0).integers(0, 255, size=(5, 5), dtype=np.uint8)


def test_views_are_the_symmetries_of_the_square() -> None:
    assert get_args(View) == symmetries.NAMES and set(FLIPS) < set(symmetries.NAMES)


@pytest.mark.parametrize("first", symmetries.NAMES)
def test_one_symmetry_does_what_two_do_one_after_the_other(first: str) -> None:
    for then in symmetries.NAMES:
        both = symmetries.turn(symmetries.turn(IMAGE, first), then)
        one = symmetries.turn(IMAGE, compose(first, then))
        np.testing.assert_array_equal(one, both)


def test_what_views_of_a_flipped_image_show_by_hand() -> None:
    assert views_of_turned("identity", ["rot90", "identity"]) == [
        "identity",
        "rot90",
    ]
    assert views_of_turned("flip_ud", ["identity", "flip_lr"]) == [
        "flip_ud",
        "rot180",
    ]
    assert views_of_turned("flip_lr", ["identity", "flip_lr"]) == [
        "flip_lr",
        "identity",
    ]


@pytest.mark.parametrize("view", symmetries.NAMES)
def test_gray_and_colour_are_turned_alike(view: str) -> None:
    colour = np.stack([IMAGE, 255 - IMAGE, IMAGE // 2], axis=-1)[None]
    expected = symmetries.turn(IMAGE, view)
    np.testing.assert_array_equal(apply_view(IMAGE[None], view)[0], expected)
    seen = apply_view(colour, view)[0]
    np.testing.assert_array_equal(seen[..., 0], expected)
    np.testing.assert_array_equal(seen[..., 1], 255 - expected)
