"""Copies that need no measure: the same bytes, or the same pixels under the symmetries."""

import numpy as np
import pandas as pd

from croquis.dedup.search import pair_table
from croquis.symmetries import NAMES, turned


def same_value(values: np.ndarray, firsts: int | None = None) -> pd.DataFrame:
    """All pairs of positions with equal values, (N,) to `search.pair_table`.

    Args:
        values: whatever can be compared.
        firsts: only pairs with one of the first so many positions.
    """
    places = pd.Series(np.arange(len(values))).groupby(np.asarray(values)).apply(list)
    count = len(values) if firsts is None else firsts
    pairs = [
        (one, other)
        for same in places
        for number, one in enumerate(same, start=1)
        if one < count
        for other in same[number:]
    ]
    pairs = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return pair_table(pairs[:, 0], pairs[:, 1])


def with_symmetry(pairs: pd.DataFrame, gray: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
    """Pairs of turned copies with the symmetry that fits best; the first of equals.

    Args:
        pairs: positions in `rows`.
        gray: (N, S, S) uint8; resizing may not commute with turns, so the fit is a nearest one.
        rows: (R,) the row of `gray` at each position.
    """
    fits = [
        _best_symmetry(gray[rows[a]], gray[rows[b]])
        for a, b in zip(pairs["a"], pairs["b"], strict=True)
    ]
    return pairs.assign(symmetry=np.array(fits, np.int64))


def _best_symmetry(x: np.ndarray, y: np.ndarray) -> int:
    x, y = x.astype(np.int32), y.astype(np.int32)
    return int(np.argmin([np.abs(x - turned(y, name)).sum() for name in NAMES]))
