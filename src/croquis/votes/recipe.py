"""The ensemble: which members vote, how, and with which weights and temperatures."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from croquis.core import params
from croquis.core.errors import InputError
from croquis.core.files import read_json_model, write_json
from croquis.votes.calibration import apply_temperature
from croquis.votes.members import RunParams
from croquis.votes.voting import VOTES, VoteName, has_temperature, member_vote

MOST_WEIGHT = (
    1_000_000  # beyond numbers of any meaning, and sums of them are no numbers
)


class VoteParams(params.Section):
    """How the folds of one member vote on the test set, and whether at its temperature."""

    folds: VoteName = Field(
        default="soft",
        description="soft is the mean of the folds' probabilities, "
        "hard the share of their predicted labels.",
    )
    calibrate: bool = Field(
        default=True,
        description="Whether each member gets the temperature of least log-loss on its OOF.",
    )

    @property
    def calibrated(self) -> bool:
        """Whether temperatures are fitted; shares of argmaxes have none."""
        return self.calibrate and has_temperature(self.folds)


class EnsembleParams(params.Section):
    """How members vote; weights that are fitted have to prove themselves against uniform ones."""

    members: Literal["all"] | Annotated[list[str], Field(min_length=1)] = Field(
        default="all",
        description="All of `run`, or a list of keys; <key>.cycle1 is a snapshot of a model.",
    )
    vote: VoteName = Field(
        default="soft",
        description="The vote over members that counts; all others are scored beside it.",
    )
    weights: (
        Literal["uniform", "greedy", "simplex"]
        | dict[str, Annotated[float, Field(ge=0, le=MOST_WEIGHT)]]
    ) = Field(
        default="uniform",
        description="uniform, {key: weight}, or greedy and simplex: fitted on OOF, "
        "used only where they are significantly better.",
    )

    @model_validator(mode="after")
    def _fitted_to_means(self) -> "EnsembleParams":
        if self.weights in ("greedy", "simplex") and self.vote != "soft":
            raise ValueError(
                f"vote: soft beside weights: {self.weights}, as weights are fitted to means of "
                f"probabilities, or weights: uniform beside vote: {self.vote}"
            )
        return self


class Recipe(params.Section):
    """All that turns the predictions of folds and members into the ensemble's.

    `weights` and `temperatures` have a number for each of `members`; `temperature` is the vote's.
    """

    members: list[str]
    folds: list[int]
    fold_vote: VoteName
    vote: VoteName
    weights: dict[str, float]
    temperatures: dict[str, Annotated[float, Field(gt=0)]]
    temperature: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _of_one_ensemble(self) -> "Recipe":
        for name, numbers in (
            ("weights", self.weights),
            ("temperatures", self.temperatures),
        ):
            if set(numbers) != set(self.members):
                raise ValueError(f"{name} of exactly the members")
        for name, entries in (("members", self.members), ("folds", self.folds)):
            if not entries or len(set(entries)) < len(entries):
                raise ValueError(f"{name}, each once")
        if min(self.folds) < 0 or min(self.weights.values()) < 0:
            raise ValueError("folds and weights from 0")
        if (
            not any(self.weights.values())
            or max(self.weights.values()) > MOST_WEIGHT
        ):
            raise ValueError(f"a weight above 0, and none above {MOST_WEIGHT:,}")
        return self

    @classmethod
    def load(cls, path: Path) -> "Recipe":
        """What `save` wrote.

        Raises:
            InputError: if there is no such file, or it is something else.
        """
        return read_json_model(cls, path, "the recipe of an ensemble")

    def save(self, path: Path) -> None:
        """Writes a small JSON."""
        write_json(path, self.model_dump())

    def combine(self, by_member: dict[str, list[np.ndarray]]) -> np.ndarray:
        """The ensemble's probabilities, (N, C), from those of each member's folds, (N, C) each.

        Each fold at its member's temperature, then the vote of folds, then that of members, then
        the temperature of it all.
        """
        calibrated = {
            key: [
                apply_temperature(probs, self.temperatures[key])
                for probs in by_member[key]
            ]
            for key in self.members
        }
        return self.combine_calibrated(calibrated)

    def combine_calibrated(
        self, by_member: dict[str, list[np.ndarray]]
    ) -> np.ndarray:
        """`combine` where each fold is at its member's temperature already."""
        fold_vote = VOTES[self.fold_vote]
        votes = np.stack(
            [fold_vote(np.stack(by_member[key])) for key in self.members]
        )
        weights = np.array([self.weights[key] for key in self.members])
        probs = member_vote(votes, weights, folds=self.fold_vote, members=self.vote)
        return apply_temperature(probs, self.temperature)


def member_keys(run: RunParams, ensemble: EnsembleParams) -> list[str]:
    """The keys of the members that vote, sorted.

    Raises:
        InputError: if one is listed twice, as it would vote twice.
    """
    if ensemble.members == "all":
        return run.members
    if len(set(ensemble.members)) < len(ensemble.members):
        received = ", ".join(ensemble.members)
        fix = "for a larger say use ensemble.weights"
        raise InputError(
            "ensemble.members", expected="each once", received=received, fix=fix
        )
    return sorted(ensemble.members)


def voters(run: RunParams, ensemble: EnsembleParams) -> list[str]:
    """The keys whose folds are joined, sorted: all of `run`, and snapshots among `members`."""
    return sorted({*run.members, *member_keys(run, ensemble)})


def weights_of(members: list[str], ensemble: EnsembleParams) -> np.ndarray:
    """One weight per member, (M,); ones where they are still to be fitted.

    Raises:
        InputError: if `weights` leaves out a member, names another one, or is all zeros.
    """
    if isinstance(ensemble.weights, str):
        return np.ones(len(members))
    if set(ensemble.weights) != set(members) or not any(ensemble.weights.values()):
        expected = f"a weight for each of {', '.join(members)}, one of them above 0"
        received = ", ".join(
            f"{key}: {weight}" for key, weight in sorted(ensemble.weights.items())
        )
        fix = "give each member one weight, or say uniform"
        raise InputError(
            "ensemble.weights",
            expected=expected,
            received=received or "none",
            fix=fix,
        )
    return np.array([ensemble.weights[key] for key in members])
