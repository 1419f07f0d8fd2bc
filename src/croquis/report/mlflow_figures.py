"""The figures that MLflow keeps with a run: scores of the members, and their curves."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from croquis.report.page_data import Metrics, RunOutcome
from croquis.report.plots import COLOURS, marks, plot_curve
from croquis.scoring.metric_names import headline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 120


def draw_figures(folder: Path, outcome: RunOutcome, metrics: Metrics) -> None:
    """Writes scores.png and curves.png into a folder.

    Args:
        folder: exists.
        outcome: what ran.
        metrics: the JSON of the stages.
    """
    _scores(folder / "scores.png", metrics)
    _curves(folder / "curves.png", outcome)


def _scores(path: Path, metrics: Metrics) -> None:
    """A row a member: its metric on OOF, the interval as a line; the ensemble at the bottom."""
    from matplotlib.figure import Figure

    rows = [*sorted(metrics["vote"].items()), ("ensemble", metrics["ensemble"])]
    figure = Figure(figsize=(7, 1.2 + 0.35 * len(rows)), layout="constrained")
    words = headline(metrics["ensemble"]).words
    axes = figure.add_subplot(xlabel=f"OOF {words}, 95 % interval")
    for place, (_, scores) in enumerate(rows):
        score = headline(scores)
        ends = score.low, score.high
        axes.plot(ends, (place, place), color=COLOURS[0], alpha=0.5, linewidth=4)
        axes.plot(score.value, place, "o", color=COLOURS[0])
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], parse_math=False)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.2)
    figure.savefig(path, dpi=DPI)


def _curves(path: Path, outcome: RunOutcome) -> None:
    """A panel a member: accuracy on the fold held out by epoch, a line a fold."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    members = outcome.run.members
    across = min(3, len(members))
    down = -(-len(members) // across)
    figure = Figure(figsize=(4 * across, 2.6 * down), layout="constrained")
    for place, member in enumerate(members):
        axes = figure.add_subplot(down, across, place + 1, xlabel="epoch")
        axes.set_title(member, parse_math=False)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.2)
        rows = outcome.curves[outcome.curves["member"] == member]
        _plot_folds(axes, rows, outcome.run.folds)
        axes.legend(fontsize="small")
    figure.savefig(path, dpi=DPI)


def _plot_folds(axes: "Axes", rows: pd.DataFrame, folds: Sequence[int]) -> None:
    for fold, mark in marks(folds).items():
        curve = rows[rows["fold"] == fold]
        plot_curve(
            axes,
            curve["epoch"] + 1,
            curve["val_accuracy"],
            mark,
            label=f"fold {fold}",
        )
