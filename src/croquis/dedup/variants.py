"""Copies that were moved: shifted, cropped, turned by a few degrees. They share a group, no more.

Candidates are alike once both are blurred. An affine map found by ECC (Evangelidis and Psarakis,
2008; OpenCV's findTransformECC) puts the one onto the other, and if that map is a small one, their
ink must agree as sharply as a copy's.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import pandas as pd

from croquis.dedup.ink import SIDE, cosine_pairs
from croquis.dedup.search import pair_table
from croquis.dedup.tally import Tally
from croquis.dedup.threads import one_thread
from croquis.progress import progress
from croquis.symmetries import NAMES, turned

# What a copy may have been moved by; more would let any two simple drawings be fitted together.
SCALES = (0.88, 1.14)
LARGEST_TURN = 4.0  # degrees
LARGEST_SHEAR = 0.06  # how much the one axis is stretched beyond the other
LARGEST_SHIFT = 6.0  # pixels of 64, at the centre
MARGIN = 5  # pixels at the border that a map may have drawn in from outside
ROUNDS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-4)
SMOOTHING = 5  # pixels of ECC's own Gaussian


def variant_pairs(
    ink: np.ndarray,
    blurred: np.ndarray,
    *,
    names: Sequence[str],
    blurred_min: float,
    aligned_min: float,
    most: int,
    known: pd.DataFrame,
    tally: Tally,
) -> pd.DataFrame:
    """All pairs that one small movement makes copies, as `search.pair_table` describes them.

    Args:
        ink: (N, 64 * 64) of `ink.ink_vectors`.
        blurred: (N, 32 * 32) of `ink.blurred_vectors`.
        names: the symmetries to look under.
        blurred_min: the smallest cosine of blurred ink of a candidate.
        aligned_min: the smallest cosine of ink once aligned.
        most: candidates that are aligned; what is left out is counted as "variant left out".
        known: pairs that need no second look.
        tally: counts.
    """
    found = cosine_pairs(
        blurred, names=names, at_least=blurred_min, known=known, tally=tally, step="variant"
    )
    found = found.sort_values(["score", "a", "b"], ascending=[False, True, True])
    tally.candidates["variant left out"] += max(0, len(found) - most)
    tally.candidates["variant aligned"] += len(found[:most])
    rows = found[:most][["a", "b", "symmetry"]].to_numpy()
    with one_thread():
        scores = [
            aligned_cosine(ink[a], ink[b], NAMES[symmetry])
            for a, b, symmetry in progress(rows, "dedup: variant alignment", unit="pair")
        ]
    scores = np.array(scores, np.float64)
    rows, scores = rows[scores >= aligned_min], scores[scores >= aligned_min]
    found = pair_table(rows[:, 0], rows[:, 1], score=scores, symmetry=rows[:, 2])
    return found.sort_values(["a", "b"], ignore_index=True)


def aligned_cosine(x: np.ndarray, y: np.ndarray, name: str) -> float:
    """The cosine of ink `x` with `y`, turned by `name` and moved onto it; 0 if no small map does.

    Args:
        x: (64 * 64,) mean-removed ink.
        y: the same of the other picture.
        name: a symmetry.
    """
    still = x.reshape(SIDE, SIDE)
    moving = np.ascontiguousarray(turned(y.reshape(SIDE, SIDE), name))
    start = np.eye(2, 3, dtype=np.float32)
    try:
        _, warp = cv2.findTransformECC(
            still, moving, start, cv2.MOTION_AFFINE, ROUNDS, None, SMOOTHING
        )
    except cv2.error:  # it did not converge: nothing to align
        return 0.0
    if not is_small(warp):
        return 0.0
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(moving, warp, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inner = slice(MARGIN, -MARGIN)
    return _centred_cosine(still[inner, inner], moved[inner, inner])


def is_small(warp: np.ndarray) -> bool:
    """Whether an affine map, (2, 3) in pixels of 64, is one that a copy may have been moved by."""
    matrix, shift = warp[:, :2].astype(np.float64), warp[:, 2].astype(np.float64)
    if np.linalg.det(matrix) <= 0:
        return False
    longest, shortest = np.linalg.svd(matrix, compute_uv=False)
    turn = np.degrees(np.arctan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1]))
    centre = np.full(2, (SIDE - 1) / 2)
    moved = np.linalg.norm(matrix @ centre + shift - centre)
    return bool(
        SCALES[0] <= shortest
        and longest <= SCALES[1]
        and longest / shortest - 1 <= LARGEST_SHEAR
        and abs(turn) <= LARGEST_TURN
        and moved <= LARGEST_SHIFT
    )


def _centred_cosine(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(dtype=np.float64), y - y.mean(dtype=np.float64)
    length = np.linalg.norm(x) * np.linalg.norm(y)
    return round(float((x * y).sum() / length), 6) if length > 0 else 0.0
