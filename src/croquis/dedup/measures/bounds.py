"""An upper bound of SSIM that is one inner product: all pairs become a matrix product.

In a 7x7 window with means a, b and standard deviations s, t the SSIM is at most

    (2ab + C1) / (a^2 + b^2 + C1) * (2st + C2) / (s^2 + t^2 + C2)        (Cauchy-Schwarz: cov <= st)

and for a, b >= 0, C > 0 each factor is at most the cosine of two plane vectors,

    (2ab + C) / (a^2 + b^2 + C) <= <(a, sqrt C), (b, sqrt C)> / (|(a, sqrt C)| |(b, sqrt C)|).

Proof: let p be that inner product, q the product of the lengths, m their mean square; p <= q <= m.
Then (2p - C) / (2m - C) <= (2p - C) / (2q - C) <= p / q, since (2p - C) q - p (2q - C) = C (p - q).

So a window's SSIM is at most <u, v>, where u = (a, sqrt C1)/|.| (x) (s, sqrt C2)/|.| is a unit
4-vector. Over a cell of m windows with mean vector mu, the residuals have r = sqrt(1 - |mu|^2), and
again by Cauchy-Schwarz the sum is at most m (<mu, mu'> + r r'). The cells joined, each weighted by
its share of the windows, are one unit vector f(x) with SSIM(x, y) <= <f(x), f(y)>. Turning the
image permutes the cells, because box windows and a mirror-symmetric grid turn with it.

Smaller cells give a tighter bound: 28 a side leave a sixth of the pairs that 14 leave, for four
times the numbers. So all pairs meet the coarse vectors, which are pooled from the fine ones, and
what passes meets the fine ones.
"""

import math

import cv2
import numpy as np

WINDOW = 7  # of scikit-image's structural_similarity; C1, C2 and the sample covariance too
C1 = (0.01 * 255) ** 2
C2 = (0.03 * 255) ** 2
FINE = 28  # cells a side
DEPTH = 5  # numbers a cell: mu and r


def ssim_vectors(gray: np.ndarray, grid: int = FINE) -> np.ndarray:
    """The vectors whose inner products bound SSIM, (N, S, S) uint8 to (N, grid * grid * 5) float32.

    Args:
        gray: square images with an even side.
        grid: cells along an edge; even.
    """
    edges = cell_edges(gray.shape[-1] - WINDOW + 1, grid)
    shares = np.diff(edges) / edges[-1]
    scale = np.sqrt(np.outer(shares, shares))[..., None]
    vectors = np.empty((len(gray), grid, grid, DEPTH), np.float32)
    for image, cells in zip(gray, vectors, strict=True):
        mu = _cell_means(_window_vectors(image), edges)  # (4, grid, grid)
        cells[..., :4] = np.moveaxis(mu, 0, -1)
        # The 1e-6 covers float32's rounding: a larger r keeps the bound a bound.
        cells[..., 4] = np.sqrt(np.maximum(1 - (mu**2).sum(axis=0), 0) + 1e-6)
        cells *= scale
    return vectors.reshape(len(gray), -1)


def pool(vectors: np.ndarray, fine: int = FINE) -> np.ndarray:
    """The vectors of half the cells a side, (N, fine * fine * 5) to (N, fine * fine / 4 * 5).

    With equal shares m of the windows, the sum of sqrt(m) mu over four cells is sqrt(m) times four
    times their mean; shares differ by a window at most, which the lengths of the cells tell.
    """
    cells = vectors.reshape(-1, fine // 2, 2, fine // 2, 2, DEPTH)
    shares = (cells**2).sum(
        axis=-1
    )  # |sqrt(m) (mu, r)|^2 = m, as (mu, r) is a unit vector
    share = shares.sum(axis=(2, 4))
    mu = (cells[..., :4] * np.sqrt(shares)[..., None]).sum(axis=(2, 4)) / np.sqrt(
        share
    )[..., None]
    r = np.sqrt(np.maximum(share - (mu**2).sum(axis=-1), 0))
    return np.concatenate([mu, r[..., None]], axis=-1).reshape(len(vectors), -1)


def cell_edges(length: int, grid: int) -> np.ndarray:
    """Borders of `grid` cells over `length` windows, the same from both ends, (grid + 1,).

    Raises:
        ValueError: if `length` or `grid` is odd, or there are fewer windows than cells.
    """
    if length % 2 or grid % 2 or length < grid:
        raise ValueError(
            f"cells: expected even numbers, windows >= cells, received {length} windows and {grid} "
            "cells; 224 px have 218 windows"
        )
    half = np.arange(grid // 2 + 1) * length // grid
    return np.concatenate([half, length - half[-2::-1]])


def window_sums(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of pixels and of their squares over all 7x7 windows, (S, S) uint8 to (S - 6, S - 6)."""
    image = np.ascontiguousarray(image)
    window = (WINDOW, WINDOW)
    border = cv2.BORDER_CONSTANT
    sums = cv2.boxFilter(
        image, cv2.CV_32S, window, normalize=False, borderType=border
    )
    # OpenCV sums squares of bytes in float64, which is exact here.
    squares = cv2.sqrBoxFilter(
        image, cv2.CV_32S, window, normalize=False, borderType=border
    )
    inner = slice(WINDOW // 2, -(WINDOW // 2))
    return np.asarray(sums)[inner, inner], np.asarray(squares)[inner, inner]


def _window_vectors(image: np.ndarray) -> np.ndarray:
    """The unit 4-vector of each window, (S, S) uint8 to (4, S - 6, S - 6) float32."""
    mean, variance = _window_moments(image)
    bright = np.reciprocal(
        np.sqrt(mean * mean + np.float32(C1))
    )  # 1 / |(a, sqrt C1)|
    rough = np.reciprocal(np.sqrt(variance + np.float32(C2)))
    vectors = np.empty((4, *mean.shape), np.float32)
    np.multiply(bright, rough, out=vectors[3])
    np.multiply(mean, vectors[3], out=vectors[1])
    np.multiply(np.sqrt(variance), vectors[3], out=vectors[2])
    np.multiply(mean, vectors[2], out=vectors[0])
    vectors[1] *= np.float32(math.sqrt(C2))
    vectors[2] *= np.float32(math.sqrt(C1))
    vectors[3] *= np.float32(math.sqrt(C1 * C2))
    return vectors


def _window_moments(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sample variance of each window, (S, S) uint8 to two (S - 6, S - 6) float32."""
    count = WINDOW**2
    sums, squares = window_sums(image)
    # In integers, as float32 would lose the small variances of near-flat paper; < 2^31.
    variance = (count * squares - sums * sums).astype(np.float32)
    variance *= np.float32(1 / (count * (count - 1)))
    mean = sums.astype(np.float32)
    mean *= np.float32(1 / count)
    return mean, variance


def _cell_means(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Means over the cells, (..., L, L) to (..., grid, grid)."""
    # No matmul: threads that wait for one another would make these small ones ten times slower.
    sums = np.add.reduceat(
        np.add.reduceat(values, edges[:-1], axis=-1), edges[:-1], axis=-2
    )
    return sums / np.outer(np.diff(edges), np.diff(edges)).astype(values.dtype)
