"""Copies that need no measure: the same bytes, or the same pixels under the symmetries."""

from itertools import combinations

import numpy as np
import pandas as pd

from croquis.dedup.search import pair_table
from croquis.symmetries import NAMES, turned


def same_value(values: np.ndarray) -> pd.DataFrame:
    """All pairs of positions with equal values, (N,) to `search.pair_table`."""
    places = pd.Series(np.arange(len(values))).groupby(np.asarray(values)).apply(list)
    pairs = [pair for same in places if len(same) > 1 for pair in combinations(same, 2)]
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
