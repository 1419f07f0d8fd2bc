"""Views of an image: under which flips and turns networks see it. No torch here."""

from collections.abc import Sequence

import numpy as np

from croquis.core.symmetries import NAMES, turn

# How val images are flipped to see what a member makes of it; drawings are often flipped copies.
FLIPS = ("flip_lr", "flip_ud")

_MARKED = np.arange(4).reshape(2, 2)  # no two symmetries of it are alike


def apply_view(images: np.ndarray, view: str) -> np.ndarray:
    """Square images under a symmetry, (B, S, S) or (B, S, S, 3) to the same shape."""
    if view == "identity":
        return images
    if images.ndim == 3:
        return np.ascontiguousarray(turn(images, view))
    return np.ascontiguousarray(
        np.moveaxis(turn(np.moveaxis(images, -1, 1), view), 1, -1)
    )


def compose(first: str, then: str) -> str:
    """The symmetry that does both: what view `then` shows of an image turned by `first`."""
    both = turn(turn(_MARKED, first), then)
    return next(name for name in NAMES if np.array_equal(turn(_MARKED, name), both))


def views_of_turned(turn: str, views: Sequence[str]) -> list[str]:
    """Which views of an image itself the `views` of the turned image are, in a fixed order."""
    return sorted(compose(turn, view) for view in views)
