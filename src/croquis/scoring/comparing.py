"""Two experiments on the same images: which is better, and whether that is more than chance."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.scoring.chosen_metric import (
    ACCURACY,
    METRICS,
    Difference,
    Metric,
)
from croquis.scoring.metrics import Estimate
from croquis.scoring.paired import FEWEST, LEVEL, is_significant, mcnemar
from croquis.tables.components import join_groups, units
from croquis.tables.fold_tables import truth_of
from croquis.tables.predictions import Predictions


@dataclass(frozen=True, eq=False)
class ScoredExperiment:
    """An experiment's OOF predictions, each of them right or wrong.

    Attributes:
        name: of the experiment, for people.
        images: by id: `right` (bool), `class_name` (the true one), `unit`, `sha256`; and `guess`,
            the predicted class, and `log_loss`, for metrics other than accuracy.
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
        estimates: of the two by the metric, each with the ends of its 95 % interval.
        both: how many images both get right.
        only: how many the first alone, and the second alone gets right.
        difference: second minus first, with the ends of its 95 % interval.
        p: of the exact McNemar test; of the bootstrap where the metric is not accuracy.
        significant: whether they differ by more than chance, as `paired.is_significant` says.
        smallest: the smallest difference that could have been called; None if there is none, as
            they differ on so few images, or the groups are fewer than `paired.FEWEST`.
        same_question: whether the folds of both hold the same together; else a difference may be
            that of the questions.
        metric: its key in `metric_names.WORDS`.
    """

    images: int
    groups: int
    left_out: tuple[int, int]
    estimates: tuple[Estimate, Estimate]
    both: int
    only: tuple[int, int]
    difference: Estimate
    p: float
    significant: bool
    smallest: float | None
    same_question: bool = True
    metric: str = "accuracy"


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
        guess=oof.classes[oof.probs.argmax(axis=1)],
        log_loss=METRICS["log_loss"].judge(labels, oof.probs),
    )
    return ScoredExperiment(name, images)


def compare_predictions(
    one: ScoredExperiment,
    other: ScoredExperiment,
    *,
    seed: int,
    metric: Metric = ACCURACY,
) -> Comparison:
    """The comparison of two experiments, image by image.

    Groups of copies, or domains, are drawn together; where the two were grouped differently, what
    either takes for one is.

    Args:
        one: the first.
        other: the second.
        seed: of the bootstrap.
        metric: by which they are compared.

    Raises:
        InputError: if they share no image, or not the same files or labels under the same ids.
    """
    shared = _shared_ids(one, other)
    a = one.images.loc[shared]
    b = other.images.loc[shared]
    groups, is_same = _join_units(a["unit"].to_numpy(), b["unit"].to_numpy())
    left_out = (len(one.images) - len(shared), len(other.images) - len(shared))
    comparison = _compare(metric, a, b, groups, seed)
    return replace(comparison, left_out=left_out, same_question=is_same)


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
    metric: Metric, a: pd.DataFrame, b: pd.DataFrame, groups: np.ndarray, seed: int
) -> Comparison:
    """The comparison of the same images, in one order; the caller knows what was left out."""
    right_a = a["right"].to_numpy()
    right_b = b["right"].to_numpy()
    only = (int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum()))
    verdicts = _verdicts(metric, a, b)
    first, second = (
        (metric.value(each), low, high)
        for each, (low, high) in zip(
            verdicts, metric.intervals(verdicts, groups, seed=seed), strict=True
        )
    )
    difference = metric.difference(verdicts[0], verdicts[1], groups, seed=seed)
    interval = (difference.low, difference.high)
    return Comparison(
        images=len(groups),
        groups=len(np.unique(groups)),
        left_out=(0, 0),
        estimates=(first, second),
        both=int((right_a & right_b).sum()),
        only=only,
        difference=(difference.value, *interval),
        p=difference.p,
        significant=is_significant(difference.p, interval, groups),
        smallest=_smallest_difference(metric, sum(only), difference, groups),
        metric=metric.name,
    )


def _verdicts(metric: Metric, a: pd.DataFrame, b: pd.DataFrame) -> np.ndarray:
    """The metric's verdicts on both, (2, N) or (2, N, 2); classes go by their names."""
    if metric.name == "macro_f1":
        columns = [part[["class_name", "guess"]] for part in (a, b)]
        names = np.stack([part.to_numpy(dtype=str) for part in columns])
        _, codes = np.unique(names, return_inverse=True)
        return codes.reshape(names.shape)
    column = "right" if metric.is_accuracy else metric.name
    return np.stack([part[column].to_numpy() for part in (a, b)])


def _smallest_difference(
    metric: Metric, differing: int, difference: Difference, groups: np.ndarray
) -> float | None:
    """The smallest difference that could have been called, as `Comparison.smallest`."""
    if len(np.unique(groups)) < FEWEST:
        return None
    middle = difference.value
    reach = max(middle - difference.low, difference.high - middle)
    if not metric.is_accuracy:
        return reach
    least = least_called(differing, len(groups))
    # Not below the reach of the interval, or a larger difference would pass for too small.
    return None if least is None else max(least, reach)


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
