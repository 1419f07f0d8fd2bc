"""Which images a training sees: ids, labels and weights of each part of a fold. No torch here."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.tables.fold_tables import (
    FOLDS_CSV,
    class_names,
    ids_of_test,
    scored_rows,
    training_rows,
)
from croquis.tables.run_tables import require_columns


@dataclass(frozen=True)
class Samples:
    """The images of one part of a fold.

    Attributes:
        ids: (N,).
        labels: (N,) int.
        weights: (N,) float32, a group of copies sums to 1.
        shares: (N, C) float32, how much of each image is of each class; None where each is
            wholly of its label's.
    """

    ids: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    shares: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def targets(self) -> np.ndarray:
        """What a loss compares with: (N, C) float32 shares, or (N,) int64 labels."""
        return self.labels.astype(np.int64) if self.shares is None else self.shares

    @classmethod
    def labelled(cls, rows: pd.DataFrame, num_classes: int) -> "Samples":
        """The images of some rows of folds.csv."""
        require_columns(rows, ("label", "weight"), FOLDS_CSV)
        labels = rows["label"].to_numpy()
        return cls(
            rows["id"].to_numpy(dtype=str),
            labels,
            rows["weight"].to_numpy(),
            _shares(rows["targets"], labels, num_classes),
        )

    @classmethod
    def unlabelled(cls, ids: np.ndarray) -> "Samples":
        """Images whose label nobody knows (-1)."""
        return cls(ids, np.full(len(ids), -1), np.ones(len(ids)))


@dataclass(frozen=True)
class FoldData:
    """The images of one fold: to train on, held out, to predict; and the class names, (C,)."""

    train: Samples
    val: Samples
    test: Samples
    classes: np.ndarray

    @classmethod
    def of(
        cls,
        fold: int,
        folds: pd.DataFrame,
        index: pd.DataFrame,
        column: str = "fold",
    ) -> "FoldData":
        """What folds.csv and index.csv say of fold `fold`; `column` may be "plain_fold"."""
        classes = class_names(index)
        return cls(
            train=Samples.labelled(
                training_rows(folds, fold, column), len(classes)
            ),
            val=Samples.labelled(scored_rows(folds, fold, column), len(classes)),
            test=Samples.unlabelled(ids_of_test(index)),
            classes=classes,
        )


def _shares(
    targets: pd.Series, labels: np.ndarray, num_classes: int
) -> np.ndarray | None:
    """From dedup's "3:0.5 7:0.5"; an image without is wholly of its label's class."""
    if not targets.ne("").any():
        return None
    shares = np.eye(num_classes, dtype=np.float32)[labels]
    for row, text in enumerate(targets):
        if text:
            shares[row] = 0
            for part in text.split():
                label, share = part.split(":")
                shares[row, int(label)] = float(share)
    return shares
