"""Copies by their ink: the cosine of mean-removed darkness at 64 px, under the symmetries.

Raw pixels would not do: paper is white, white is a large number, and two sheets of it are alike
whatever is drawn on them. Inverted and with its mean removed, empty paper says nothing.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from croquis.core.progress import progress
from croquis.dedup.measures.search import (
    Judge,
    cell_order,
    find_candidates,
    judge_candidates,
)
from croquis.dedup.measures.search_timings import Tally
from croquis.dedup.measures.threads import one_thread

SIDE = 64  # pixels of the sheet that is compared
BLURRED_SIDE = 32
BLUR = 1.5  # pixels; the deviation too
GRID = 8  # cells a side of the bound: 128 numbers an image instead of 4,096
FLAT_SD = 1.0  # gray levels at 64 px; paper with less contrast has noise for ink
# Once blurred, a dot of FLAT_SD keeps a tenth of a level, and float32 makes 1e-4 of even paper.
EVEN_SD = 1e-3
BATCH = 32  # images resized at once: 6 MB


def ink_vectors(gray: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, int]:
    """Mean-removed ink of unit length, (R, 64 * 64) float32, and how many images are flat.

    Flat images get zeros, which are like nothing.

    Args:
        gray: (N, S, S) uint8; S at least 64.
        rows: (R,) which images, in which order.
    """
    weights = area_weights(gray.shape[-1], SIDE)
    return _vectors(gray, rows, weights, flat_sd=FLAT_SD, desc="dedup: ink")


def blurred_vectors(gray: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The same at 32 px through a Gaussian, (R, 32 * 32) float32: shifts and turns matter less.

    What is flat was decided at 64 px: a thin line or a dot has little contrast left here.
    """
    from scipy.ndimage import (
        gaussian_filter1d,
    )  # a tenth of a second, for those who need it

    blur = gaussian_filter1d(np.eye(BLURRED_SIDE), BLUR, axis=0, mode="nearest")
    weights = blur @ area_weights(gray.shape[-1], BLURRED_SIDE)
    return _vectors(
        gray, rows, weights, flat_sd=EVEN_SD, desc="dedup: blurred ink"
    )[0]


def paper_vectors(gray: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Raw pixels at 64 px of unit length, (R, 64 * 64) float32: what the teams compared."""
    weights = area_weights(gray.shape[-1], SIDE)
    return _vectors(gray, rows, weights, flat_sd=None, desc="dedup: pixels")[0]


def area_weights(size: int, side: int) -> np.ndarray:
    """W with W @ image @ W.T the sums over the cells of a coarser grid, (side, size) float64.

    Entries are how much of a pixel lies in a cell, in units that make them whole numbers: sums of
    integers below 2^24 are exact in float32 too, so that turning an image and resizing it commute.
    """
    common = math.gcd(size, side)
    pixel = side // common
    cell = size // common
    starts = np.arange(size) * pixel
    edges = np.arange(side)[:, None] * cell
    overlap = np.minimum(starts + pixel, edges + cell) - np.maximum(starts, edges)
    return np.maximum(overlap, 0).astype(np.float64)


@one_thread()
def _vectors(
    gray: np.ndarray,
    rows: np.ndarray,
    weights: np.ndarray,
    *,
    flat_sd: float | None,
    desc: str,
) -> tuple[np.ndarray, int]:
    """Unit vectors of W @ ink @ W.T without its mean, and how many had less contrast: they are 0.

    Without `flat_sd` of W @ pixels @ W.T, as they are.
    """
    side = len(weights)
    flat = 0
    vectors = np.empty((len(rows), side * side), np.float32)
    for start in progress(range(0, len(rows), BATCH), desc, unit="batch"):
        images = gray[rows[start : start + BATCH]]
        if flat_sd is None:
            levels = _cell_levels(images, weights)
        else:
            levels = _cell_levels(255 - images, weights)
            levels -= levels.mean(axis=1, keepdims=True)
            empty = levels.std(axis=1) < flat_sd
            levels[empty] = 0
            flat += int(empty.sum())
        length = np.linalg.norm(levels, axis=1, keepdims=True)
        vectors[start : start + BATCH] = levels / np.where(length > 0, length, 1)
    return vectors, flat


def _cell_levels(images: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean gray level of each cell, (N, S, S) uint8 to (N, side * side) float64."""
    area = (
        float(weights.sum()) ** 2 / len(weights) ** 2
    )  # of one cell, in its units
    left = weights.astype(np.float32)
    sums = left @ images.astype(np.float32) @ left.T
    return sums.reshape(len(images), -1).astype(np.float64) / area


def bound_vectors(vectors: np.ndarray, grid: int = GRID) -> np.ndarray:
    """Vectors whose inner products bound those of `vectors`, (N, s * s) to (N, grid * grid * 2).

    A cell of k pixels keeps its sum / sqrt(k), the part along the constant vector, and the length
    of the rest; by Cauchy-Schwarz two rests add at most the product of their lengths.
    """
    side = math.isqrt(vectors.shape[1])
    step = side // grid
    cells = vectors.reshape(-1, grid, step, grid, step)
    along = cells.sum(axis=(2, 4)) / step
    rest = np.sqrt(np.maximum((cells**2).sum(axis=(2, 4)) - along**2, 0))
    return np.stack([along, rest], axis=-1).reshape(len(vectors), -1)


def cosine_pairs(
    vectors: np.ndarray,
    *,
    names: Sequence[str],
    at_least: float,
    decided: pd.DataFrame,
    tally: Tally,
    step: str,
    firsts: int | None = None,
) -> pd.DataFrame:
    """All pairs with cosine >= `at_least`, as `search.pair_table` describes them.

    Args:
        vectors: (N, s * s) unit vectors of square sheets.
        names: the symmetries to look under.
        at_least: the smallest cosine of a pair, above 0.
        decided: pairs that need no judge.
        tally: counts the candidates.
        step: the name of this search.
        firsts: only pairs with one of the first so many vectors.
    """
    candidates = find_candidates(
        bound_vectors(vectors),
        side=GRID,
        names=names,
        at_least=at_least,
        firsts=firsts,
        desc=f"dedup: {step}",
    )
    return judge_candidates(
        candidates,
        cosine_judge(vectors),
        at_least=at_least,
        decided=decided,
        tally=tally,
        step=step,
    )


def cosine_judge(vectors: np.ndarray) -> Judge:
    """The cosines of vectors `a` to vectors `b` turned by `name`, of (N, s * s) unit vectors."""
    side = math.isqrt(vectors.shape[1])

    def judge(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        order = cell_order(name, side=side, depth=1)
        # Summed in float64 row by row, so that no thread count or block size changes a digit;
        # rounded, so that an image and itself have exactly 1.
        products = vectors[a] * np.take(vectors[b], order, axis=1)
        return np.round(products.sum(axis=1, dtype=np.float64), 6)

    return judge
