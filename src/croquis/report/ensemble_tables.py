"""The tables that the ensemble left: every vote, every member, how they agree, and their odds."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.tables.run_tables import read_run_table

COLUMNS_OF = {
    "votes": (
        "vote accuracy accuracy_low accuracy_high log_loss ece brier nested_accuracy "
        "difference difference_low difference_high p ties chosen"
    ),
    "members": (
        "member weight temperature accuracy log_loss log_loss_calibrated ece ece_calibrated "
        "brier_calibrated"
    ),
    "agreement": "member",
    "pairs": "a b difference difference_low difference_high p",
    "gains": "step member accuracy log_loss",
    "reliability": "binning which bin count confidence accuracy",
}


@dataclass(frozen=True)
class EnsembleTables:
    """Tables of data/ensemble, as COLUMNS_OF names them; `agreement` has members as its index."""

    votes: pd.DataFrame
    members: pd.DataFrame
    agreement: pd.DataFrame
    pairs: pd.DataFrame
    gains: pd.DataFrame
    reliability: pd.DataFrame

    def calibration_error(self, binning: str, which: str) -> float | None:
        """The mean distance of confidence and accuracy over the bins, by their images.

        None where no bin is there: a hard vote, or one without temperatures, is not calibrated.

        Args:
            binning: "width" (bins of equal width) or "mass" (of equally many images).
            which: "raw" or "calibrated".
        """
        rows = self.bins(binning, which)
        if rows.empty:
            return None
        return float(
            np.average(
                (rows["confidence"] - rows["accuracy"]).abs(), weights=rows["count"]
            )
        )

    def bins(self, binning: str, which: str) -> pd.DataFrame:
        """The rows of one curve of the reliability diagram, empty bins left out."""
        table = self.reliability
        kind = (table["binning"] == binning) & (table["which"] == which)
        return table[kind & (table["count"] > 0)]


def fitted_column(metric: str) -> str:
    """The column of a metric on the OOF that it was fitted on, in votes.csv and gains.csv."""
    return metric if metric == "accuracy" else f"fitted_{metric}"


def read_ensemble_tables(folder: Path) -> EnsembleTables:
    """The tables of data/ensemble.

    Raises:
        InputError: if one is missing or lacks a column.
    """
    tables = {
        name: _read(folder / f"{name}.csv", columns)
        for name, columns in COLUMNS_OF.items()
    }
    return EnsembleTables(
        **tables | {"agreement": tables["agreement"].set_index("member")}
    )


def _read(path: Path, columns: str) -> pd.DataFrame:
    fix = "rerun the stage ensemble"
    if not path.is_file():
        raise InputError(path, expected="a table", received="no such file", fix=fix)
    names = dict.fromkeys(("member", "vote", "a", "b"), str)
    table = read_run_table(path, lambda csv: pd.read_csv(csv, dtype=names), {})
    if missing := [column for column in columns.split() if column not in table]:
        raise InputError(
            path,
            expected=columns.replace(" ", ", "),
            received=f"none of {', '.join(missing)}",
            fix=fix,
        )
    return table
