"""Two predictors on the same images: is the difference of their accuracies more than noise?"""

import numpy as np

from croquis.scoring.metrics import TAILS, resampled_means

LEVEL = 0.05  # of the test; the intervals are of 95 %
FEWEST = 20  # groups; redraws of fewer are too much alike to stand for anything


def mcnemar(right_a: np.ndarray, right_b: np.ndarray) -> float:
    """The exact two-sided p of McNemar's test, from (N,) and (N,) bools of right and wrong.

    Only images that one of the two alone gets right say anything; where both are equally good,
    each of these is a fair coin. Method: McNemar 1947, with the exact binomial tail.

    Returns:
        1 where the two agree on every image.
    """
    from scipy.special import bdtr  # most who import this module test nothing

    only_a = int((right_a & ~right_b).sum())
    only_b = int((right_b & ~right_a).sum())
    if only_a + only_b == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def difference_intervals(
    right_a: np.ndarray,
    rights: np.ndarray,
    groups: np.ndarray,
    *,
    seed: int,
) -> list[tuple[float, float]]:
    """The 95 % bootstrap intervals of P accuracies minus others, drawing groups, not images.

    Args:
        right_a: (N,) bool, or (P, N): those that are taken away.
        rights: (P, N) bool, of the same images; all are on the same draws.
        groups: (N,) any labels of the groups.
        seed: of the draws.
    """
    gained = (rights.astype(np.float64) - right_a).T
    ends = np.quantile(resampled_means(gained, groups, seed=seed), TAILS, axis=0)
    return [(float(low), float(high)) for low, high in ends.T]


def is_significant(
    p: float, interval: tuple[float, float], groups: np.ndarray
) -> bool:
    """Whether two differ by more than chance: by the exact test, and by the interval of groups.

    McNemar's test takes copies for independent evidence; the bootstrap does not, but says nothing
    of a handful of groups.
    """
    low, high = interval
    return p < LEVEL and not low <= 0 <= high and len(np.unique(groups)) >= FEWEST
