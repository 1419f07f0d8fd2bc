"""Where the edges of a drawing are: what its outline, its blur and its negative have in common."""

import cv2
import numpy as np

from croquis.core.progress import progress
from croquis.core.symmetries import NAMES
from croquis.dedup.measures.search import cell_order
from croquis.dedup.measures.threads import one_thread

HALF = 112  # pixels: strokes are wide enough there, and it is four times as fast
SIDE = (
    32  # cells a side: the two edges of a stroke, which Canny draws, fall together
)
SOFT = 0.8
BLUR = 1.0  # deviations in pixels of HALF and of SIDE
EVEN = 1e-3  # length below which there are no edges


def edge_vectors(gray: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Unit vectors of how much edge is in each cell, (R, 32 * 32) float32; 0 without edges.

    Gradients know no sign, so a negative has the same. Their roots are taken, as faint edges are
    edges, too, and the mean is removed.

    Args:
        gray: (N, S, S) uint8.
        rows: (R,) which images.
    """
    vectors = np.empty((len(rows), SIDE * SIDE), np.float32)
    with one_thread():
        for place, row in enumerate(progress(rows, "dedup: edges", unit="image")):
            vectors[place] = _edges(gray[row]).ravel()
    vectors -= vectors.mean(axis=1, keepdims=True)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(length > EVEN, vectors / np.maximum(length, EVEN), 0).astype(
        np.float32
    )


def _edges(image: np.ndarray) -> np.ndarray:
    small = cv2.resize(image, (HALF, HALF), interpolation=cv2.INTER_AREA).astype(
        np.float32
    )
    soft = cv2.GaussianBlur(small, (0, 0), SOFT)
    along = cv2.Sobel(soft, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    cells = cv2.resize(
        cv2.magnitude(along, down), (SIDE, SIDE), interpolation=cv2.INTER_AREA
    )
    return np.sqrt(np.maximum(cv2.GaussianBlur(cells, (0, 0), BLUR), 0))


def edge_similarity(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The largest cosines under the symmetries, (A, 32 * 32) and (B, 32 * 32) to (A, B)."""
    highest = np.full((len(one), len(other)), -1.0, np.float32)
    for name in NAMES:
        order = cell_order(name, side=SIDE, depth=1)
        np.maximum(highest, one @ other[:, order].T, out=highest)
    return highest
