"""Which pictures a training sees: ids, labels and weights of each part of a fold. No torch here."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.parts import class_names, ids_of_test, scored, trained


@dataclass(frozen=True)
class Samples:
    """The pictures of one part of a fold: ids (N,), labels (N,) int, weights (N,) float32."""

    ids: np.ndarray
    labels: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def labelled(cls, rows: pd.DataFrame) -> "Samples":
        """The pictures of some rows of folds.csv."""
        return cls(
            rows["id"].to_numpy(dtype=str), rows["label"].to_numpy(), rows["weight"].to_numpy()
        )

    @classmethod
    def unlabelled(cls, ids: np.ndarray) -> "Samples":
        """Pictures whose label nobody knows (-1)."""
        return cls(ids, np.full(len(ids), -1), np.ones(len(ids)))


@dataclass(frozen=True)
class FoldData:
    """The pictures of one fold: to train on, held out, to predict; and the class names, (C,)."""

    train: Samples
    val: Samples
    test: Samples
    classes: np.ndarray

    @classmethod
    def of(
        cls, fold: int, folds: pd.DataFrame, index: pd.DataFrame, column: str = "fold"
    ) -> "FoldData":
        """What folds.csv and index.csv say of fold `fold`; `column` may be "plain_fold"."""
        return cls(
            train=Samples.labelled(trained(folds, fold, column)),
            val=Samples.labelled(scored(folds, fold, column)),
            test=Samples.unlabelled(ids_of_test(index)),
            classes=class_names(index),
        )
