"""Parts of the images for nested scores: what is fitted on some judges the others."""

import numpy as np

from croquis.votes.calibration import apply_temperature
from croquis.votes.fitting import fit_temperature

PARTS = 5


def parts_of(groups: np.ndarray, *, seed: int, count: int = PARTS) -> np.ndarray:
    """A part 0 to count - 1 for each image, (N,); copies share one.

    These parts have nothing to do with the folds of training: OOF probabilities of one image
    never saw that image, whatever fold it was in. So one fold alone can be nested, too.
    """
    unique, inverse = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(unique))
    return (order % count)[inverse]


def nested_calibrated(
    labels: np.ndarray, probs: np.ndarray, groups: np.ndarray, *, seed: int
) -> np.ndarray:
    """One member's probabilities, (N, C), each at a temperature that was fitted without its part.

    Args:
        labels: (N,).
        probs: (N, C), as the member gave them.
        groups: (N,) any labels of the groups.
        seed: of the parts.
    """
    parts = parts_of(groups, seed=seed)
    calibrated = np.empty_like(probs)
    for part in np.unique(parts):
        is_out = parts == part
        # One group alone has nothing else to learn from.
        rest = is_out if is_out.all() else ~is_out
        temperature = fit_temperature(labels[rest], probs[rest])
        calibrated[is_out] = apply_temperature(probs[is_out], temperature)
    return calibrated
