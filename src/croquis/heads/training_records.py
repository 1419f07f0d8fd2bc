"""What a training leaves behind: predictions, curves, weights, and its MLflow run."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import safetensors.torch
import torch

from croquis.backbones import lineage
from croquis.core.files import atomic_write
from croquis.runtime.fingerprint import (
    code_fingerprint,
    data_fingerprint,
    fingerprint,
)
from croquis.runtime.hardware import Hardware
from croquis.tables.predictions import Predictions
from croquis.tracking import tracking


@dataclass(frozen=True)
class TrainingOutcome:
    """What a training gives: probabilities of val and test, weights, one row of curves an epoch.

    `more` holds further predictions by name: "val_flip_lr" of flipped val images, "cycle1/test"
    of the network as it was when its first cycle ended.
    """

    val: Predictions
    test: Predictions
    weights: Mapping[str, torch.Tensor]
    epochs: list[dict[str, float]]
    more: Mapping[str, Predictions] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Writes all predictions, each to the .npz of its name in `folder`."""
        everything = {"val": self.val, "test": self.test, **self.more}
        for name, predictions in everything.items():
            predictions.save(folder / f"{name}.npz")


@dataclass(frozen=True)
class Provenance:
    """All that a training rests on: one hash, and the tags of its MLflow run.

    Attributes:
        fingerprint: of the settings, the data, the code, the machine and the libraries.
        tags: what the hash is made of beside the settings, and the hash itself.
    """

    fingerprint: str
    tags: Mapping[str, str]

    def note(
        self,
        settings: Mapping[str, Any],
        train: np.ndarray,
        index: pd.DataFrame,
        parents: Sequence[lineage.Lineage],
    ) -> dict[str, str]:
        """What the training's weights carry with them, as `lineage.lineage_metadata`.

        Args:
            settings: all resolved parameters.
            train: ids of the images trained on.
            index: index.csv.
            parents: of the weights that the training started from.
        """
        return lineage.lineage_metadata(
            self.tags["member"],
            int(self.tags["fold"]),
            settings=settings,
            data=self.tags["data"],
            train=train,
            index=index,
            parents=parents,
        )


@dataclass(frozen=True)
class FoldTraining:
    """One member that was trained without one fold.

    Attributes:
        member: its key.
        fold: the fold held out.
        outcome: what it predicts, its weights and its curves.
        lineage: what its weights carry with them, as `Provenance.note`.
        images: how many it was trained on.
        hardware: what it was trained on.
    """

    member: str
    fold: int
    outcome: TrainingOutcome
    lineage: Mapping[str, str]
    images: int
    hardware: Hardware

    def save(self, *, predictions: Path, weights: Path, curves: Path) -> None:
        """Writes a folder of predictions, a .safetensors file and a .csv file."""
        self.outcome.save(predictions)
        write_weights(weights, self.outcome.weights, self.lineage)
        write_curves(curves, self.member, self.fold, self.outcome.epochs)


def trace_provenance(
    member: str,
    fold: int,
    *,
    settings: Mapping[str, Any],
    files: tuple[Path, ...],
    hardware: Hardware,
) -> Provenance:
    """What the training of one member on one fold rests on.

    Args:
        member: its key.
        fold: the fold held out.
        settings: all resolved parameters.
        files: the data: index.csv, folds.csv, and the pixels where a state rests on them.
        hardware: what it trains on; another number format gives other bits.
    """
    data = data_fingerprint(*files)
    code = code_fingerprint()
    tags = {
        "member": member,
        "fold": str(fold),
        "device": str(hardware),
        "torch": torch.__version__,
        "timm": version("timm"),
    }
    of_all = fingerprint({**tags, **settings}, data, code)
    tags |= {"data": data, "code": code, "fingerprint": of_all}
    # Another number gives other bits on a CPU; no part of the hash, as a training may go on with
    # fewer cores than it began with.
    tags["threads"] = str(torch.get_num_threads())
    return Provenance(of_all, tags)


def track_training(
    provenance: Provenance,
    *,
    index: Path,
    settings: Mapping[str, Any],
    memory: Path | None = None,
) -> AbstractContextManager[tracking.Run]:
    """The MLflow run of a training.

    Args:
        provenance: what it rests on.
        index: index.csv, which names the run of the pipeline above it.
        settings: all resolved parameters.
        memory: the file that remembers the run, for a training that may be resumed.
    """
    name = f"{provenance.tags['member']}-fold{provenance.tags['fold']}"
    return tracking.tracked_run(
        tracking.pipeline_of(index),
        name,
        params=settings,
        tags=provenance.tags,
        memory=memory,
    )


def val_scores(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Mean log-loss (nats) and accuracy of (N, C) logits over a whole fold; nan if it is empty."""
    if not len(labels):
        return {"val_loss": float("nan"), "val_accuracy": float("nan")}
    loss = torch.nn.functional.cross_entropy(
        torch.from_numpy(logits).double(), torch.from_numpy(labels.astype(np.int64))
    )
    return {
        "val_loss": loss.item(),
        "val_accuracy": float((logits.argmax(axis=1) == labels).mean()),
    }


def write_curves(
    path: Path, member: str, fold: int, epochs: list[dict[str, float]]
) -> None:
    """Writes a .csv with a row for each epoch.

    It has no clock times, which would differ from run to run.

    Args:
        path: of the file.
        member: its key, the first column.
        fold: held out, the second column.
        epochs: the numbers of each epoch by name.
    """
    table = pd.DataFrame(epochs)
    table.insert(0, "fold", fold)
    table.insert(0, "member", member)
    with atomic_write(path) as draft:
        table.to_csv(draft, index=False, float_format="%.6g")


def write_weights(
    path: Path,
    tensors: Mapping[str, torch.Tensor],
    note: Mapping[str, str] | None = None,
) -> None:
    """Writes a .safetensors file: tensors alone, nothing to unpickle.

    Args:
        path: of the file.
        tensors: by name.
        note: its metadata, such as `Provenance.note`.
    """
    on_cpu = {
        name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()
    }
    with atomic_write(path) as draft:
        safetensors.torch.save_file(
            on_cpu, draft, metadata=dict(note or {}) or None
        )
