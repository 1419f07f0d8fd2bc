"""Copies by structural similarity, as scikit-image defines it, under the symmetries.

Two bounds (`bounds.py`) leave few pairs of all. A judge computes their SSIM from sums of integers,
and scikit-image itself judges what comes within rounding of the threshold: every decision is its.

With N = 49 pixels a window and sums Sx, Sxx, Sxy, multiplying scikit-image's formula out gives

    S = (2 Sx Sy + N^2 C1) (2 (N Sxy - Sx Sy) + N (N - 1) C2)
        / ((Sx^2 + Sy^2 + N^2 C1) (Qx + Qy)),        Q = N Sxx - Sx^2 + N (N - 1) C2 / 2,

where all sums and differences are whole numbers below 2^31. Only Sxy belongs to the pair.
"""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import pandas as pd

from croquis.core.progress import progress
from croquis.core.symmetries import turn
from croquis.dedup.measures.bounds import (
    C1,
    C2,
    DEPTH,
    FINE,
    WINDOW,
    pool,
    ssim_vectors,
    window_sums,
)
from croquis.dedup.measures.search import (
    TILE,
    Candidates,
    Judge,
    count_candidates,
    find_candidates,
    find_candidates_in_classes,
    judge_candidates,
    narrow,
    skip_decided,
)
from croquis.dedup.measures.search_timings import Tally
from croquis.dedup.measures.threads import one_thread

# Around the threshold; the largest error of the judge that was seen was 3e-7.
GUARD = 2e-6
BATCH = 64  # images a step of the progress bar


def ssim_pairs(
    gray: np.ndarray,
    rows: np.ndarray,
    labels: np.ndarray | None,
    *,
    names: Sequence[str],
    at_least: float,
    decided: pd.DataFrame,
    tally: Tally,
    flat: np.ndarray | None = None,
    fine: int = FINE,
) -> pd.DataFrame:
    """All pairs with SSIM >= `at_least`, as `search.pair_table` describes them.

    Args:
        gray: (N, S, S) uint8; S even.
        rows: (R,) which images; pairs are positions in it.
        labels: (R,) the classes to stay inside, or None for all pairs.
        names: the symmetries to look under.
        at_least: the smallest SSIM of a pair.
        decided: pairs that need no judge.
        tally: counts the candidates of both bounds, and the decisions of scikit-image.
        flat: (R,) bool, images that are not compared: blank paper is all like blank paper.
        fine: cells a side of the second bound, a multiple of 4.
    """
    with tally.step("ssim vectors"), one_thread():
        vectors, coarse = _bound_vectors(gray, rows, fine)
    if flat is not None:
        coarse[flat] = 0
    candidates = _pass_coarse(coarse, labels, fine // 2, names, at_least)
    candidates = skip_decided(candidates, decided)
    candidates = count_candidates(candidates, tally, "ssim coarse bound")
    candidates = narrow(candidates, vectors, side=fine, at_least=at_least)
    with tally.step("ssim"):
        return judge_candidates(
            candidates,
            ssim_judge(gray, rows, at_least=at_least, tally=tally),
            at_least=at_least,
            decided=decided,
            tally=tally,
            step="ssim",
        )


def _bound_vectors(
    gray: np.ndarray, rows: np.ndarray, fine: int
) -> tuple[np.ndarray, np.ndarray]:
    """Of the second bound and of the first, (R, fine * fine * 5) and (R, fine * fine / 4 * 5)."""
    # Filled in place, as they are the largest arrays of the stage: 20 KB an image together.
    vectors = np.empty((len(rows), fine**2 * DEPTH), np.float32)
    coarse = np.empty((len(rows), fine**2 // 4 * DEPTH), np.float32)
    for start in progress(
        range(0, len(rows), BATCH), "dedup: ssim vectors", unit="batch"
    ):
        part = slice(start, start + BATCH)
        vectors[part] = ssim_vectors(gray[rows[part]], fine)
        coarse[part] = pool(vectors[part], fine)
    return vectors, coarse


def _pass_coarse(
    coarse: np.ndarray,
    labels: np.ndarray | None,
    side: int,
    names: Sequence[str],
    at_least: float,
) -> Candidates:
    """What the first bound lets pass: of everything, or inside classes where there are `labels`."""
    if labels is None:
        return find_candidates(
            coarse,
            side=side,
            names=names,
            at_least=at_least,
            desc="dedup: ssim over everything",
        )
    return find_candidates_in_classes(
        coarse,
        labels,
        side=side,
        names=names,
        at_least=at_least,
        desc="dedup: ssim inside classes",
    )


def ssim_judge(
    gray: np.ndarray, rows: np.ndarray, *, at_least: float, tally: Tally
) -> Judge:
    """The SSIM of images `a` to images `b` turned by `name`; arguments as for `ssim_pairs`."""

    @lru_cache(maxsize=2 * TILE)  # 0.4 MB each
    def sums(place: int) -> tuple[np.ndarray, np.ndarray]:
        return _sums(gray[rows[place]])

    def similarity(i: int, j: int, name: str) -> float:
        x = gray[rows[i]]
        y = np.ascontiguousarray(turn(gray[rows[j]], name))
        (sx, qx) = sums(i)
        (sy, qy) = sums(j)
        score = _ssim(x, y, sx, turn(sy, name), qx, turn(qy, name))
        if abs(score - at_least) > GUARD:
            # Symmetries that fit equally well tie, and the first one wins.
            return round(score, 7)
        tally.candidates["ssim within rounding"] += 1
        return ssim(x, y)

    def judge(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        with one_thread():
            pairs = zip(a.tolist(), b.tolist(), strict=True)
            return np.array([similarity(i, j, name) for i, j in pairs])

    return judge


def ssim(x: np.ndarray, y: np.ndarray) -> float:
    """SSIM of two (S, S) uint8 images by scikit-image, with its defaults."""
    from skimage.metrics import (
        structural_similarity,
    )  # a third of a second, for those who need it

    return float(structural_similarity(x, y))


def _sums(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sx and Q of all windows, (S - 6, S - 6) int32 and float32."""
    count = WINDOW**2
    sums, squares = window_sums(image)
    spread = (count * squares - sums * sums).astype(np.float32)
    return np.ascontiguousarray(sums), spread + np.float32(
        count * (count - 1) * C2 / 2
    )


def _ssim(
    x: np.ndarray,
    y: np.ndarray,
    sx: np.ndarray,
    sy: np.ndarray,
    qx: np.ndarray,
    qy: np.ndarray,
) -> float:
    """The formula above, from the images, Sx, Sy and Qx, Qy."""
    count = WINDOW**2
    edge = slice(WINDOW // 2, -(WINDOW // 2))
    product = cv2.multiply(x, y, dtype=cv2.CV_16U)  # at most 255^2
    window = (WINDOW, WINDOW)
    border = cv2.BORDER_CONSTANT
    sxy = cv2.boxFilter(
        product, cv2.CV_32S, window, normalize=False, borderType=border
    )
    crossed = sx * sy
    above = (2 * crossed).astype(np.float32) + np.float32(count**2 * C1)
    covariance = count * sxy[edge, edge] - crossed
    above *= (2 * covariance).astype(np.float32) + np.float32(
        count * (count - 1) * C2
    )
    below = (sx * sx + sy * sy).astype(np.float32) + np.float32(count**2 * C1)
    below *= qx + qy
    return float((above / below).mean(dtype=np.float64))
