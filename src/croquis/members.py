"""The members of a run by name, and one member's folds joined: OOF and the fold vote."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from croquis import params, predictions
from croquis.parts import scored
from croquis.predictions import Predictions
from croquis.voting import VOTES


class RunParams(params.Section):
    """What is trained: keys of `models` and of `probes`, and on which folds."""

    models: list[str]
    probes: list[str]
    folds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]

    @property
    def members(self) -> list[str]:
        """All keys that train, sorted: their order never changes a result."""
        return sorted(self.models + self.probes)


def out_of_fold(
    folder: Path, folds: pd.DataFrame, chosen: list[int], part: str = "val"
) -> Predictions:
    """One member's predictions of the pictures its fold models never saw; each scored picture once.

    Args:
        folder: data/predictions/<member>.
        folds: folds.csv.
        chosen: `run.folds`; OOF covers these folds only.
        part: "val", or "plain" for the folds that ignore copies.
    """
    column = {"val": "fold", "plain": "plain_fold"}[part]
    parts = []
    for fold in chosen:
        path = folder / f"fold{fold}" / f"{part}.npz"
        ids = scored(folds, fold, column)["id"].to_numpy(dtype=str)
        parts.append(predictions.load(path).aligned(ids, where=path))
    return predictions.joined(parts)


def on_test(folder: Path, fold: int) -> Predictions:
    """One member's test predictions by its model of fold `fold`."""
    return predictions.load(folder / f"fold{fold}" / "test.npz")


def voted(parts: list[Predictions], vote: str, weights: np.ndarray | None = None) -> Predictions:
    """The vote of several predictions of the same pictures; rows are joined by id."""
    predictions.same_classes(parts)
    first = parts[0]
    stack = np.stack([part.aligned(first.ids).probs for part in parts])
    return Predictions(first.ids, VOTES[vote](stack, weights), first.classes)
