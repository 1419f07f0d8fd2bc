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
        shares: (N, C) what each class received, rows that sum to one; None if not asked for.
    """

    labels: np.ndarray
    ties: int
    agreement: list[float]
    shares: np.ndarray | None = None


def outcome(
    files: list[Foreign],
    method: str,
    weights: list[float] | None = None,
    *,
    classes: int | None = None,
    with_shares: bool = False,
) -> ForeignVote:
    """The vote of aligned files.

    Args:
        files: of the same images in the same order.
        method: "hard" counts predicted labels, "soft" averages probabilities.
        weights: one a file, at least one above 0; None counts each file once.
        classes: how many there are, where more than the files is known.
        with_shares: whether the shares are kept, which take (N, C) numbers.

    Raises:
        InputError: if labels vote softly, or files speak of different classes.
    """
    _check_kinds(files, method)
    count = max(class_count(files), classes or 0)
    file_weights = None if weights is None else np.array(weights)
    labels = []
    kept = []
    ties = 0
    for start in range(0, len(files[0].ids), _ROWS):
        part = np.s_[start : start + _ROWS]
        # Rounded, so that the order of files decides nothing: a sum of three has no fixed last bit.
        probs = _stack(files, part, method, count)
        shares = np.round(VOTES[method](probs, file_weights), 12)
        labels.append(shares.argmax(axis=1))
        ties += tied(shares)
        if with_shares:
            kept.append(shares)
    joined = np.concatenate(labels)
    agreement = [float((file.labels == joined).mean()) for file in files]
    return ForeignVote(
        joined, ties, agreement, np.concatenate(kept) if with_shares else None
    )


def check_numbers(files: list[Foreign], classes: int | None) -> None:
    """Raises InputError where labels do not count from 0, or there are more than classes.

    Args:
        files: those with class names are not looked at.
        classes: how many there are; where nobody knows, a file without a 0 counts from 1.
    """
    for file in files:
        if not file.is_hard or file.classes is not None:
            continue
        least = int(file.values.min())
        most = int(file.values.max())
        is_sound = least == 0 if classes is None else most < classes
        if is_sound:
            continue
        from_one = least > 0 and classes in (None, most)
        last = "" if classes is None else f" to {classes - 1}"
        fix = "subtract 1 from each"
        if classes is None:
            fix += "; if no image is of class 0, say the classes by --classes"
        if not from_one:
            fix = "vote over files of one and the same competition"
        raise InputError(
            file.source,
            expected=f"labels that count from 0{last}",
            received=f"{least} to {most}" + (", and no 0" if least else ""),
            fix=fix,
        )


def class_count(files: list[Foreign]) -> int:
    """How many classes there are: as many as probabilities have, or as the highest label asks for.

    Raises:
        InputError: if two files speak of different classes.
    """
    soft = [file for file in files if not file.is_hard]
    for file in soft:
        _check_equal(file, soft[0], file.values.shape[1], soft[0].values.shape[1])
    named = [(file, file.classes) for file in files if file.classes is not None]
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
