"""What the report is made of, as the other stages left it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from croquis.dataset.overrides import NOBODY, Overrides, read_overrides
from croquis.images.pixels import Pixels
from croquis.report.class_names import readable_names
from croquis.report.saliency import Looks, read_looks
from croquis.report.score_data import Scorebook, read_scorebook
from croquis.report.sections.recipes_table import MemberSettings
from croquis.report.sections.tables import joined_curves
from croquis.scoring import lockfile
from croquis.tables import predictions
from croquis.tables.components import units
from croquis.tables.fold_tables import read_folds, read_groups, read_index
from croquis.tables.predictions import Predictions
from croquis.votes.members import RunParams
from croquis.votes.recipe import EnsembleParams, member_keys


@dataclass(frozen=True)
class Data:
    """The images, and what is known of them: the tables of prepare, dedup and split.

    `overrides` are positions in `groups`.
    """

    index: pd.DataFrame
    pixels: Pixels
    folds: pd.DataFrame
    groups: pd.DataFrame
    duplicates: pd.DataFrame
    twins: pd.DataFrame
    overrides: Overrides = NOBODY

    def labels(self, ids: np.ndarray) -> np.ndarray:
        """The true labels of training images, (N,)."""
        return self.folds.set_index("id")["label"].loc[ids].to_numpy()

    def groups_of(self, ids: np.ndarray) -> np.ndarray:
        """The groups of copies of training images, (N,)."""
        return self.folds.set_index("id")["group"].loc[ids].to_numpy()

    def units_of(self, ids: np.ndarray) -> np.ndarray:
        """What intervals draw together of training images, (N,): groups, or domains."""
        return units(self.folds.set_index("id").loc[ids])


@dataclass(frozen=True)
class RunOutcome:
    """What ran and what it gave.

    Attributes:
        run: what was trained.
        how: the ensemble's vote.
        oof: of the ensemble.
        members: OOF of each member that votes.
        curves: `tables.joined_curves`.
        settings: of the trainings.
        book: the ensemble's tables.
        networks: networks.csv.
        looks: what a network saw in mistakes.
        trainings: `cost.recorded`.
    """

    run: RunParams
    how: EnsembleParams
    oof: Predictions
    members: Mapping[str, Predictions]
    curves: pd.DataFrame
    settings: MemberSettings
    book: Scorebook
    networks: pd.DataFrame
    looks: Looks
    trainings: pd.DataFrame


def read_data(
    index: Path,
    pixels: Path,
    folds: Path,
    groups: Path,
    duplicates: Path,
    twins: Path,
    overrides: Path,
) -> Data:
    """The images stay on disk, memory-mapped; classes have the names that people use."""
    decided = read_groups(groups)
    table = read_index(index)
    return Data(
        index=table.assign(class_name=_spoken(table["class_name"])),
        pixels=Pixels.open(index, pixels),
        folds=read_folds(folds),
        groups=decided,
        duplicates=pd.read_csv(duplicates, dtype={"id_a": str, "id_b": str}),
        twins=pd.read_csv(twins, dtype={"id": str, "train_id": str}),
        overrides=read_overrides(overrides, decided["id"].to_numpy()),
    )


def read_metrics(files: Mapping[str, Path]) -> dict[str, Any]:
    """The scores of each stage by its name.

    Raises:
        InputError: if DVC runs this alone (`dvc repro -s`) on scores of other parameters or data,
            or after an edit of params.yaml in the middle of a run.
    """
    if "DVC_STAGE" in os.environ:  # a stage started by hand has no dvc.lock to go by
        lockfile.require(*files.values())
    return {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name, path in files.items()
    }


def read_outcome(
    run: RunParams,
    how: EnsembleParams,
    settings: MemberSettings,
    trainings: pd.DataFrame,
    *,
    votes: Path,
    ensemble: Path,
    curves: Path,
    networks: Path,
    saliency: Path,
) -> RunOutcome:
    """Members and folds are read by name: what an earlier run left in the folders is not seen."""
    voters = member_keys(run, how)
    oof = predictions.load_predictions(ensemble / "oof.npz")
    return RunOutcome(
        run=run,
        how=how,
        oof=Predictions(oof.ids, oof.probs, readable_names(oof.classes.tolist())),
        members={
            key: predictions.load_predictions(votes / key / "oof.npz") for key in voters
        },
        curves=joined_curves(curves, run),
        settings=settings,
        book=read_scorebook(ensemble),
        networks=pd.read_csv(networks, dtype={"member": str, "failed": str}).fillna(
            {"failed": ""}
        ),
        looks=read_looks(saliency),
        trainings=trainings,
    )


def _spoken(names: pd.Series) -> pd.Series:
    known = sorted(set(names) - {""})
    return names.map(dict(zip(known, readable_names(known), strict=True))).fillna("")
