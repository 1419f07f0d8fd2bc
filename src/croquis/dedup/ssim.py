"""Copies by structural similarity, as scikit-image defines it, inside classes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from croquis.dedup.bounds import BATCH, GRID, ssim_vectors
from croquis.dedup.search import alike, inside_classes
from croquis.progress import progress
from croquis.symmetries import turned


def ssim_pairs(
    gray: np.ndarray,
    rows: np.ndarray,
    labels: np.ndarray,
    *,
    names: Sequence[str],
    at_least: float,
    known: pd.DataFrame,
    grid: int = GRID,
) -> pd.DataFrame:
    """All pairs of one class with SSIM >= `at_least`, as `search.pair_table` describes them.

    The bound only saves work: scikit-image judges what passes, so it makes every decision.

    Args:
        gray: (N, S, S) uint8; S even.
        rows: (R,) which pictures; pairs are positions in it.
        labels: (R,) their classes.
        names: the symmetries to look under.
        at_least: the smallest SSIM of a pair.
        known: pairs that need no judge.
        grid: cells a side of the bound.
    """

    def judge(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        pairs = zip(rows[a], rows[b], strict=True)
        return np.array([ssim(gray[i], turned(gray[j], name)) for i, j in pairs])

    starts = progress(range(0, len(rows), BATCH), "dedup: ssim bounds", unit="batch")
    vectors = np.concatenate([ssim_vectors(gray[rows[i : i + BATCH]], grid) for i in starts])
    found = inside_classes(vectors, labels, side=grid, names=names, at_least=at_least)
    return alike(found, judge, at_least=at_least, known=known)


def ssim(x: np.ndarray, y: np.ndarray) -> float:
    """SSIM of two (S, S) uint8 pictures, with scikit-image's defaults."""
    from skimage.metrics import structural_similarity  # a third of a second, for those who need it

    return float(structural_similarity(x, y))
