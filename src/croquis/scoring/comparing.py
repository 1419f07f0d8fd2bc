"""Two experiments on the same images: which is better, or whether that can be told at all."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.scoring.metrics import accuracy_interval
from croquis.scoring.paired import (
    FEWEST,
    LEVEL,
    difference_interval,
    is_significant,
    mcnemar,
)
from croquis.tables.components import join_groups, units
from croquis.tables.predictions import Predictions


@dataclass(frozen=True, eq=False)
class Scored:
    """An experiment's OOF, judged.

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
        told_apart: whether they are surely unlike, `paired.told_apart`.
        smallest: the smallest difference that could have been called; None if there is none, as
            they differ on so few images, or the groups are fewer than `paired.FEWEST`.
        same_question: whether the folds of both hold the same together; else a difference may be
            that of the questions.
    """

    images: int
    groups: int
    left_out: tuple[int, int]
    accuracies: tuple[tuple[float, float, float], tuple[float, float, float]]
    both: int
    only: tuple[int, int]
    difference: tuple[float, float, float]
    p: float
    told_apart: bool
    smallest: float | None
    same_question: bool = True


def score_predictions(name: str, oof: Predictions, folds: pd.DataFrame) -> Scored:
    """OOF predictions judged by the labels of folds.csv.

    Raises:
        InputError: if images of `oof` are not in `folds`.
    """
    truth = folds.set_index("id")
    lost = [image for image in oof.ids if image not in truth.index]
    if lost:
        received = f"{len(lost):,} others, as {lost[0]}"
        fix = "give the OOF and the folds of one run"
        raise InputError(
            name, expected="images of its folds.csv", received=received, fix=fix
        )
    rows = truth.loc[oof.ids]
    labels = rows["label"].to_numpy()
    if labels.max(initial=0) >= len(oof.classes):
        expected = f"labels below {len(oof.classes)}, its classes"
        received = str(labels.max())
        fix = "give the OOF and the folds of one run"
        raise InputError(name, expected=expected, received=received, fix=fix)
    found = {
        "right": oof.probs.argmax(axis=1) == labels,
        "class_name": oof.classes[labels],
    }
    return Scored(name, rows[["sha256"]].assign(unit=units(rows), **found))


def compare_predictions(one: Scored, other: Scored, *, seed: int) -> Comparison:
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
    a = one.images
    b = other.images
    shared = a.index.intersection(b.index)
    if not len(shared):
        received = f"{len(a):,} and {len(b):,} images, none in both"
        raise _unlike(one, other, "OOF of the same images", received)
    for column, kind in (("sha256", "files"), ("class_name", "labels")):
        _check_same(one, other, shared, column, kind)
    left_out = (len(a) - len(shared), len(b) - len(shared))
    a = a.loc[shared]
    b = b.loc[shared]
    groups = a["unit"].to_numpy()
    others = b["unit"].to_numpy()
    pairs = len(set(zip(groups, others, strict=True)))
    same = pairs == len(np.unique(groups)) == len(np.unique(others))
    if not same:
        groups = join_groups(groups, others)
    rights = a["right"].to_numpy(), b["right"].to_numpy()
    return replace(_judged(*rights, groups, left_out, seed), same_question=same)


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


def _judged(
    right_a: np.ndarray,
    right_b: np.ndarray,
    groups: np.ndarray,
    left_out: tuple[int, int],
    seed: int,
) -> Comparison:
    only = (int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum()))
    difference = float(right_b.mean() - right_a.mean())
    low, high = difference_interval(right_a, right_b, groups, seed=seed)
    least = least_called(sum(only), len(groups))
    p = mcnemar(right_a, right_b)
    reach = max(
        difference - low, high - difference
    )  # so no larger one passes for too small
    count = len(np.unique(groups))
    return Comparison(
        images=len(groups),
        groups=count,
        left_out=left_out,
        accuracies=tuple(
            (float(right.mean()), *accuracy_interval(right, groups, seed=seed))
            for right in (right_a, right_b)
        ),
        both=int((right_a & right_b).sum()),
        only=only,
        difference=(difference, low, high),
        p=p,
        told_apart=is_significant(p, (low, high), groups),
        smallest=None if least is None or count < FEWEST else max(least, reach),
    )


def _check_same(
    one: Scored, other: Scored, shared: pd.Index, column: str, kind: str
) -> None:
    unlike = (
        one.images.loc[shared, column] != other.images.loc[shared, column]
    ).to_numpy()
    if unlike.any():
        received = f"{unlike.sum():,} of {len(shared):,} with other {kind}, as {shared[unlike][0]}"
        raise _unlike(one, other, f"the same {kind} under the same ids", received)


def _unlike(one: Scored, other: Scored, expected: str, received: str) -> InputError:
    fix = "compare experiments on one data source"
    return InputError(
        f"{one.name}, {other.name}", expected=expected, received=received, fix=fix
    )
