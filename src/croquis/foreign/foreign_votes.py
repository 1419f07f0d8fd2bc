"""The vote over prediction files: one weight a file, ties to the lowest class, and counted."""

from dataclasses import dataclass

import numpy as np

from croquis.core.errors import InputError
from croquis.foreign.foreign import Foreign
from croquis.votes.voting import VOTES, tied

_ROWS = 1000  # voted on at once: 15 files of 10,014 x 500 would fill 600 MB


@dataclass(frozen=True, eq=False)
class ForeignVote:
    """What the files decided.

    Attributes:
        labels: (N,) int.
        ties: how many images had more than one highest class; the lowest has won.
        agreement: share of images on which each file is of the vote's opinion, (M,).
    """

    labels: np.ndarray
    ties: int
    agreement: list[float]


def outcome(
    files: list[Foreign], method: str, weights: list[float] | None = None
) -> ForeignVote:
    """The vote of aligned files.

    Args:
        files: of the same images in the same order.
        method: "hard" counts predicted labels, "soft" averages probabilities.
        weights: one a file, at least one above 0; None counts each file once.

    Raises:
        InputError: if labels vote softly, or files speak of different classes.
    """
    _check_kinds(files, method)
    count = class_count(files)
    file_weights = None if weights is None else np.array(weights)
    labels = []
    ties = 0
    for start in range(0, len(files[0].ids), _ROWS):
        part = np.s_[start : start + _ROWS]
        # Rounded, so that the order of files decides nothing: a sum of three has no fixed last bit.
        probs = _stack(files, part, method, count)
        shares = np.round(VOTES[method](probs, file_weights), 12)
        labels.append(shares.argmax(axis=1))
        ties += tied(shares)
    joined = np.concatenate(labels)
    return ForeignVote(
        joined, ties, [float((file.labels == joined).mean()) for file in files]
    )


def class_count(files: list[Foreign]) -> int:
    """How many classes there are: as many as probabilities have, or as the highest label asks for.

    Raises:
        InputError: if two files speak of different classes.
    """
    soft = [file for file in files if not file.is_hard]
    for file in soft:
        _check_equal(file, soft[0], file.values.shape[1], soft[0].values.shape[1])
    named = [(file, file.classes) for file in soft if file.classes is not None]
    for file, classes in named:
        first, first_classes = named[0]
        if not np.array_equal(classes, first_classes):
            names = f"the class names of {first.source}"
            raise _other_classes(file, names, "others")
    if not soft:
        return 1 + int(max(file.values.max() for file in files))
    count = soft[0].values.shape[1]
    for file in files:
        if file.is_hard and file.values.max() >= count:
            expected = (
                f"labels 0 to {count - 1}, as {soft[0].source} has {count} classes"
            )
            raise _other_classes(file, expected, f"label {file.values.max()}")
    return count


def _stack(
    files: list[Foreign], part: slice, method: str, count: int
) -> np.ndarray:
    """The voters' rows, (M, rows, C): probabilities, or ones at their labels."""
    if method == "soft":
        return np.stack([file.values[part] for file in files])
    return np.stack([file.labels[part] for file in files])[:, :, None] == np.arange(
        count
    )


def _check_kinds(files: list[Foreign], method: str) -> None:
    hard = [file for file in files if file.is_hard]
    if method == "soft" and hard:
        raise InputError(
            hard[0].source,
            expected="probabilities for a soft vote",
            received="labels",
            fix="say --method hard, or give the probabilities that they come from",
        )


def _check_equal(file: Foreign, first: Foreign, here: int, there: int) -> None:
    if here != there:
        raise _other_classes(
            file, f"{there} classes, as {first.source} has", str(here)
        )


def _other_classes(file: Foreign, expected: str, received: str) -> InputError:
    fix = "vote over files of one and the same competition"
    return InputError(file.source, expected=expected, received=received, fix=fix)
