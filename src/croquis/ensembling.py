"""The ensemble: which members vote, how, and with which weights."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from croquis import params
from croquis.errors import InputError
from croquis.members import RunParams, voted
from croquis.predictions import Predictions


class VoteParams(params.Section):
    """How the folds of one member vote on the test set."""

    folds: Literal["soft", "hard"]


class EnsembleParams(params.Section):
    """How members vote.

    `members` is all of `run` or a list of keys; `weights` is uniform or {key: weight}.
    """

    members: Literal["all"] | Annotated[list[str], Field(min_length=1)]
    vote: Literal["soft", "hard"]
    weights: Literal["uniform"] | dict[str, Annotated[float, Field(ge=0)]]


def member_keys(run: RunParams, ensemble: EnsembleParams) -> list[str]:
    """The keys of the members that vote, sorted.

    Raises:
        InputError: if one is listed twice, as it would vote twice.
    """
    if ensemble.members == "all":
        return run.members
    if len(set(ensemble.members)) < len(ensemble.members):
        received, fix = ", ".join(ensemble.members), "for a larger say use ensemble.weights"
        raise InputError("ensemble.members", expected="each once", received=received, fix=fix)
    return sorted(ensemble.members)


def weights_of(members: list[str], ensemble: EnsembleParams) -> np.ndarray:
    """One weight per member, (M,).

    Raises:
        InputError: if `weights` leaves out a member, names another one, or is all zeros.
    """
    if ensemble.weights == "uniform":
        return np.ones(len(members))
    if set(ensemble.weights) != set(members) or not any(ensemble.weights.values()):
        expected = f"a weight for each of {', '.join(members)}, one of them above 0"
        received = ", ".join(f"{key}: {weight}" for key, weight in sorted(ensemble.weights.items()))
        fix = "give each member one weight, or say uniform"
        raise InputError(
            "ensemble.weights", expected=expected, received=received or "none", fix=fix
        )
    return np.array([ensemble.weights[key] for key in members])


def ballot(member: Predictions, fold_vote: str) -> Predictions:
    """One fold's predictions as `vote.folds` hands them on: probs if soft, argmaxes if hard."""
    return member if fold_vote == "soft" else voted([member], "hard")
