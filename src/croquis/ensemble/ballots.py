"""Members' OOF as ballots, and every way of voting with them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from croquis.core.progress import progress
from croquis.ensemble.nesting import (
    Known,
    Ways,
    Weigh,
    calibrated,
    nested,
    temperatures,
)
from croquis.scoring.paired import difference_interval, is_significant, mcnemar
from croquis.tables import predictions
from croquis.tables.components import units
from croquis.tables.fold_tables import read_folds, truth_of
from croquis.tables.predictions import Predictions, same_classes
from croquis.votes.calibration import apply_temperature
from croquis.votes.fitting import FITTED, Seen, favourites, fit_temperature, seen_by_fit
from croquis.votes.members import folder_of
from croquis.votes.recipe import EnsembleParams, Recipe, VoteParams
from croquis.votes.voting import VOTES


@dataclass(frozen=True)
class Ballots:
    """What members say of N images whose labels are known.

    Attributes:
        members: M keys.
        ids: (N,).
        classes: (C,) names.
        labels: (N,).
        groups: (N,), of copies, or domains.
        probs: (M, N, C), uncalibrated; one-hot where folds vote hard.
        warm: (M, N, C), each member at its temperature, or `probs` again.
        temperatures: (M,), ones where nothing is calibrated.
        how: how folds vote.
        seed: of bootstraps and of nested parts.
    """

    members: list[str]
    ids: np.ndarray
    classes: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    probs: np.ndarray
    warm: np.ndarray
    temperatures: np.ndarray
    how: VoteParams
    seed: int

    @cached_property
    def columns(self) -> np.ndarray:
        """The classes that weights are fitted on, `fitting.favourites`."""
        return favourites(self.labels, self.probs)

    @cached_property
    def seen(self) -> Seen:
        """What weights are fitted on, of all images."""
        return seen_by_fit(self.labels, self.warm, self.groups, self.columns)


@dataclass(frozen=True)
class Alternative:
    """One way of voting.

    Attributes:
        vote: soft or hard.
        weights: (M,), fitted on all of OOF if fitted at all.
        temperatures: of the members, (M,).
        temperature: of the vote itself, 1 where nothing is calibrated.
        probs: (N, C) under these weights.
        nested: (N, C), each image by weights and temperatures fitted without it.
    """

    vote: str
    weights: np.ndarray
    temperatures: np.ndarray
    temperature: float
    probs: np.ndarray
    nested: np.ndarray


def read_ballots(
    members: list[str], votes: Path, folds: Path, how: VoteParams, *, seed: int
) -> Ballots:
    """The OOF that `vote` joined, as it goes into the votes over members.

    Args:
        members: their keys.
        votes: data/votes.
        folds: folds.csv, which knows labels, groups and domains.
        how: whether folds vote softly, and at a temperature.
        seed: of all that is drawn from here on.
    """
    paths = [votes / member / "oof.npz" for member in members]
    parts = [predictions.load_predictions(path) for path in paths]
    same_classes(parts, paths)
    ids = parts[0].ids
    truth = truth_of(ids, read_folds(folds), where=paths[0])
    labels = truth["label"].to_numpy()
    groups = units(truth)
    probs = np.stack(
        [
            part.aligned(ids, where=path).probs
            for part, path in zip(parts, paths, strict=True)
        ]
    )
    if how.folds == "hard":
        probs = np.stack([VOTES["hard"](member[None]) for member in probs])
    each = temperatures(labels, probs) if how.calibrated else np.ones(len(probs))
    warm = calibrated(probs, each) if how.calibrated else probs
    return Ballots(
        members=members,
        ids=ids,
        classes=parts[0].classes,
        labels=labels,
        groups=groups,
        probs=probs,
        warm=warm,
        temperatures=each,
        how=how,
        seed=seed,
    )


def alternatives(given: Ballots, weights: np.ndarray) -> dict[str, Alternative]:
    """Every vote by name: soft and hard under `weights` (M,), and all that can be fitted.

    On OOF the folds of a member have one voice: only the vote over members can be judged there.
    """
    ways: Ways = {vote: (vote, weights) for vote in VOTES}
    if len(given.members) > 1:
        if np.ptp(weights):
            ways["soft uniform"] = ("soft", np.ones(len(weights)))
        ways |= {name: ("soft", fit) for name, fit in FITTED.items()}
    known = Known(given.labels, given.probs, given.groups, given.columns)
    unseen = nested(known, ways, calibrate=given.how.calibrated, seed=given.seed)
    found = {name: _whole(given, *way, unseen[name]) for name, way in ways.items()}
    if given.how.calibrated:
        raw = VOTES["soft"](given.probs, weights)
        ones = np.ones(len(given.members))
        found["soft uncalibrated"] = Alternative("soft", weights, ones, 1.0, raw, raw)
    return found


def _whole(
    given: Ballots, vote: str, weigh: Weigh | np.ndarray, unseen: np.ndarray
) -> Alternative:
    """The same vote fitted on all of OOF: what goes to the test set."""
    weights = weigh(given.seen) if callable(weigh) else weigh
    probs = VOTES[vote](given.warm, weights)
    cooled = 1.0
    if given.how.calibrated and vote == "soft":
        cooled = fit_temperature(given.labels, probs)
    probs = apply_temperature(probs, cooled)
    return Alternative(vote, weights, given.temperatures, cooled, probs, unseen)


def chosen(given: Ballots, found: dict[str, Alternative], how: EnsembleParams) -> str:
    """The vote that params.yaml asks for; of fitted weights, only if nested they beat uniform."""
    if not isinstance(how.weights, str) or how.weights not in found:
        return how.vote
    rights = [
        found[name].nested.argmax(axis=1) == given.labels
        for name in ("soft", how.weights)
    ]
    gained = difference_interval(*rights, given.groups, seed=given.seed)
    apart = is_significant(mcnemar(*rights), gained, given.groups)
    return how.weights if apart and gained[0] > 0 else "soft"


def recipe_of(given: Ballots, taken: Alternative, folds: list[int]) -> Recipe:
    """All that the test set, a server or another machine needs to vote as was decided here."""
    return Recipe(
        members=given.members,
        folds=folds,
        fold_vote=given.how.folds,
        vote=taken.vote,
        weights=dict(zip(given.members, taken.weights.tolist(), strict=True)),
        temperatures=dict(zip(given.members, taken.temperatures.tolist(), strict=True)),
        temperature=taken.temperature,
    )


def combined(
    recipe: Recipe, by_fold: Path, choices: list[list[int]]
) -> list[Predictions]:
    """The ensemble's test predictions by the models of each choice of folds; files are read once.

    Args:
        recipe: which members, and how they vote.
        by_fold: data/predictions.
        choices: all folds of the run, and each alone for what OOF estimates.
    """
    folds = sorted({fold for choice in choices for fold in choice})
    each = [(key, fold) for key in recipe.members for fold in folds]
    paths = [folder_of(by_fold, key, fold) / "test.npz" for key, fold in each]
    first = predictions.load_predictions(paths[0])
    warm = {key: {} for key in recipe.members}
    for (key, fold), path in zip(
        progress(each, "test", unit="file"), paths, strict=True
    ):
        part = predictions.load_predictions(path)
        same_classes([first, part], [paths[0], path])
        probs = part.aligned(first.ids, where=path).probs
        warm[key][fold] = apply_temperature(probs, recipe.temperatures[key])
    found = []
    for choice in choices:
        by_member = {key: [own[fold] for fold in choice] for key, own in warm.items()}
        found.append(Predictions(first.ids, recipe.decide(by_member), first.classes))
    return found
