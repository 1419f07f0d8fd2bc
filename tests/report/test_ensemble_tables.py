"""The ensemble's tables as the report reads them."""

from pathlib import Path

import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.report.ensemble_tables import read_ensemble_tables
from croquis.report.sections.calibration import calibration
from support.leftovers import leave


def test_the_calibration_error_weighs_bins_by_their_images(drawn: Path) -> None:
    leave(drawn)
    tables = read_ensemble_tables(drawn / "ensemble")
    assert tables.calibration_error("width", "raw") == pytest.approx(
        (2 * 0.2 + 10 * 0.1) / 12
    )
    assert tables.calibration_error("mass", "calibrated") == pytest.approx(
        2 * 0.1 / 12
    )
    assert tables.agreement.loc["head", "tiny"] == 0.8


def test_a_vote_that_is_not_calibrated_has_no_error_after_calibration(
    drawn: Path,
) -> None:
    """Of no bin the mean was an error, and took the page of a run with a hard vote."""
    leave(drawn)
    path = drawn / "ensemble" / "reliability.csv"
    table = pd.read_csv(path)
    table[table["which"] == "raw"].to_csv(path, index=False)
    tables = read_ensemble_tables(drawn / "ensemble")
    assert tables.calibration_error("width", "calibrated") is None
    error = calibration(tables).errors[0]
    assert error.raw == pytest.approx(1.4 / 12) and error.calibrated is None


def test_empty_bins_are_left_out(drawn: Path) -> None:
    leave(drawn)
    path = drawn / "ensemble" / "reliability.csv"
    table = pd.read_csv(path)
    empty = table.head(1).assign(
        count=0, confidence=float("nan"), accuracy=float("nan")
    )
    pd.concat([table, empty]).to_csv(path, index=False)
    tables = read_ensemble_tables(drawn / "ensemble")
    assert len(tables.bins("width", "raw")) == 2
    assert tables.calibration_error("width", "raw") == pytest.approx(1.4 / 12)


def test_a_table_that_is_missing_or_short_is_named(drawn: Path) -> None:
    leave(drawn)
    path = drawn / "ensemble" / "gains.csv"
    pd.read_csv(path).drop(columns="log_loss").to_csv(path, index=False)
    with pytest.raises(
        InputError, match=r"gains\.csv: .* received none of log_loss; rerun"
    ):
        read_ensemble_tables(drawn / "ensemble")
    path.unlink()
    with pytest.raises(
        InputError, match=r"gains\.csv: .* received no such file; rerun"
    ):
        read_ensemble_tables(drawn / "ensemble")
