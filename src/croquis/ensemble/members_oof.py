"""What all members say out of fold, joined by id."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from croquis.ensemble.nested_fits import (
    LabelledProbs,
    apply_temperatures,
    fit_temperatures,
)
from croquis.scoring.chosen_metric import ACCURACY, Metric
from croquis.tables import predictions
from croquis.tables.components import units
from croquis.tables.fold_tables import read_folds, require_labels, truth_of
from croquis.tables.predictions import same_classes
from croquis.votes.fitting import FitData, favourites, fit_data
from croquis.votes.parts import nested_calibrated
from croquis.votes.recipe import VoteParams
from croquis.votes.voting import VOTES


@dataclass(frozen=True)
class MembersOof:
    """What M members say out of fold of N images with labels.

    Attributes:
        members: M keys.
        ids: (N,).
        classes: (C,) names.
        labels: (N,).
        groups: (N,), of copies, or domains.
        probs: (M, N, C), uncalibrated; one-hot where folds vote hard.
        calibrated: (M, N, C), each member at its temperature, or `probs` again.
        temperatures: (M,), ones where nothing is calibrated.
        fold_vote: how folds vote.
        seed: of bootstraps and of nested parts.
        metric: that everything is chosen by.
    """

    members: list[str]
    ids: np.ndarray
    classes: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    probs: np.ndarray
    calibrated: np.ndarray
    temperatures: np.ndarray
    fold_vote: VoteParams
    seed: int
    metric: Metric = ACCURACY

    @cached_property
    def favourites(self) -> np.ndarray:
        """The classes that weights are fitted on, `fitting.favourites`."""
        return favourites(self.labels, self.probs)

    @cached_property
    def fit_data(self) -> FitData:
        """What weights are fitted on, of all images."""
        return fit_data(
            self.labels, self.calibrated, self.groups, self.favourites, self.metric
        )

    @property
    def labelled(self) -> LabelledProbs:
        """What is cut into parts for nested scores."""
        return LabelledProbs(
            self.labels, self.probs, self.groups, self.favourites, self.metric
        )

    @cached_property
    def member_verdicts(self) -> np.ndarray:
        """The metric's verdicts on each member alone, (M, N) or (M, N, 2).

        A temperature changes the log-loss, so each image is judged at one that was fitted without
        it. It changes no label.
        """
        members = self.probs
        if self.metric.name == "log_loss" and self.fold_vote.calibrated:
            members = np.stack(
                [
                    nested_calibrated(
                        self.labels, member, self.groups, seed=self.seed
                    )
                    for member in self.probs
                ]
            )
        return np.stack([self.metric.judge(self.labels, each) for each in members])


def read_members_oof(
    members: list[str],
    votes: Path,
    folds: Path,
    fold_vote: VoteParams,
    *,
    seed: int,
    metric: Metric = ACCURACY,
) -> MembersOof:
    """The OOF that `vote` joined, as it goes into the votes over members.

    Args:
        members: their keys.
        votes: data/votes.
        folds: folds.csv, which knows labels, groups and domains.
        fold_vote: how folds vote, and whether at a temperature.
        seed: of all that is drawn from here on.
        metric: that everything is chosen by.
    """
    paths = [votes / member / "oof.npz" for member in members]
    parts = [predictions.load_predictions(path) for path in paths]
    same_classes(parts, paths)
    ids = parts[0].ids
    truth = truth_of(ids, read_folds(folds), where=paths[0])
    labels = truth["label"].to_numpy()
    require_labels(labels, parts[0].classes)
    aligned = [
        part.aligned(ids, where=path).probs
        for part, path in zip(parts, paths, strict=True)
    ]
    # Out of fold, one model votes for all folds of its member.
    probs = np.stack([VOTES[fold_vote.folds](member[None]) for member in aligned])
    temperatures = np.ones(len(probs))
    calibrated = probs
    if fold_vote.calibrated:
        temperatures = fit_temperatures(labels, probs)
        calibrated = apply_temperatures(probs, temperatures)
    return MembersOof(
        members=members,
        ids=ids,
        classes=parts[0].classes,
        labels=labels,
        groups=units(truth),
        probs=probs,
        calibrated=calibrated,
        temperatures=temperatures,
        fold_vote=fold_vote,
        seed=seed,
        metric=metric,
    )
