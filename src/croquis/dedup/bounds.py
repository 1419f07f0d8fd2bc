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
picture permutes the cells, because box windows and a mirror-symmetric grid turn with it.
"""

import numpy as np

WINDOW = 7  # of scikit-image's structural_similarity; C1, C2 and the sample covariance too
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
GRID = 14  # cells a side; some 0.1 to 0.4 % of the pairs pass at 0.95, a fourth of that at 28
DEPTH = 5  # numbers a cell: mu and r
BATCH = 8  # pictures at once: 25 MB at 224 px, which fits the caches best


def ssim_vectors(gray: np.ndarray, grid: int = GRID) -> np.ndarray:
    """The vectors whose inner products bound SSIM, (N, S, S) uint8 to (N, grid * grid * 5) float32.

    Args:
        gray: square pictures with an even side.
        grid: cells along an edge; even.
    """
    edges = cell_edges(gray.shape[-1] - WINDOW + 1, grid)
    mu = _cell_means(_window_vectors(gray), edges)  # (4, N, grid, grid)
    # The 1e-6 covers float32's rounding: a larger r keeps the bound a bound.
    r = np.sqrt(np.maximum(1 - (mu**2).sum(axis=0), 0) + 1e-6)
    shares = np.diff(edges) / edges[-1]
    cells = np.concatenate([mu, r[None]]) * np.sqrt(np.outer(shares, shares))
    return np.moveaxis(cells, 0, -1).reshape(len(gray), -1).astype(np.float32)


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


def _window_vectors(gray: np.ndarray) -> np.ndarray:
    """The unit 4-vector of each window, (N, S, S) to (4, N, S - 6, S - 6)."""
    count = WINDOW**2
    sums = _window_sums(gray.astype(np.int32))
    squares = _window_sums(gray.astype(np.int32) ** 2)
    # In integers, as float32 would lose the small variances of near-flat paper; < 2^31.
    variance = (count * squares - sums**2).astype(np.float32) / (count * (count - 1))
    square_mean = (sums.astype(np.float32) / count) ** 2
    bright = np.sqrt(square_mean / (square_mean + C1)), np.sqrt(C1 / (square_mean + C1))
    rough = np.sqrt(variance / (variance + C2)), np.sqrt(C2 / (variance + C2))
    return np.stack([one * other for one in bright for other in rough])


def _window_sums(values: np.ndarray) -> np.ndarray:
    """Sums over all 7x7 windows, (N, S, S) to (N, S - 6, S - 6)."""
    for axis in (1, 2):
        values = np.moveaxis(values, axis, 0)
        two = values[:-1] + values[1:]
        four = two[:-2] + two[2:]
        values = np.moveaxis(four[:-3] + two[4:-1] + values[6:], 0, axis)
    return values


def _cell_means(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Means over the cells, (..., L, L) to (..., grid, grid)."""
    # No matmul: threads that wait for one another would make these small ones ten times slower.
    sums = np.add.reduceat(np.add.reduceat(values, edges[:-1], axis=-1), edges[:-1], axis=-2)
    return sums / np.outer(np.diff(edges), np.diff(edges)).astype(values.dtype)
