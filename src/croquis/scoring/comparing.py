"""Two experiments on the same images: which is better, and whether that is more than chance."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.scoring.metrics import Estimate, accuracy_interval
from croquis.scoring.paired import (
    FEWEST,
    LEVEL,
    difference_interval,
    is_significant,
    mcnemar,
)
from croquis.tables.components import join_groups, units
from croquis.tables.fold_tables import truth_of
from croquis.tables.predictions import Predictions


@dataclass(frozen=True, eq=False)
class ScoredExperiment:
    """An experiment's OOF predictions, each of them right or wrong.

    Attributes:
        name: of the experiment, for people.
        images: by id: `right` (bool), `class_name` (the true one), `unit`, `sha256`.
    """

    name: str
    images: pd.DataFrame


@dataclass(frozen=True)
class Comparison:
    """Two experiments on the images that both have scored.

    Attributes:
        images: how many these are.
        groups: of copies among them, or domains.
        left_out: how many only the first, and only the second one has scored.
        accuracies: of the two, each with the ends of its 95 % interval.
        both: how many images both get right.
        only: how many the first alone, and the second alone gets right.
        difference: second accuracy minus first, with the ends of its 95 % interval.
        p: of the exact McNemar test.
        significant: whether they differ by more than chance, as `paired.is_significant` says.
        smallest: the smallest difference that could have been called; None if there is none, as
            they differ on so few images, or the groups are fewer than `paired.FEWEST`.
        same_question: whether the folds of both hold the same together; else a difference may be
            that of the questions.
    """

    images: int
    groups: int
    left_out: tuple[int, int]
    accuracies: tuple[Estimate, Estimate]
    both: int
    only: tuple[int, int]
    difference: Estimate
    p: float
    significant: bool
    smallest: float | None
    same_question: bool = True


def score_predictions(
    name: str, oof: Predictions, folds: pd.DataFrame
) -> ScoredExperiment:
    """OOF predictions, right or wrong by the labels of folds.csv.

    Raises:
        InputError: if images of `oof` are not in `folds`.
    """
    fix = "give the OOF and the folds of one run"
    rows = truth_of(oof.ids, folds, where=name, fix=fix)
    labels = rows["label"].to_numpy()
    if labels.max(initial=0) >= len(oof.classes):
        raise InputError(
            name,
            expected=f"labels below {len(oof.classes)}, its classes",
            received=str(labels.max()),
            fix=fix,
        )
    images = rows[["sha256"]].assign(
        unit=units(rows),
        right=oof.probs.argmax(axis=1) == labels,
        class_name=oof.classes[labels],
    )
    return ScoredExperiment(name, images)


def compare_predictions(
    one: ScoredExperiment, other: ScoredExperiment, *, seed: int
) -> Comparison:
    """The comparison of two experiments, image by image.

    Groups of copies, or domains, are drawn together; where the two were grouped differently, what
    either takes for one is.

    Args:
        one: the first.
        other: the second.
        seed: of the bootstrap.

    Raises:
        InputError: if they share no image, or not the same files or labels under the same ids.
    """
    shared = _shared_ids(one, other)
    a = one.images.loc[shared]
    b = other.images.loc[shared]
    groups, is_same = _join_units(a["unit"].to_numpy(), b["unit"].to_numpy())
    right_a = a["right"].to_numpy()
    right_b = b["right"].to_numpy()
    left_out = (len(one.images) - len(shared), len(other.images) - len(shared))
    comparison = _compare(right_a, right_b, groups, left_out, seed)
    return replace(comparison, same_question=is_same)


def least_called(differing: int, images: int) -> float | None:
    """The smallest difference of accuracies that the exact McNemar test calls at 5 %.

    Args:
        differing: images that one of the two alone gets right.
        images: all of them.

    Returns:
        None where they differ on so few that even all of these for one side are no proof (5).
    """
    for fewer in range(differing // 2, -1, -1):  # p falls the further they part
        side = np.arange(differing) < fewer
        if mcnemar(side, ~side) < LEVEL:
            return (differing - 2 * fewer) / images
    return None


def _shared_ids(one: ScoredExperiment, other: ScoredExperiment) -> pd.Index:
    """The ids that both have; refused where they do not mean the same images and labels."""
    a = one.images
    b = other.images
    shared = a.index.intersection(b.index)
    if not len(shared):
        received = f"{len(a):,} and {len(b):,} images, none in both"
        raise _unlike(one, other, "OOF of the same images", received)
    for column, kind in (("sha256", "files"), ("class_name", "labels")):
        _check_same(one, other, shared, column, kind)
    return shared


def _join_units(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, bool]:
    """What is drawn together, (N,), and whether both had grouped the images alike."""
    pairs = len(set(zip(one, other, strict=True)))
    if pairs == len(np.unique(one)) == len(np.unique(other)):
        return one, True
    return join_groups(one, other), False


def _compare(
    right_a: np.ndarray,
    right_b: np.ndarray,
    groups: np.ndarray,
    left_out: tuple[int, int],
    seed: int,
) -> Comparison:
    only = (int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum()))
    low, high = difference_interval(right_a, right_b, groups, seed=seed)
    difference = (float(right_b.mean() - right_a.mean()), low, high)
    p = mcnemar(right_a, right_b)
    return Comparison(
        images=len(groups),
        groups=len(np.unique(groups)),
        left_out=left_out,
        accuracies=(
            _accuracy(right_a, groups, seed),
            _accuracy(right_b, groups, seed),
        ),
        both=int((right_a & right_b).sum()),
        only=only,
        difference=difference,
        p=p,
        significant=is_significant(p, (low, high), groups),
        smallest=_smallest_difference(sum(only), difference, groups),
    )


def _accuracy(right: np.ndarray, groups: np.ndarray, seed: int) -> Estimate:
    low, high = accuracy_interval(right, groups, seed=seed)
    return float(right.mean()), low, high


def _smallest_difference(
    differing: int, difference: Estimate, groups: np.ndarray
) -> float | None:
    """The smallest difference that could have been called, as `Comparison.smallest`."""
    least = least_called(differing, len(groups))
    if least is None or len(np.unique(groups)) < FEWEST:
        return None
    middle, low, high = difference
    # Not below the reach of the interval, or a larger difference would pass for too small.
    return max(least, middle - low, high - middle)


def _check_same(
    one: ScoredExperiment,
    other: ScoredExperiment,
    shared: pd.Index,
    column: str,
    kind: str,
) -> None:
    values = one.images.loc[shared, column]
    unlike = (values != other.images.loc[shared, column]).to_numpy()
    if unlike.any():
        received = f"{unlike.sum():,} of {len(shared):,} with other {kind}, as {shared[unlike][0]}"
        raise _unlike(one, other, f"the same {kind} under the same ids", received)


def _unlike(
    one: ScoredExperiment, other: ScoredExperiment, expected: str, received: str
) -> InputError:
    return InputError(
        f"{one.name}, {other.name}",
        expected=expected,
        received=received,
        fix="compare experiments on one data source",
    )
