"""The chart of scores: members, the ensemble and its parts, and the test set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from croquis.core.text import gain
from croquis.report.page_data import ImageData, Metrics, RunOutcome
from croquis.scoring.metrics import accuracy_interval
from croquis.tables.predictions import Predictions

STEP = 0.05  # of the scale's ends


class ScoreLine(NamedTuple):
    """One line of the chart: an accuracy, its interval, and what plain folds claim."""

    name: str
    accuracy: float
    low: float | None = None
    high: float | None = None
    plain: float | None = None


@dataclass(frozen=True)
class ScoreChart:
    """The lines of the chart.

    Attributes:
        lines: of members, ensemble and test.
        parts: of the ensemble, below its line.
        left: the lower end of the scale.
        right: its upper end.
    """

    lines: list[ScoreLine]
    parts: list[ScoreLine]
    left: float
    right: float


def score_chart(
    data: ImageData, outcome: RunOutcome, metrics: Metrics
) -> ScoreChart:
    """The chart of a run."""
    oof = outcome.oof
    lines = score_lines(metrics["vote"], metrics["ensemble"], metrics["submission"])
    parts = by_copies(
        data.labels(oof.ids),
        oof,
        data.groups_of(oof.ids),
        data.units_of(oof.ids),
        seed=outcome.settings.seed,
    )
    left, right = axis_ends([*lines, *parts])
    return ScoreChart(lines, parts, left, right)


def score_lines(
    votes: Mapping[str, Mapping[str, Any]],
    ensemble: Mapping[str, Any],
    submission: Mapping[str, Any],
) -> list[ScoreLine]:
    """The members, the ensemble and, where there is a solution, the test set."""
    lines = [_line(member, votes[member]) for member in sorted(votes)]
    lines.append(_line("ensemble", ensemble))
    if "test_accuracy" in submission:
        lines.append(
            ScoreLine("test, single folds", submission["test_single_fold"])
        )
        if ensemble["folds"] > 1:
            lines.append(ScoreLine("test, fold vote", submission["test_accuracy"]))
    return lines


def _line(name: str, score: Mapping[str, Any]) -> ScoreLine:
    return ScoreLine(
        name,
        accuracy=score["accuracy"],
        low=score["accuracy_low"],
        high=score["accuracy_high"],
        plain=score.get("plain_accuracy"),
    )


def by_copies(
    labels: np.ndarray,
    oof: Predictions,
    groups: np.ndarray,
    units: np.ndarray,
    *,
    seed: int,
) -> list[ScoreLine]:
    """The ensemble's accuracy on images that have a copy and on those that have none.

    Args:
        labels: (N,) true labels in the order of `oof`.
        oof: of the ensemble.
        groups: (N,) the group of copies of each.
        units: (N,) what the intervals draw together, a group or a domain.
        seed: of these draws.
    """
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    copied = sizes[inverse] > 1
    right = oof.probs.argmax(axis=1) == labels
    lines = []
    for words, part in (("with a copy", copied), ("without a copy", ~copied)):
        if part.any():
            name = f"{words} ({part.sum():,})"
            ends = accuracy_interval(right[part], units[part], seed=seed)
            lines.append(ScoreLine(name, float(right[part].mean()), *ends))
    return lines


def axis_ends(lines: Iterable[ScoreLine]) -> tuple[float, float]:
    """The two ends of a scale that all lines fit on, in steps of .05 and inside 0 to 1."""
    numbers = np.array([line[1:] for line in lines], dtype=float)  # None to nan
    # Rounded first: 0.7 / 0.05 is 13.999..
    low = np.floor(round(np.nanmin(numbers) / STEP, 9)) * STEP
    high = np.ceil(round(np.nanmax(numbers) / STEP, 9)) * STEP
    left = round(max(low, 0), 2)
    right = round(min(high, 1), 2)
    if right > left:
        return left, right
    return max(left - STEP, 0), min(right + STEP, 1)


def leak(score: Mapping[str, float]) -> str:
    """What plain folds claim beyond grouped ones: +.101 (+.080 .. +.121), or nothing."""
    if "plain_accuracy" not in score:
        return ""
    difference = gain(score["plain_accuracy"] - score["accuracy"])
    if (
        "plain_difference_low" not in score
    ):  # a run from before there were intervals
        return difference
    low = score["plain_difference_low"]
    high = score["plain_difference_high"]
    return f"{difference} ({gain(low)} .. {gain(high)})"
