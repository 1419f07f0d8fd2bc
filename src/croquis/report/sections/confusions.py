"""Which classes are taken for which, and which are hardest: from out-of-fold predictions."""

from dataclasses import dataclass

import numpy as np

from croquis.tables.predictions import Predictions

MAX_PAIRS = 16
MAX_CLASSES = 20


@dataclass(frozen=True)
class ConfusedPair:
    """Two classes by label, and how often the first one was taken for the second."""

    label: int
    guess: int
    count: int
    images: int  # of the first class


@dataclass(frozen=True)
class HardClass:
    """A class by label: how many of its images were right, and the 95 % interval of the share."""

    label: int
    right: int
    images: int
    low: float
    high: float


def confused_pairs(labels: np.ndarray, oof: Predictions) -> list[ConfusedPair]:
    """The pairs with most mistakes, then by the share of the class that they are, then by label.

    Args:
        labels: (N,) true labels in the order of `oof`.
        oof: of the ensemble.
    """
    preds = oof.probs.argmax(axis=1)
    sizes = np.bincount(labels, minlength=len(oof.classes))
    wrong = preds != labels
    codes, counts = np.unique(
        labels[wrong] * len(oof.classes) + preds[wrong], return_counts=True
    )
    actual, guesses = np.divmod(codes, len(oof.classes))
    shares = counts / np.maximum(sizes[actual], 1)
    order = np.lexsort((codes, -shares, -counts))[:MAX_PAIRS]
    return [
        ConfusedPair(
            label=int(actual[place]),
            guess=int(guesses[place]),
            count=int(counts[place]),
            images=int(sizes[actual[place]]),
        )
        for place in order
    ]


def hardest_classes(labels: np.ndarray, oof: Predictions) -> list[HardClass]:
    """The classes with the lowest accuracy; of equals the one that is surer to be so comes first.

    Wilson's intervals, as a class has few images: they stay inside 0 to 1 and never have no
    width. Arguments as of `confused_pairs`.
    """
    right = np.bincount(
        labels[oof.probs.argmax(axis=1) == labels], minlength=len(oof.classes)
    )
    sizes = np.bincount(labels, minlength=len(oof.classes))
    classes = [
        _hard_class(label, int(right[label]), int(sizes[label]))
        for label in np.flatnonzero(sizes).tolist()
    ]
    classes.sort(key=lambda each: (each.right / each.images, each.high, each.label))
    return classes[:MAX_CLASSES]


def _hard_class(label: int, right: int, images: int) -> HardClass:
    from scipy.stats import binomtest  # a second to import

    ends = binomtest(right, images).proportion_ci(method="wilson")
    return HardClass(label, right, images, ends.low, ends.high)
