"""The members of a run by name, and one member's folds joined: OOF and the fold vote."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from croquis.core import params
from croquis.core.image_views import FLIPS
from croquis.tables import predictions
from croquis.tables.fold_tables import scored_rows
from croquis.tables.predictions import Predictions
from croquis.votes.calibration import apply_temperature
from croquis.votes.voting import VOTES, vote


class RunParams(params.Section):
    """What is trained: keys of `models` and of `probes`, and on which folds."""

    models: list[str] = Field(
        default=["lite0_80", "lite0_64"],
        max_length=1_000,
        description="Keys of `models`, below.",
    )
    probes: list[str] = Field(
        default=["lite0_probe"],
        max_length=1_000,
        description="Keys of `probes`, below.",
    )
    folds: list[Annotated[int, Field(ge=0, lt=1_000)]] = Field(
        default=[0, 1, 2, 3, 4],
        min_length=1,
        max_length=1_000,
        description="The folds that are held out, from 0; fewer cost less.",
    )

    @property
    def members(self) -> list[str]:
        """All keys that train, sorted: their order never changes a result."""
        return sorted(self.models + self.probes)


def folder_of(predictions: Path, member: str, fold: int) -> Path:
    """Where a member left a fold's predictions; "<model>.cycle2" is a snapshot of a model."""
    key, _, snapshot = member.partition(".")
    return predictions / key / f"fold{fold}" / snapshot


def out_of_fold(
    folder: Path,
    member: str,
    folds: pd.DataFrame,
    chosen: list[int],
    part: str = "val",
) -> Predictions:
    """One member's predictions of the images its fold models never saw; each scored image once.

    Args:
        folder: data/predictions.
        member: a key of `run`, or a snapshot of one.
        folds: folds.csv.
        chosen: `run.folds`; OOF covers these folds only.
        part: "val", "plain" for the folds that ignore copies, "val_flip_lr" of flipped images.
    """
    column = "plain_fold" if part == "plain" else "fold"
    parts = []
    for fold in chosen:
        path = folder_of(folder, member, fold) / f"{part}.npz"
        ids = scored_rows(folds, fold, column)["id"].to_numpy(dtype=str)
        parts.append(predictions.load_predictions(path).aligned(ids, where=path))
    return predictions.join_predictions(parts)


def flipped(
    folder: Path, member: str, folds: pd.DataFrame, chosen: list[int]
) -> dict[str, Predictions]:
    """OOF of flipped images by the flip, for those that all folds of the member hold."""
    return {
        flip: out_of_fold(folder, member, folds, chosen, part=f"val_{flip}")
        for flip in FLIPS
        if all(
            (folder_of(folder, member, fold) / f"val_{flip}.npz").exists()
            for fold in chosen
        )
    }


def on_test(folder: Path, member: str, fold: int) -> Predictions:
    """One member's test predictions by its model of fold `fold`; `folder` as in `out_of_fold`."""
    return predictions.load_predictions(
        folder_of(folder, member, fold) / "test.npz"
    )


def fold_votes(
    folder: Path, member: str, folds: list[int], temperature: float
) -> dict[str, Predictions]:
    """One member's test predictions by each way of voting over folds; `folder` as above."""
    parts = [
        at_temperature(on_test(folder, member, fold), temperature) for fold in folds
    ]
    return {name: vote(parts, name) for name in VOTES}


def at_temperature(part: Predictions, temperature: float) -> Predictions:
    """The same predictions at a temperature."""
    return Predictions(
        part.ids, apply_temperature(part.probs, temperature), part.classes
    )
