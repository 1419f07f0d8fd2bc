"""Votes: many voters' probabilities to one, soft (mean of probs) or hard (share of argmaxes)."""

from collections.abc import Callable

import numpy as np


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
    found = np.zeros(probs.shape[1:])
    rows = np.arange(probs.shape[1])
    for choices, share in zip(
        probs.argmax(axis=-1), weight_shares(len(probs), weights), strict=True
    ):
        found[rows, choices] += share
    return np.round(found, 12)


VOTES: dict[str, Callable[..., np.ndarray]] = {"soft": soft_vote, "hard": hard_vote}


def member_vote(
    ballots: np.ndarray, weights: np.ndarray | None = None, *, folds: str, members: str
) -> np.ndarray:
    """The vote over members whose folds have voted, (M, N, C) to (N, C).

    After a hard vote of folds a ballot is a share of argmaxes, so votes already: they are added, a
    member's weight shared by its folds, and not voted over again. `members` then changes nothing.
    Rounded to 6 digits, as files hold shares in float32: equal shares stay equal.
    """
    if folds == "hard":
        return np.round(soft_vote(ballots.astype(np.float64), weights), 6)
    return VOTES[members](ballots, weights)


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
