"""Copies that were moved: shifted, cropped, turned by a few degrees. They share a group, no more.

Candidates are alike once both are blurred. An affine map found by ECC (Evangelidis and Psarakis,
2008; OpenCV's findTransformECC) puts the one onto the other, and if that map is a small one, their
ink must agree as sharply as a copy's. The map is found at 64 px and undone at full size: thin
strokes that were moved by half a pixel of 64 would lose a part of their ink.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import pandas as pd

from croquis.core.progress import progress
from croquis.core.symmetries import NAMES, turn
from croquis.dedup.measures.ink import SIDE, area_weights, cosine_pairs
from croquis.dedup.measures.search_timings import Tally
from croquis.dedup.measures.threads import one_thread

# What a copy may have been moved by; more would let any two simple drawings be fitted together.
SCALES = (0.88, 1.14)
LARGEST_TURN = 4.0  # degrees
LARGEST_SHEAR = 0.06  # how much the one axis is stretched beyond the other
LARGEST_SHIFT = 6.0  # pixels of 64, at the centre
MARGIN = 5  # pixels of 64
ROUNDS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-4)
SMOOTHING = 5  # pixels of ECC's own Gaussian


def variant_pairs(
    gray: np.ndarray,
    rows: np.ndarray,
    ink: np.ndarray,
    blurred: np.ndarray,
    *,
    names: Sequence[str],
    blurred_min: float,
    aligned_min: float,
    most: int,
    decided: pd.DataFrame,
    tally: Tally,
) -> pd.DataFrame:
    """All pairs that one small movement makes copies, as `search.pair_table` describes them.

    Args:
        gray: (M, S, S) uint8.
        rows: (N,) which images; pairs are positions in it.
        ink: (N, 64 * 64) of `ink.ink_vectors`.
        blurred: (N, 32 * 32) of `ink.blurred_vectors`.
        names: the symmetries to look under.
        blurred_min: the smallest cosine of blurred ink of a candidate.
        aligned_min: the smallest cosine of ink once aligned.
        most: candidates that are aligned; what is left out is counted as "variant left out".
        decided: pairs that need no second look.
        tally: counts.
    """
    pairs = cosine_pairs(
        blurred,
        names=names,
        at_least=blurred_min,
        decided=decided,
        tally=tally,
        step="variant",
    )
    pairs = pairs.sort_values(["score", "a", "b"], ascending=[False, True, True])
    tally.candidates["variant left out"] += max(0, len(pairs) - most)
    tally.candidates["variant aligned"] += len(pairs[:most])
    pairs = pairs[:most].reset_index(drop=True)
    pairs = pairs.assign(score=_align_pairs(pairs, gray, rows, ink))
    pairs = pairs[pairs["score"] >= aligned_min]
    return pairs.sort_values(["a", "b"], ignore_index=True)


def _align_pairs(
    pairs: pd.DataFrame, gray: np.ndarray, rows: np.ndarray, ink: np.ndarray
) -> np.ndarray:
    """The cosine of each pair's ink once the one is moved onto the other, 0 if not; (P,)."""
    scores = np.zeros(len(pairs))
    ends = zip(pairs["a"], pairs["b"], pairs["symmetry"], strict=True)
    desc = "dedup: variant alignment"
    with one_thread():
        for place, (a, b, code) in enumerate(
            progress(ends, desc, len(pairs), "pair")
        ):
            name = NAMES[code]
            warp = small_warp(ink[a], ink[b], name)
            if warp is not None:
                scores[place] = moved_cosine(
                    gray[rows[a]], gray[rows[b]], name, warp
                )
    return scores


def small_warp(x: np.ndarray, y: np.ndarray, name: str) -> np.ndarray | None:
    """The map from places on `x` to places on `y` turned by `name`, (2, 3) in pixels of 64.

    None where ECC finds none, or none that is small.

    Args:
        x: (64 * 64,) mean-removed ink.
        y: the same of the other image.
        name: a symmetry.
    """
    still = x.reshape(SIDE, SIDE)
    moving = np.ascontiguousarray(turn(y.reshape(SIDE, SIDE), name))
    start = np.eye(2, 3, dtype=np.float32)
    try:
        _, warp = cv2.findTransformECC(  # type: ignore[call-overload]  # its mask may be None
            still, moving, start, cv2.MOTION_AFFINE, ROUNDS, None, SMOOTHING
        )
    except cv2.error:  # it did not converge: nothing to align
        return None
    return warp if is_small(warp) else None


def moved_cosine(
    x: np.ndarray, y: np.ndarray, name: str, warp: np.ndarray
) -> float:
    """The cosine of the ink of `x` and of `y`, turned by `name` and moved onto it, at 64 px.

    Args:
        x: (S, S) uint8.
        y: the same of the other image.
        name: a symmetry.
        warp: of `small_warp`.
    """
    size = len(x)
    scale = size / SIDE
    matrix = warp[:, :2].astype(np.float64)
    shift = warp[:, 2].astype(np.float64)
    # Pixel centres: place p of 64 is (p + 1/2) * scale - 1/2 of `size`.
    half = np.full(2, 0.5)
    full = scale * (matrix @ (half / scale - half) + shift + half) - half
    moved = cv2.warpAffine(
        np.ascontiguousarray(turn(y, name)),
        np.column_stack([matrix, full]),
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=255,
    )
    return _cosine_inside(_shrink(x), _shrink(np.asarray(moved)))


def _shrink(gray: np.ndarray) -> np.ndarray:
    """Ink at 64 px, (S, S) uint8 to (64, 64) float64 in any unit."""
    weights = area_weights(len(gray), SIDE)
    return weights @ (255.0 - gray) @ weights.T


def is_small(warp: np.ndarray) -> bool:
    """Whether an affine map, (2, 3) in pixels of 64, is one that a copy may have been moved by."""
    matrix = warp[:, :2].astype(np.float64)
    shift = warp[:, 2].astype(np.float64)
    if np.linalg.det(matrix) <= 0:
        return False
    longest, shortest = np.linalg.svd(matrix, compute_uv=False)
    turn = np.degrees(
        np.arctan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1])
    )
    centre = np.full(2, (SIDE - 1) / 2)
    moved = np.linalg.norm(matrix @ centre + shift - centre)
    return bool(
        SCALES[0] <= shortest
        and longest <= SCALES[1]
        and longest / shortest - 1 <= LARGEST_SHEAR
        and abs(turn) <= LARGEST_TURN
        and moved <= LARGEST_SHIFT
    )


def _cosine_inside(x: np.ndarray, y: np.ndarray) -> float:
    """The cosine of mean-removed ink away from the border, which a movement may have drawn in."""
    inner = slice(MARGIN, -MARGIN)
    x = x[inner, inner]
    y = y[inner, inner]
    x = x - x.mean(dtype=np.float64)
    y = y - y.mean(dtype=np.float64)
    length = np.linalg.norm(x) * np.linalg.norm(y)
    return round(float((x * y).sum() / length), 6) if length > 0 else 0.0
