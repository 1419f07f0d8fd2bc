"""The tables behind DVC's plots: curves of all members and folds, and the confusion."""

from pathlib import Path

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.spreadsheets import neutral_cells
from croquis.tables.predictions import Predictions
from croquis.tables.run_tables import read_run_table
from croquis.votes.members import RunParams

CURVES = ["member", "fold", "epoch", "lr", "train_loss", "val_loss", "val_accuracy"]


def joined_curves(folder: Path, run: RunParams) -> pd.DataFrame:
    """The curves of exactly the members and folds of `run`, one row an epoch.

    Columns: CURVES, and `training`, "<member> fold <k>".

    Raises:
        InputError: if a table lacks a column.
    """
    parts = []
    for member in run.members:
        for fold in run.folds:
            table = _read(folder / member / f"fold{fold}.csv")
            training = f"{member} fold {fold}"
            parts.append(table.assign(member=member, fold=fold, training=training))
    return pd.concat(parts, ignore_index=True)


def _read(path: Path) -> pd.DataFrame:
    table = read_run_table(
        path, lambda csv: pd.read_csv(csv, dtype={"member": str}), {}
    )
    if missing := [column for column in CURVES if column not in table]:
        raise InputError(
            path,
            expected=", ".join(CURVES),
            received=f"none of {', '.join(missing)}",
            fix="rerun that train stage",
        )
    return table[CURVES]


def confusion(labels: np.ndarray, oof: Predictions) -> pd.DataFrame:
    """One row an image, in the order of `oof`: class names `actual` and `predicted`.

    DVC writes them into a script of its page as they are, so no name may end that script. People
    open the table in spreadsheets, too, where no name may be a formula.

    Args:
        labels: (N,) true labels.
        oof: out-of-fold predictions.
    """
    preds = oof.probs.argmax(axis=1)
    names = np.char.replace(
        oof.classes, "<", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
    )
    table = pd.DataFrame({"actual": names[labels], "predicted": names[preds]})
    return neutral_cells(table)
