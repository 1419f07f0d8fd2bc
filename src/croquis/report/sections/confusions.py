"""Which classes are taken for which, and which are hardest: from out-of-fold predictions."""

from typing import NamedTuple

import numpy as np

from croquis.tables.predictions import Predictions

PAIRS = 16
CLASSES = 20  # shown


class Confused(NamedTuple):
    """Two classes by label, and how often the first one was taken for the second."""

    label: int
    guess: int
    count: int
    images: int  # of the first class


class Hard(NamedTuple):
    """A class by label: how many of its images were right, and the 95 % interval of the share."""

    label: int
    right: int
    images: int
    low: float
    high: float


def confused_pairs(labels: np.ndarray, oof: Predictions) -> list[Confused]:
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
    own, guesses = np.divmod(codes, len(oof.classes))
    order = np.lexsort((codes, -counts / np.maximum(sizes[own], 1), -counts))[:PAIRS]
    return [
        Confused(int(own[k]), int(guesses[k]), int(counts[k]), int(sizes[own[k]]))
        for k in order
    ]


def hardest_classes(labels: np.ndarray, oof: Predictions) -> list[Hard]:
    """The classes with the lowest accuracy; of equals the one that is surer to be so comes first.

    Wilson's intervals, as a class has few images: they stay inside 0 to 1 and never have no
    width. Arguments as of `confused_pairs`.
    """
    from scipy.stats import binomtest  # a second to import

    right = np.bincount(
        labels[oof.probs.argmax(axis=1) == labels], minlength=len(oof.classes)
    )
    sizes = np.bincount(labels, minlength=len(oof.classes))
    found = []
    for label in np.flatnonzero(sizes).tolist():
        ends = binomtest(int(right[label]), int(sizes[label])).proportion_ci(
            method="wilson"
        )
        found.append(
            Hard(label, int(right[label]), int(sizes[label]), ends.low, ends.high)
        )
    return sorted(found, key=lambda one: (one.right / one.images, one.high, one.label))[
        :CLASSES
    ]
