"""Votes: many voters' probabilities to one.

A new vote is one function here and its name in VOTES: params.yaml then allows it, `ensemble` and
`submit` score it beside the others, and the tests of all votes hold for it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from croquis.core.errors import InputError
from croquis.tables.predictions import Predictions, same_classes


class Vote(Protocol):
    """(M, N, C) probabilities of M voters and their weights, (M,) or None, to (N, C)."""

    def __call__(
        self, probs: np.ndarray, weights: np.ndarray | None = None
    ) -> np.ndarray:
        """Rows that sum to one; None counts every voter once."""


def soft_vote(probs: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Weighted mean of the voters' probabilities, (M, N, C) to (N, C).

    Args:
        probs: rows that sum to one.
        weights: (M,), at least one above 0; None counts every voter once.
    """
    return np.tensordot(
        weight_shares(len(probs), weights).astype(probs.dtype), probs, 1
    )


def hard_vote(probs: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Weighted share of the voters' argmaxes, (M, N, C) to (N, C).

    A voter who is undecided between classes votes for the lowest of them, and so does `argmax` of
    what comes back. Rounded to 12 digits, so that equal shares are equal whatever order they were
    added in.
    """
    shares = np.zeros(probs.shape[1:])
    rows = np.arange(probs.shape[1])
    for choices, share in zip(
        probs.argmax(axis=-1), weight_shares(len(probs), weights), strict=True
    ):
        shares[rows, choices] += share
    return np.round(shares, 12)


VOTES: dict[str, Vote] = {"soft": soft_vote, "hard": hard_vote}

# The names that params.yaml may give. A type checker takes no names of a dict.
if TYPE_CHECKING:
    VoteName = str
else:
    VoteName = Literal[tuple(VOTES)]


def has_temperature(vote: VoteName) -> bool:
    """Whether a temperature is fitted to what the vote gives; shares of argmaxes have none."""
    return vote != "hard"


def vote(
    parts: Sequence[Predictions],
    name: VoteName = "soft",
    weights: Sequence[float] | np.ndarray | None = None,
) -> Predictions:
    """The vote of several predictions of the same images; rows are joined by id.

    Soft is the mean of probabilities, the linear opinion pool (Stone 1961, "The opinion pool");
    hard is the share of argmaxes, plurality voting. Ties go to the lowest class.

    >>> one = Predictions(["a", "b"], [[0.75, 0.25], [0, 1]], ["cat", "dog"])
    >>> other = Predictions(["b", "a"], [[0.5, 0.5], [0.5, 0.5]], ["cat", "dog"])
    >>> vote([one, other]).probs.tolist()
    [[0.625, 0.375], [0.25, 0.75]]

    Args:
        parts: M predictions of N images over C classes, in any order of rows.
        name: a key of VOTES.
        weights: (M,), of any sum, at least one above 0; None counts each of `parts` once.

    Returns:
        N images in the order of the first part, with probabilities (N, C) between 0 and 1.

    Raises:
        InputError: if there are no parts, or if they are of other images or classes.
        ValueError: on weights that are negative, all 0, or not M.
    """
    if not parts:
        fix = "give the predictions of one model at least"
        raise InputError("votes", expected="one or more", received="none", fix=fix)
    same_classes(parts)
    first = parts[0]
    stack = np.stack([part.aligned(first.ids).probs for part in parts])
    numbers = None if weights is None else np.asarray(weights, dtype=np.float64)
    return Predictions(first.ids, VOTES[name](stack, numbers), first.classes)


def member_vote(
    fold_votes: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    folds: VoteName,
    members: VoteName,
) -> np.ndarray:
    """The vote over members whose folds have voted, (M, N, C) to (N, C).

    After a hard vote of folds a member has shares of argmaxes, so votes already: they are added, a
    member's weight shared by its folds, and not voted over again. `members` then changes nothing.
    Rounded to 6 digits, as files hold shares in float32: equal shares stay equal.
    """
    if folds == "hard":
        return np.round(soft_vote(fold_votes.astype(np.float64), weights), 6)
    return VOTES[members](fold_votes, weights)


def weight_shares(count: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Each voter's share, (M,), summing to one.

    Raises:
        ValueError: on negative or infinite weights, or if all are zero.
    """
    weights = (
        np.ones(count) if weights is None else np.asarray(weights, dtype=np.float64)
    )
    if (
        weights.shape != (count,)
        or not np.all(weights >= 0)
        or not 0 < weights.sum() < np.inf
    ):
        raise ValueError(
            f"weights: expected {count} numbers >= 0, received {weights}; 1 each is uniform"
        )
    return weights / weights.sum()


def tied(probs: np.ndarray) -> int:
    """How many rows of (N, C) have more than one highest class; they go to the lowest."""
    return int(((probs == probs.max(axis=1, keepdims=True)).sum(axis=1) > 1).sum())
