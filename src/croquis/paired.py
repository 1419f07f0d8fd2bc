"""Two predictors on the same pictures: is the difference of their accuracies more than noise?"""

import numpy as np
from scipy.special import bdtr

from croquis.metrics import RESAMPLES


def mcnemar(right_a: np.ndarray, right_b: np.ndarray) -> float:
    """The exact two-sided p of McNemar's test, from (N,) and (N,) bools of right and wrong.

    Only pictures that one of the two alone gets right say anything; where both are equally good,
    each of these is a fair coin. Method: McNemar 1947, with the exact binomial tail.

    Returns:
        1 where the two agree on every picture.
    """
    only_a = int((right_a & ~right_b).sum())
    only_b = int((right_b & ~right_a).sum())
    if only_a + only_b == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def difference_interval(
    right_a: np.ndarray,
    right_b: np.ndarray,
    groups: np.ndarray,
    *,
    seed: int,
    level: float = 0.95,
) -> tuple[float, float]:
    """The percentile-bootstrap interval of accuracy b minus accuracy a, drawing groups of copies.

    Both are scored on the same draws, so that what makes pictures hard for both cancels out.

    Args:
        right_a: (N,) bool.
        right_b: (N,) bool, of the same pictures.
        groups: (N,) any labels of the groups.
        seed: of the draws.
        level: coverage.
    """
    gained = right_b.astype(np.float64) - right_a
    _, inverse = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(inverse, weights=gained), np.bincount(inverse).astype(np.float64)
    rng, drawn = np.random.default_rng(seed), np.empty(RESAMPLES)
    for number in range(RESAMPLES):  # one at a time: all at once would be gigabytes
        rows = rng.integers(len(sums), size=len(sums))
        drawn[number] = sums[rows].sum() / sizes[rows].sum()
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
