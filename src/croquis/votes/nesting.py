"""Nested scores: each picture judged by a fit that never saw it, nor any copy of it.

A soft vote has a temperature of its own: the mean of calibrated members that disagree is too modest
(Ranjan and Gneiting 2010, "Combining probability forecasts").
"""

from collections.abc import Callable, Mapping

import numpy as np

from croquis.votes.calibration import tempered
from croquis.votes.fitting import Seen, favourites, seen, temperature
from croquis.votes.voting import VOTES

PARTS = 5
Weigh = Callable[[Seen], np.ndarray]


def parts_of(groups: np.ndarray, *, seed: int, count: int = PARTS) -> np.ndarray:
    """A part 0 to count - 1 for each picture, (N,); copies share one.

    These parts have nothing to do with the folds of training: OOF probabilities of one picture
    never saw that picture, whatever fold it was in. So one fold alone can be nested, too.
    """
    unique, inverse = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(unique))
    return (order % count)[inverse]


def temperatures(labels: np.ndarray, probs: np.ndarray) -> np.ndarray:
    """One temperature per member, (M,), from (M, N, C) probabilities."""
    return np.array([temperature(labels, member) for member in probs])


def calibrated(probs: np.ndarray, each: np.ndarray) -> np.ndarray:
    """Each member at its own temperature, (M, N, C)."""
    return np.stack([tempered(member, t) for member, t in zip(probs, each, strict=True)])


def nested(
    labels: np.ndarray,
    probs: np.ndarray,
    groups: np.ndarray,
    ways: Mapping[str, tuple[str, Weigh | np.ndarray]],
    *,
    calibrate: bool,
    seed: int,
) -> dict[str, np.ndarray]:
    """Votes of M members by name, (N, C) each, fitted without the picture's part.

    Args:
        labels: (N,).
        probs: (M, N, C), as the members gave them.
        groups: (N,) any labels of the groups.
        ways: of each vote its key of `voting.VOTES`, and its weights: fixed ones, (M,), or what
            fits them, one of `fitting.FITTED`.
        calibrate: whether members vote at their temperatures, fitted as well.
        seed: of the parts.
    """
    parts, columns = parts_of(groups, seed=seed), favourites(labels, probs)
    found = {name: np.empty_like(probs[0]) for name in ways}
    for part in np.unique(parts):
        out = parts == part
        rest = ~out if (~out).any() else out  # one group alone has nothing else to learn from
        known, unknown = probs[:, rest], probs[:, out]
        if calibrate:
            each = temperatures(labels[rest], known)
            known, unknown = calibrated(known, each), calibrated(unknown, each)
        shown = seen(labels[rest], known, groups[rest], columns[rest])
        for name, (vote, weigh) in ways.items():
            weights = weigh(shown) if callable(weigh) else weigh
            judged = VOTES[vote](unknown, weights)
            if calibrate and vote == "soft":
                judged = tempered(judged, temperature(labels[rest], VOTES[vote](known, weights)))
            found[name][out] = judged
    return found
