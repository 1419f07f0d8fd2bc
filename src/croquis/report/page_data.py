"""What the pages show: the images, what ran on them, and the scores of all stages."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from croquis.core import params
from croquis.core.errors import bring_back
from croquis.core.files import read_json
from croquis.dataset.dedup_overrides import NOBODY, Overrides, read_overrides
from croquis.images.pixels import Pixels
from croquis.report.ensemble_tables import EnsembleTables, read_ensemble_tables
from croquis.report.member_settings import MemberSettings
from croquis.report.plot_tables import joined_curves
from croquis.report.readable_names import readable_names
from croquis.report.report_files import ReportFiles
from croquis.report.saliency_maps import SaliencyMaps, read_saliency_maps
from croquis.report.trainings import recorded_trainings
from croquis.scoring import outdated_scores
from croquis.tables import predictions
from croquis.tables.components import units
from croquis.tables.fold_tables import (
    read_folds,
    read_groups,
    read_index,
    truth_of_predictions,
)
from croquis.tables.predictions import Predictions
from croquis.tables.run_tables import read_run_table
from croquis.votes.members import RunParams
from croquis.votes.recipe import EnsembleParams, member_keys

Metrics = Mapping[str, dict[str, Any]]  # the JSON of each stage by its name


@dataclass(frozen=True)
class ImageData:
    """The images and the tables of prepare, dedup and split.

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
        return truth_of_predictions(ids, self.folds)["label"].to_numpy()

    def groups_of(self, ids: np.ndarray) -> np.ndarray:
        """The groups of copies of training images, (N,)."""
        return truth_of_predictions(ids, self.folds)["group"].to_numpy()

    def units_of(self, ids: np.ndarray) -> np.ndarray:
        """What intervals draw together of training images, (N,): groups, or domains."""
        return units(truth_of_predictions(ids, self.folds))


@dataclass(frozen=True)
class RunOutcome:
    """What ran, and its results.

    Attributes:
        run: what was trained.
        ensemble: the ensemble's vote.
        oof: of the ensemble.
        members: OOF of each member that votes.
        curves: `plot_tables.joined_curves`.
        settings: of the trainings.
        tables: the ensemble's tables.
        networks: networks.csv.
        saliency_maps: what a network saw in mistakes.
        trainings: `trainings.recorded_trainings`.
    """

    run: RunParams
    ensemble: EnsembleParams
    oof: Predictions
    members: Mapping[str, Predictions]
    curves: pd.DataFrame
    settings: MemberSettings
    tables: EnsembleTables
    networks: pd.DataFrame
    saliency_maps: SaliencyMaps
    trainings: pd.DataFrame


@dataclass(frozen=True)
class PageData:
    """All that the pages show.

    Attributes:
        source: data.source.
        images: with their tables.
        outcome: what ran.
        metrics: the JSON of dedup, split, vote, ensemble and submission.
    """

    source: str
    images: ImageData
    outcome: RunOutcome
    metrics: Metrics


def read_page_data(
    files: ReportFiles, run: RunParams, ensemble: EnsembleParams
) -> PageData:
    """What the earlier stages and MLflow have of a run; settings come from params.yaml.

    Raises:
        InputError: if a file is not what its stage writes.
    """
    source = params.read()["data"]["source"]
    settings = MemberSettings.of(run)
    trainings = recorded_trainings(source, run)
    return PageData(
        source=source,
        metrics=read_metrics(files.metrics),
        images=read_image_data(files),
        outcome=read_outcome(files, run, ensemble, settings, trainings),
    )


def read_image_data(files: ReportFiles) -> ImageData:
    """The images stay on disk, memory-mapped; classes have the names that people use."""
    index = files.images["index"]
    groups = read_groups(files.tables["groups"])
    table = read_index(index)
    return ImageData(
        index=table.assign(class_name=_readable(table["class_name"])),
        pixels=Pixels.open(index, files.images["pixels"]),
        folds=read_folds(files.tables["folds"]),
        groups=groups,
        duplicates=_read_pairs(files.tables["duplicates"], "id_a", "id_b"),
        twins=_read_pairs(files.tables["twins"], "id", "train_id"),
        overrides=read_overrides(
            files.tables["overrides"], groups["id"].to_numpy()
        ),
    )


def _read_pairs(path: Path, first: str, second: str) -> pd.DataFrame:
    return read_run_table(
        path,
        lambda csv: pd.read_csv(csv, dtype={first: str, second: str}),
        {first: "text", second: "text"},
    )


def read_metrics(files: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """The scores of each stage by its name.

    Raises:
        InputError: if DVC runs this alone (`dvc repro -s`) on scores of other parameters or data,
            or after an edit of params.yaml in the middle of a run.
    """
    if (
        "DVC_STAGE" in os.environ
    ):  # a stage started by hand has no dvc.lock to go by
        outdated_scores.require(*files.values())
    return {
        name: read_json(path, fix=bring_back(path)) for name, path in files.items()
    }


def read_outcome(
    files: ReportFiles,
    run: RunParams,
    ensemble: EnsembleParams,
    settings: MemberSettings,
    trainings: pd.DataFrame,
) -> RunOutcome:
    """Members and folds are read by name: what an earlier run left in the folders is not seen."""
    results = files.results
    oof = predictions.load_predictions(results["ensemble"] / "oof.npz")
    names = np.array(readable_names(oof.classes.tolist()))
    return RunOutcome(
        run=run,
        ensemble=ensemble,
        oof=Predictions(oof.ids, oof.probs, names),
        members={
            key: predictions.load_predictions(results["votes"] / key / "oof.npz")
            for key in member_keys(run, ensemble)
        },
        curves=joined_curves(results["curves"], run),
        settings=settings,
        tables=read_ensemble_tables(results["ensemble"]),
        networks=_read_networks(results["networks"]),
        saliency_maps=read_saliency_maps(results["saliency"]),
        trainings=trainings,
    )


def _read_networks(path: Path) -> pd.DataFrame:
    table = read_run_table(
        path,
        lambda csv: pd.read_csv(csv, dtype={"member": str, "failed": str}),
        {"member": "key"},
    )
    return table.fillna({"failed": ""})


def _readable(names: pd.Series) -> pd.Series:
    classes = sorted(set(names) - {""})
    return names.map(
        dict(zip(classes, readable_names(classes), strict=True))
    ).fillna("")
