"""What a training leaves behind: predictions, curves, weights, and its MLflow run."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import safetensors.torch
import torch

from croquis import tracking
from croquis.files import whole
from croquis.predictions import Predictions
from croquis.training.fingerprint import code_fingerprint, data_fingerprint, fingerprint
from croquis.training.hardware import Hardware


@dataclass(frozen=True)
class Outcome:
    """What a training gives: probabilities of val and test, weights, one row of curves an epoch."""

    val: Predictions
    test: Predictions
    weights: Mapping[str, torch.Tensor]
    epochs: list[dict[str, float]]


def tracked(
    member: str,
    fold: int,
    *,
    source: str,
    settings: Mapping[str, Any],
    tables: tuple[Path, ...],
    hardware: Hardware,
) -> AbstractContextManager[tracking.Run]:
    """The MLflow run of one member on one fold, tagged with all it rests on.

    Args:
        member: its key.
        fold: the fold held out.
        source: data.source, which names the experiment.
        settings: all resolved parameters.
        tables: index.csv and folds.csv, which carry the pictures' hashes.
        hardware: what it trains on.
    """
    data, code = data_fingerprint(*tables), code_fingerprint()
    whole_fingerprint = fingerprint({"member": member, "fold": fold, **settings}, data, code)
    tags = {
        "member": member,
        "fold": str(fold),
        "device": str(hardware),
        "data": data,
        "code": code,
    }
    tags |= {"torch": torch.__version__, "fingerprint": whole_fingerprint}
    name = f"{member}-fold{fold}"
    return tracking.run(tracking.competition(source), name, params=settings, tags=tags)


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


def write_curves(path: Path, member: str, fold: int, epochs: list[dict[str, float]]) -> None:
    """One row an epoch; no clock times, which would differ from run to run."""
    table = pd.DataFrame(epochs)
    table.insert(0, "fold", fold)
    table.insert(0, "member", member)
    with whole(path) as draft:
        table.to_csv(draft, index=False, float_format="%.6g")


def write_weights(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """A .safetensors file: tensors alone, nothing to unpickle."""
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with whole(path) as draft:
        safetensors.torch.save_file(ready, draft)
