"""The eight symmetries of a sheet, flips and quarter turns, and what stays equal under them."""

import hashlib
from collections.abc import Callable

import numpy as np

# Each works on the last two axes, so on one image or on a stack of gray ones.
_TURNS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda a: a,
    "rot90": lambda a: np.rot90(a, 1, axes=(-2, -1)),  # counter-clockwise
    "rot180": lambda a: a[..., ::-1, ::-1],
    "rot270": lambda a: np.rot90(a, 3, axes=(-2, -1)),
    "flip_lr": lambda a: a[..., ::-1],
    "flip_ud": lambda a: a[..., ::-1, :],
    "transpose": lambda a: a.swapaxes(-2, -1),
    "antitranspose": lambda a: a[..., ::-1, ::-1].swapaxes(-2, -1),
}

NAMES = tuple(_TURNS)

INVERSE = {name: name for name in NAMES} | {"rot90": "rot270", "rot270": "rot90"}


def turn(array: np.ndarray, name: str) -> np.ndarray:
    """A view of `array` under one symmetry, (..., H, W) to (..., H, W) or (..., W, H).

    Raises:
        KeyError: if `name` is not one of `NAMES`.
    """
    return _TURNS[name](array)


def symmetric_digest(gray: np.ndarray) -> str:
    """32 hex digits that all eight turns of a (H, W) uint8 image share, and no other image has.

    The smallest hash among the turns whose row and column sums come first: sums are cheap, and turn
    with the image, so seldom more than one turn has to be hashed.
    """
    keys = {
        name: (len(rows), rows.tobytes(), columns.tobytes())
        for name, (rows, columns) in _sums_of_turns(gray).items()
    }
    least = min(keys.values())
    return min(_digest(turn(gray, name)) for name in NAMES if keys[name] == least)


def _sums_of_turns(gray: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The sums of the rows and of the columns of each turn."""
    rows = gray.sum(axis=1, dtype=np.uint32)
    columns = gray.sum(axis=0, dtype=np.uint32)
    up = rows[::-1]
    left = columns[::-1]
    return {
        "identity": (rows, columns),
        "rot90": (left, rows),
        "rot180": (up, left),
        "rot270": (columns, up),
        "flip_lr": (rows, left),
        "flip_ud": (up, columns),
        "transpose": (columns, rows),
        "antitranspose": (left, up),
    }


def _digest(gray: np.ndarray) -> str:
    # The shape too: 1x4 and 2x2 pixels have equal bytes.
    state = hashlib.blake2b(repr(gray.shape).encode(), digest_size=16)
    state.update(np.ascontiguousarray(gray).data)
    return state.hexdigest()
