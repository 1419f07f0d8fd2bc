"""The eight symmetries of a sheet, flips and quarter turns, and what stays equal under them."""

import hashlib
from collections.abc import Callable

import numpy as np

# Each works on the last two axes, so on one picture or on a stack of gray ones.
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


def turned(array: np.ndarray, name: str) -> np.ndarray:
    """A view of `array` under one symmetry, (..., H, W) to (..., H, W) or (..., W, H).

    Raises:
        KeyError: if `name` is not one of `NAMES`.
    """
    return _TURNS[name](array)


def digest(gray: np.ndarray) -> str:
    """32 hex digits that all eight turns of a (H, W) uint8 picture share, and no other picture has.

    The smallest of the eight hashes; the shape is hashed too: 1x4 and 2x2 pixels have equal bytes.
    """
    return min(_hashed(turned(gray, name)) for name in NAMES)


def _hashed(gray: np.ndarray) -> str:
    state = hashlib.blake2b(repr(gray.shape).encode(), digest_size=16)
    state.update(np.ascontiguousarray(gray))
    return state.hexdigest()
