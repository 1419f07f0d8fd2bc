"""The order in which mistakes are shown."""

import numpy as np
import pandas as pd

from croquis.tables.predictions import Predictions

SHOWN = 24  # of the surest


def surest(labels: np.ndarray, oof: Predictions, groups: np.ndarray) -> np.ndarray:
    """The first SHOWN of `rank_mistakes`, one of a group of copies: (n,) int; `groups` is (N,)."""
    rows = rank_mistakes(labels, oof)
    return rows[~pd.Series(groups[rows]).duplicated().to_numpy()][:SHOWN]


def rank_mistakes(labels: np.ndarray, oof: Predictions) -> np.ndarray:
    """Rows of the wrong predictions, the surest first, then by id, (n,) int.

    Args:
        labels: (N,) true labels in the order of `oof`.
        oof: of the ensemble.
    """
    wrong = np.flatnonzero(oof.probs.argmax(axis=1) != labels)
    return wrong[np.lexsort((oof.ids[wrong], -oof.probs[wrong].max(axis=1)))]
