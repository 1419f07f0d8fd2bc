"""Every way of voting with the members' OOF, and the choice among them."""

from dataclasses import dataclass

import numpy as np

from croquis.ensemble.members_oof import MembersOof
from croquis.ensemble.nested_fits import Way, fit_vote, nested
from croquis.votes.fitting import FITTED
from croquis.votes.recipe import EnsembleParams, Recipe
from croquis.votes.voting import VOTES, VoteName


@dataclass(frozen=True)
class Alternative:
    """One way of voting.

    Attributes:
        vote: a key of `voting.VOTES`.
        weights: (M,), fitted on all of OOF if fitted at all.
        temperatures: of the members, (M,).
        temperature: of the vote itself, 1 where nothing is calibrated.
        probs: (N, C) under these weights.
        nested: (N, C), each image by weights and temperatures fitted without it.
    """

    vote: VoteName
    weights: np.ndarray
    temperatures: np.ndarray
    temperature: float
    probs: np.ndarray
    nested: np.ndarray


def all_alternatives(
    oof: MembersOof, weights: np.ndarray
) -> dict[str, Alternative]:
    """Every vote by name: those of VOTES under `weights` (M,), and all that can be fitted.

    On OOF the folds of a member have one voice: only the vote over members can be judged there.
    """
    calibrate = oof.fold_vote.calibrated
    ways = ways_of_voting(weights)
    unseen = nested(oof.labelled, ways, calibrate=calibrate, seed=oof.seed)
    alternatives = {
        name: _fit(oof, way, unseen[name]) for name, way in ways.items()
    }
    if calibrate:
        alternatives["soft uncalibrated"] = _uncalibrated(oof, weights)
    return alternatives


def ways_of_voting(weights: np.ndarray) -> dict[str, Way]:
    """The ways by name for members with these weights, (M,); one alone has nothing to weigh."""
    ways = {name: Way(name, weights) for name in VOTES}
    if len(weights) == 1:
        return ways
    if np.ptp(weights):
        ways["soft uniform"] = Way("soft", np.ones(len(weights)))
    return ways | {name: Way("soft", fitted) for name, fitted in FITTED.items()}


def _fit(oof: MembersOof, way: Way, unseen: np.ndarray) -> Alternative:
    """The vote fitted on all of OOF: what goes to the test set; `unseen` is its nested OOF."""
    calibrate = oof.fold_vote.calibrated
    vote = fit_vote(
        oof.labels, oof.calibrated, oof.fit_data, way, calibrate=calibrate
    )
    return Alternative(
        vote=vote.vote,
        weights=vote.weights,
        temperatures=oof.temperatures,
        temperature=vote.temperature,
        probs=vote.apply(oof.calibrated),
        nested=unseen,
    )


def _uncalibrated(oof: MembersOof, weights: np.ndarray) -> Alternative:
    """The soft vote without any temperature; nothing is fitted, so it is its own nested vote."""
    probs = VOTES["soft"](oof.probs, weights)
    ones = np.ones(len(oof.members))
    return Alternative("soft", weights, ones, 1.0, probs, probs)


def choose(
    oof: MembersOof, alternatives: dict[str, Alternative], settings: EnsembleParams
) -> str:
    """The vote that params.yaml asks for; of fitted weights, only if nested they beat uniform.

    It is the metric of params.yaml by which they have to.
    """
    weights = settings.weights
    if not isinstance(weights, str) or weights not in alternatives:
        return settings.vote
    metric = oof.metric
    uniform = metric.judge(oof.labels, alternatives["soft"].nested)
    fitted = metric.judge(oof.labels, alternatives[weights].nested)
    difference = metric.difference(uniform, fitted, oof.groups, seed=oof.seed)
    return weights if metric.is_better(difference, oof.groups) else "soft"


def recipe_of(oof: MembersOof, choice: Alternative, folds: list[int]) -> Recipe:
    """All that the test set, a server or another machine needs to vote as was decided here."""
    return Recipe(
        members=oof.members,
        folds=folds,
        fold_vote=oof.fold_vote.folds,
        vote=choice.vote,
        weights=dict(zip(oof.members, choice.weights.tolist(), strict=True)),
        temperatures=dict(
            zip(oof.members, choice.temperatures.tolist(), strict=True)
        ),
        temperature=choice.temperature,
    )
