"""Copies by their ink: the cosine of mean-removed darkness at 64 px, under the symmetries.

Raw pixels would not do: paper is white, white is a large number, and two sheets of it are alike
whatever is drawn on them. Inverted and with its mean removed, empty paper says nothing.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from croquis.dedup.search import alike, candidates, cell_order
from croquis.progress import progress

SIDE = 64  # pixels
GRID = 8  # cells a side of the bound: 128 numbers a picture instead of 4,096
FLAT_SD = 1.0  # gray levels; paper with less contrast has noise for ink
BATCH = 64  # pictures resized at once
CHUNK = 2048  # pairs judged at once: 64 MB


def ink_vectors(gray: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, int]:
    """Mean-removed ink of unit length, (R, 64 * 64) float32, and how many pictures are flat.

    Flat pictures get zeros, which are like nothing.

    Args:
        gray: (N, S, S) uint8; S at least 64.
        rows: (R,) which pictures, in which order.
    """
    ink = np.empty((len(rows), SIDE * SIDE), np.float32)
    flat = 0
    for start in progress(range(0, len(rows), BATCH), "dedup: ink", unit="batch"):
        part = _resized(255 - gray[rows[start : start + BATCH]])
        part -= part.mean(axis=1, keepdims=True)
        empty = part.std(axis=1) < FLAT_SD
        part[empty] = 0
        length = np.linalg.norm(part, axis=1, keepdims=True)
        ink[start : start + BATCH] = part / np.where(length > 0, length, 1)
        flat += int(empty.sum())
    return ink, flat


def _resized(gray: np.ndarray) -> np.ndarray:
    """Area means, (B, S, S) to (B, 64 * 64) float64.

    Each pixel is repeated until cells and pixels have common borders. Sums of integers are not
    rounded, so turning a picture and resizing it commute.
    """
    size, common = gray.shape[-1], math.gcd(gray.shape[-1], SIDE)
    sums = gray.astype(np.int64)
    for axis in (1, 2):
        repeated = np.moveaxis(sums.repeat(SIDE // common, axis), axis, 0)
        cells = repeated.reshape(SIDE, size // common, *repeated.shape[1:]).sum(axis=1)
        sums = np.moveaxis(cells, 0, axis)
    return sums.reshape(len(gray), -1) / (size // common) ** 2


def ink_bounds(ink: np.ndarray, side: int = SIDE, grid: int = GRID) -> np.ndarray:
    """Vectors whose inner products bound those of `ink`, (N, side * side) to (N, grid * grid * 2).

    A cell of k pixels keeps its sum / sqrt(k), the part along the constant vector, and the length
    of the rest; by Cauchy-Schwarz two rests add at most the product of their lengths.
    """
    step = side // grid
    cells = ink.reshape(-1, grid, step, grid, step)
    along = cells.sum(axis=(2, 4)) / step
    rest = np.sqrt(np.maximum((cells**2).sum(axis=(2, 4)) - along**2, 0))
    return np.stack([along, rest], axis=-1).reshape(len(ink), -1)


def ink_pairs(
    ink: np.ndarray, *, names: Sequence[str], at_least: float, known: pd.DataFrame
) -> pd.DataFrame:
    """All pairs with cosine >= `at_least`, as `search.pair_table` describes them.

    Args:
        ink: (N, 64 * 64) of `ink_vectors`.
        names: the symmetries to look under.
        at_least: the smallest cosine of a pair, above 0.
        known: pairs that need no judge.
    """

    def judge(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        order = cell_order(name, side=SIDE, depth=1)
        starts = range(0, len(a), CHUNK)
        return np.concatenate(
            [_cosines(ink[a[i : i + CHUNK]], ink[b[i : i + CHUNK]][:, order]) for i in starts]
        )

    bounds, desc = ink_bounds(ink), "dedup: cosine over everything"
    found = candidates(bounds, side=GRID, names=names, at_least=at_least, desc=desc)
    return alike(found, judge, at_least=at_least, known=known)


def _cosines(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    # Summed in float64 row by row, so that no thread count or block size changes a digit; rounded,
    # so that a picture and itself have exactly 1.
    return np.round((x * y).sum(axis=1, dtype=np.float64), 6)
