"""The chart of scores: members, the ensemble and its parts, and the test set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from croquis.core.text import gain
from croquis.report.page_data import ImageData, Metrics, RunOutcome
from croquis.scoring.chosen_metric import ACCURACY, METRICS, Metric
from croquis.scoring.metric_names import headline, metric_name, numbers_on_test
from croquis.tables.predictions import Predictions

STEP = 0.05  # of the scale's ends


class ScoreLine(NamedTuple):
    """One line of the chart: a score, its interval, and what plain folds claim."""

    name: str
    value: float
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
    metric = METRICS[metric_name(metrics["ensemble"])]
    lines = score_lines(metrics["vote"], metrics["ensemble"], metrics["submission"])
    parts = by_copies(
        data.labels(oof.ids),
        oof,
        data.groups_of(oof.ids),
        data.units_of(oof.ids),
        seed=outcome.settings.seed,
        metric=metric,
    )
    most = np.inf if metric.name == "log_loss" else 1.0
    left, right = axis_ends([*lines, *parts], most=most)
    return ScoreChart(lines, parts, left, right)


def score_lines(
    votes: Mapping[str, Mapping[str, Any]],
    ensemble: Mapping[str, Any],
    submission: Mapping[str, Any],
) -> list[ScoreLine]:
    """The members, the ensemble and, where there is a solution, the test set."""
    lines = [_line(member, votes[member]) for member in sorted(votes)]
    lines.append(_line("ensemble", ensemble))
    if test := numbers_on_test(submission):
        lines.append(ScoreLine("test, single folds", test["test_single_fold"]))
        if ensemble["folds"] > 1:
            lines.append(ScoreLine("test, fold vote", test["test"]))
    return lines


def _line(name: str, scores: Mapping[str, Any]) -> ScoreLine:
    """A line with its interval; what plain folds claim is an accuracy, so beside that alone."""
    score = headline(scores)
    plain = scores.get("plain_accuracy") if score.is_accuracy else None
    return ScoreLine(name, score.value, score.low, score.high, plain)


def by_copies(
    labels: np.ndarray,
    oof: Predictions,
    groups: np.ndarray,
    units: np.ndarray,
    *,
    seed: int,
    metric: Metric = ACCURACY,
) -> list[ScoreLine]:
    """The ensemble's score on images that have a copy and on those that have none.

    Args:
        labels: (N,) true labels in the order of `oof`.
        oof: of the ensemble.
        groups: (N,) the group of copies of each.
        units: (N,) what the intervals draw together, a group or a domain.
        seed: of these draws.
        metric: of the score.
    """
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    copied = sizes[inverse] > 1
    verdicts = metric.judge(labels, oof.probs)
    lines = []
    for words, part in (("with a copy", copied), ("without a copy", ~copied)):
        if part.any():
            name = f"{words} ({part.sum():,})"
            judged = verdicts[part]
            ends = metric.intervals(judged[None], units[part], seed=seed)[0]
            lines.append(ScoreLine(name, metric.value(judged), *ends))
    return lines


def axis_ends(
    lines: Iterable[ScoreLine], *, most: float = 1.0
) -> tuple[float, float]:
    """The two ends of a scale that all lines fit on, in steps of .05 and inside 0 to `most`."""
    numbers = np.array([line[1:] for line in lines], dtype=float)  # None to nan
    # Rounded first: 0.7 / 0.05 is 13.999..
    low = np.floor(round(np.nanmin(numbers) / STEP, 9)) * STEP
    high = np.ceil(round(np.nanmax(numbers) / STEP, 9)) * STEP
    left = round(max(low, 0), 2)
    right = round(min(high, most), 2)
    if right > left:
        return left, right
    return max(left - STEP, 0), min(right + STEP, most)


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
