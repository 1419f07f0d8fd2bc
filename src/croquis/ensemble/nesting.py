"""Nested scores: each image judged by a fit that never saw it, nor any copy of it.

A soft vote has a temperature of its own: the mean of calibrated members that disagree is too modest
(Ranjan and Gneiting 2010, "Combining probability forecasts").
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from croquis.core.progress import progress
from croquis.votes.calibration import apply_temperature
from croquis.votes.fitting import Seen, fit_temperature, seen_by_fit
from croquis.votes.voting import VOTES

PARTS = 5
Weigh = Callable[[Seen], np.ndarray]
Ways = Mapping[str, tuple[str, Weigh | np.ndarray]]


class Known(NamedTuple):
    """Images whose labels are known, and what M members say of them.

    Attributes:
        labels: (N,).
        probs: (M, N, C), as the members gave them.
        groups: (N,) any labels of the groups.
        columns: (N, K), `fitting.favourites` of these.
    """

    labels: np.ndarray
    probs: np.ndarray
    groups: np.ndarray
    columns: np.ndarray

    def of(self, rows: np.ndarray) -> "Known":
        """Some of them; `rows` is (N,) bool."""
        return Known(
            self.labels[rows],
            self.probs[:, rows],
            self.groups[rows],
            self.columns[rows],
        )


@dataclass(frozen=True)
class Fit:
    """What was fitted on some images, to judge others by.

    Attributes:
        temperatures: of the members, (M,); ones where nothing is calibrated.
        votes: by name the key of `voting.VOTES`, the weights (M,) and the vote's own temperature.
    """

    temperatures: np.ndarray
    votes: dict[str, tuple[str, np.ndarray, float]]

    def judged(self, probs: np.ndarray) -> dict[str, np.ndarray]:
        """All votes of (M, N, C) probabilities, (N, C) each."""
        warm = calibrated(probs, self.temperatures)
        return {
            name: apply_temperature(VOTES[vote](warm, weights), heat)
            for name, (vote, weights, heat) in self.votes.items()
        }


def parts_of(groups: np.ndarray, *, seed: int, count: int = PARTS) -> np.ndarray:
    """A part 0 to count - 1 for each image, (N,); copies share one.

    These parts have nothing to do with the folds of training: OOF probabilities of one image
    never saw that image, whatever fold it was in. So one fold alone can be nested, too.
    """
    unique, inverse = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(unique))
    return (order % count)[inverse]


def temperatures(labels: np.ndarray, probs: np.ndarray) -> np.ndarray:
    """One temperature per member, (M,), from (M, N, C) probabilities."""
    return np.array([fit_temperature(labels, member) for member in probs])


def calibrated(probs: np.ndarray, each: np.ndarray) -> np.ndarray:
    """Each member at its own temperature, (M, N, C)."""
    return np.stack(
        [apply_temperature(member, t) for member, t in zip(probs, each, strict=True)]
    )


def fit(known: Known, ways: Ways, *, calibrate: bool) -> Fit:
    """Temperatures and weights of least loss on these images; arguments as in `nested`."""
    labels, probs, groups, columns = known
    each = temperatures(labels, probs) if calibrate else np.ones(len(probs))
    warm = calibrated(probs, each) if calibrate else probs
    votes = {}
    shown = seen_by_fit(labels, warm, groups, columns)
    for name, (vote, weigh) in ways.items():
        weights = weigh(shown) if callable(weigh) else weigh
        heat = 1.0
        if calibrate and vote == "soft":
            heat = fit_temperature(labels, VOTES[vote](warm, weights))
        votes[name] = vote, weights, heat
    return Fit(each, votes)


def fits(
    known: Known, ways: Ways, *, calibrate: bool, seed: int
) -> Iterator[tuple[np.ndarray, Fit]]:
    """Each part, (N,) bool, and what was fitted on all the others; arguments as in `nested`."""
    parts = parts_of(known.groups, seed=seed)
    for part in progress(np.unique(parts), "nested", unit="part"):
        out = parts == part
        rest = (
            ~out if (~out).any() else out
        )  # one group alone has nothing else to learn from
        yield out, fit(known.of(rest), ways, calibrate=calibrate)


def nested(
    known: Known, ways: Ways, *, calibrate: bool, seed: int
) -> dict[str, np.ndarray]:
    """Votes of M members by name, (N, C) each, fitted without the image's part.

    Args:
        known: the images.
        ways: of each vote its key of `voting.VOTES`, and its weights: fixed ones, (M,), or what
            fits them, one of `fitting.FITTED`.
        calibrate: whether members vote at their temperatures, fitted as well.
        seed: of the parts.
    """
    found = {name: np.empty_like(known.probs[0]) for name in ways}
    for out, each in fits(known, ways, calibrate=calibrate, seed=seed):
        for name, judged in each.judged(known.probs[:, out]).items():
            found[name][out] = judged
    return found
