"""Nested scores: each image judged by a fit that never saw it, nor any copy of it.

A soft vote has a temperature of its own: the mean of calibrated members that disagree is too modest
(Ranjan and Gneiting 2010, "Combining probability forecasts").
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from croquis.core.progress import progress
from croquis.scoring.chosen_metric import ACCURACY, Metric
from croquis.votes.calibration import apply_temperature
from croquis.votes.fitting import FitData, fit_data, fit_temperature
from croquis.votes.parts import parts_of
from croquis.votes.voting import VOTES, VoteName, has_temperature


class Way(NamedTuple):
    """A way of voting.

    Attributes:
        vote: a key of `voting.VOTES`.
        weights: fixed ones, (M,), or what fits them, one of `fitting.FITTED`.
    """

    vote: VoteName
    weights: np.ndarray | Callable[[FitData], np.ndarray]

    def weights_for(self, data: FitData) -> np.ndarray:
        """The weights, (M,), fitted to `data` if they are not fixed."""
        return self.weights(data) if callable(self.weights) else self.weights


class LabelledProbs(NamedTuple):
    """Images with their labels, and what M members say of them.

    Attributes:
        labels: (N,).
        probs: (M, N, C), as the members gave them.
        groups: (N,) any labels of the groups.
        favourites: (N, K), `fitting.favourites` of these.
        metric: that weights are fitted by.
    """

    labels: np.ndarray
    probs: np.ndarray
    groups: np.ndarray
    favourites: np.ndarray
    metric: Metric = ACCURACY

    def of(self, rows: np.ndarray) -> "LabelledProbs":
        """Some of them; `rows` is (N,) bool."""
        return LabelledProbs(
            self.labels[rows],
            self.probs[:, rows],
            self.groups[rows],
            self.favourites[rows],
            self.metric,
        )


class FittedVote(NamedTuple):
    """A vote with its weights, (M,), and its own temperature, 1 where it has none."""

    vote: VoteName
    weights: np.ndarray
    temperature: float

    def apply(self, probs: np.ndarray) -> np.ndarray:
        """The vote of calibrated members, (M, N, C) to (N, C)."""
        return apply_temperature(
            VOTES[self.vote](probs, self.weights), self.temperature
        )


@dataclass(frozen=True)
class Fit:
    """What was fitted on some images, to judge others by.

    Attributes:
        temperatures: of the members, (M,); ones where nothing is calibrated.
        votes: by name.
    """

    temperatures: np.ndarray
    votes: dict[str, FittedVote]

    def apply(self, probs: np.ndarray) -> dict[str, np.ndarray]:
        """All votes of (M, N, C) probabilities by name, (N, C) each."""
        calibrated = apply_temperatures(probs, self.temperatures)
        return {name: vote.apply(calibrated) for name, vote in self.votes.items()}


def fit_temperatures(labels: np.ndarray, probs: np.ndarray) -> np.ndarray:
    """One temperature per member, (M,), from (M, N, C) probabilities."""
    return np.array([fit_temperature(labels, member) for member in probs])


def apply_temperatures(probs: np.ndarray, temperatures: np.ndarray) -> np.ndarray:
    """Each member at its own temperature, (M, N, C)."""
    return np.stack(
        [
            apply_temperature(member, temperature)
            for member, temperature in zip(probs, temperatures, strict=True)
        ]
    )


def fit(data: LabelledProbs, ways: Mapping[str, Way], *, calibrate: bool) -> Fit:
    """Temperatures and weights of least loss on these images; arguments as in `nested`."""
    labels = data.labels
    probs = data.probs
    temperatures = np.ones(len(probs))
    if calibrate:
        temperatures = fit_temperatures(labels, probs)
        probs = apply_temperatures(probs, temperatures)
    seen = fit_data(labels, probs, data.groups, data.favourites, data.metric)
    votes = {
        name: fit_vote(labels, probs, seen, way, calibrate=calibrate)
        for name, way in ways.items()
    }
    return Fit(temperatures, votes)


def fit_vote(
    labels: np.ndarray,
    probs: np.ndarray,
    data: FitData,
    way: Way,
    *,
    calibrate: bool,
) -> FittedVote:
    """A vote's weights, and its temperature.

    Args:
        labels: (N,).
        probs: (M, N, C), of members at their temperatures.
        data: the same, as weights are fitted on it.
        way: the vote and where its weights come from.
        calibrate: whether the vote has a temperature of its own.
    """
    weights = way.weights_for(data)
    temperature = 1.0
    if calibrate and has_temperature(way.vote):
        temperature = fit_temperature(labels, VOTES[way.vote](probs, weights))
    return FittedVote(way.vote, weights, temperature)


def fits(
    data: LabelledProbs, ways: Mapping[str, Way], *, calibrate: bool, seed: int
) -> Iterator[tuple[np.ndarray, Fit]]:
    """Each part, (N,) bool, and what was fitted on all the others; arguments as in `nested`."""
    parts = parts_of(data.groups, seed=seed)
    for part in progress(np.unique(parts), "nested", unit="part"):
        is_out = parts == part
        # One group alone has nothing else to learn from.
        rest = is_out if is_out.all() else ~is_out
        yield is_out, fit(data.of(rest), ways, calibrate=calibrate)


def nested(
    data: LabelledProbs, ways: Mapping[str, Way], *, calibrate: bool, seed: int
) -> dict[str, np.ndarray]:
    """Votes of M members by name, (N, C) each, fitted without the image's part.

    Args:
        data: the images.
        ways: of voting, by name.
        calibrate: whether members vote at their temperatures, fitted as well.
        seed: of the parts.
    """
    votes = {name: np.empty_like(data.probs[0]) for name in ways}
    for is_out, fitted in fits(data, ways, calibrate=calibrate, seed=seed):
        for name, probs in fitted.apply(data.probs[:, is_out]).items():
            votes[name][is_out] = probs
    return votes
