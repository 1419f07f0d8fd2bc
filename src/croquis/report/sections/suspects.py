"""Images whose label the ensemble doubts: shown, never deleted."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.core.progress import progress
from croquis.report.decisions import PriorDecisions
from croquis.report.thumbnails import Thumbnail, Thumbnails
from croquis.tables.predictions import Predictions

MAX_SUSPECTS = 24


@dataclass(frozen=True)
class Suspect:
    """An image with a label in doubt.

    Attributes:
        image: with its label.
        predicted: the class that was predicted.
        label_prob: the probability of its label.
        line: drops it, in data/overrides.csv; nothing where that file decides already.
    """

    image: Thumbnail
    predicted: str
    label_prob: float
    line: str


def label_suspects(labels: np.ndarray, oof: Predictions) -> np.ndarray:
    """Rows of `oof` whose labels confident learning doubts, least likely label first, (n,) int.

    Method: Northcutt et al. 2021, "Confident Learning", by cleanlab. Only out-of-fold
    probabilities will do: a model knows the labels that it was trained on by heart.

    Args:
        labels: (N,) true labels in the order of `oof`.
        oof: of the ensemble.
    """
    # A class without an image here, as with a part of the folds, would stop cleanlab.
    seen, places = np.unique(labels, return_inverse=True)
    if len(seen) < 2:
        return np.array([], dtype=np.int64)
    from cleanlab.filter import (
        find_label_issues,
    )  # scikit-learn comes with it: seconds

    # Clipped, as hard votes hold zeros.
    probs = np.clip(oof.probs[:, seen].astype(np.float64), 1e-12, None)
    probs /= probs.sum(axis=1, keepdims=True)
    # A bar of one step: nobody can look inside, but it says what is waited for.
    steps = progress([probs], "report: labels in doubt", unit="table")
    with warnings.catch_warnings():
        # One a class of `single_image_classes`, with a path into cleanlab; the page says it once.
        warnings.filterwarnings(
            "ignore", "May not flag all label issues", UserWarning
        )
        [rows] = [
            find_label_issues(
                places, step, return_indices_ranked_by="self_confidence", n_jobs=1
            )
            for step in steps
        ]
    return rows


def single_image_classes(labels: np.ndarray) -> int:
    """Classes with a single image among `labels`, (N,): there is none to doubt it by."""
    return int((np.bincount(labels) == 1).sum())


def page_suspects(
    rows: np.ndarray,
    labels: np.ndarray,
    oof: Predictions,
    groups: np.ndarray,
    thumbnails: Thumbnails,
    decisions: PriorDecisions,
) -> list[Suspect]:
    """The first of `rows` as the page shows them, one of a group of copies.

    Args:
        rows: of `label_suspects`.
        labels: (N,) true labels in the order of `oof`.
        oof: of the ensemble.
        groups: (N,) of copies.
        thumbnails: the images.
        decisions: of a person.
    """
    rows = rows[~pd.Series(groups[rows]).duplicated().to_numpy()][:MAX_SUSPECTS]
    guesses = oof.probs[rows].argmax(axis=1)
    label_probs = oof.probs[rows, labels[rows]]
    images = thumbnails.of(oof.ids[rows].tolist())
    return [
        Suspect(
            image,
            predicted=str(oof.classes[guess]),
            label_prob=float(prob),
            line=decisions.line_of(image.id, "drop"),
        )
        for image, guess, prob in zip(images, guesses, label_probs, strict=True)
    ]
