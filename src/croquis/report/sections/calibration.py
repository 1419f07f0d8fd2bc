"""What confidence is worth, before and after calibration."""

from dataclasses import dataclass

from markupsafe import Markup

from croquis.report import plots
from croquis.report.ensemble_tables import EnsembleTables


@dataclass(frozen=True)
class CalibrationError:
    """The error by one kind of bins; None where there are none."""

    bins: str
    raw: float | None
    calibrated: float | None


@dataclass(frozen=True)
class Calibration:
    """The reliability diagram, and the error by both kinds of bins."""

    diagram: Markup
    errors: list[CalibrationError]
    raw_colour: str = plots.RAW
    calibrated_colour: str = plots.COLOURS[0]


def calibration(tables: EnsembleTables) -> Calibration:
    """The section of a run."""
    raw = tables.bins("width", "raw")
    calibrated = tables.bins("width", "calibrated")
    return Calibration(
        diagram=plots.reliability_plot(raw, calibrated),
        errors=[
            CalibrationError(
                bins,
                tables.calibration_error(binning, "raw"),
                tables.calibration_error(binning, "calibrated"),
            )
            for binning, bins in (("width", "equal width"), ("mass", "equal size"))
        ],
    )
