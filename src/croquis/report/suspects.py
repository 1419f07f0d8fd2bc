"""Pictures whose label the ensemble doubts: shown, never deleted."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.predictions import Predictions
from croquis.progress import progress
from croquis.report.pictures import Thumbnail, Thumbnails

SHOWN = 24


@dataclass(frozen=True)
class Suspect:
    """A picture, what it was predicted as, and the probability of its given label."""

    picture: Thumbnail
    predicted: str
    own: float


def label_suspects(labels: np.ndarray, oof: Predictions) -> np.ndarray:
    """Rows of `oof` whose labels confident learning doubts, least likely label first, (n,) int.

    Method: Northcutt et al. 2021, "Confident Learning", by cleanlab. Only out-of-fold
    probabilities will do: a model knows the labels that it was trained on by heart.

    Args:
        labels: (N,) true labels in the order of `oof`.
        oof: of the ensemble.
    """
    # A class without a picture here, as with a part of the folds, would stop cleanlab.
    seen, own = np.unique(labels, return_inverse=True)
    if len(seen) < 2:
        return np.array([], dtype=np.int64)
    from cleanlab.filter import find_label_issues  # scikit-learn comes with it: seconds

    # Clipped, as hard votes hold zeros.
    probs = np.clip(oof.probs[:, seen].astype(np.float64), 1e-12, None)
    probs /= probs.sum(axis=1, keepdims=True)
    how = {"return_indices_ranked_by": "self_confidence", "n_jobs": 1}
    # A bar of one step: nobody can look inside, but it says what is waited for.
    steps = progress([probs], "report: labels in doubt", unit="table")
    [found] = [find_label_issues(own, step, **how) for step in steps]
    return found


def shown(
    rows: np.ndarray,
    labels: np.ndarray,
    oof: Predictions,
    groups: np.ndarray,
    thumbnails: Thumbnails,
) -> list[Suspect]:
    """The first of `rows` as the page shows them, one of a group of copies; `groups` is (N,)."""
    rows = rows[~pd.Series(groups[rows]).duplicated().to_numpy()][:SHOWN]
    guesses, own = oof.probs[rows].argmax(axis=1), oof.probs[rows, labels[rows]]
    pictures = thumbnails.of(oof.ids[rows].tolist())
    return [
        Suspect(picture, str(oof.classes[guess]), float(prob))
        for picture, guess, prob in zip(pictures, guesses, own, strict=True)
    ]
