"""What the submission scores by another metric than accuracy, where that was chosen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from croquis.core.errors import InputError, brief, bring_back
from croquis.scoring.chosen_metric import METRICS, Metric
from croquis.scoring.metric_names import WORDS, metric_name, numbers_on_test
from croquis.scoring.metrics import TAILS, Estimate, bootstrap_p, difference
from croquis.tables.predictions import Predictions
from croquis.votes.calibration import apply_temperature
from croquis.votes.members import on_test
from croquis.votes.recipe import Recipe


def all_by_metric(
    labels: np.ndarray,
    test: Predictions,
    by_one: list[Predictions],
    estimate: Mapping[str, Any],
    *,
    members: list[str],
    by_fold: Path,
    recipe: Recipe,
    seed: int,
) -> dict[str, Any]:
    """What metrics/submission.json gains: `metric`, and `by_metric` with all its numbers.

    Args:
        labels: (N,) true labels in the order of `test`.
        test: the fold-voted ensemble.
        by_one: the ensemble of each fold's models.
        estimate: metrics/ensemble.json.
        members: keys of `run`.
        by_fold: data/predictions.
        recipe: of the ensemble.
        seed: of the draws.

    Returns:
        Nothing where accuracy was chosen.
    """
    scores = metric_on_test(labels, test, by_one, estimate, seed=seed)
    if not scores:
        return {}
    metric = METRICS[metric_name(estimate)]
    by_member = metric_by_member(labels, test.ids, by_fold, members, recipe, metric)
    scores |= {"test_single_fold_by_member": by_member}
    return {"metric": metric.name, "by_metric": scores}


def solution_line(metrics: Mapping[str, Any]) -> str:
    """The submission's number by the metric that was chosen, and what single folds have."""
    numbers = numbers_on_test(metrics)
    return (
        f"{WORDS[metric_name(metrics)]} {numbers['test']:.3f},"
        f" single folds {numbers['test_single_fold']:.3f},"
        f" p {numbers['fold_vote_gain_p']:.2g}"
    )


def metric_on_test(
    labels: np.ndarray,
    test: Predictions,
    by_fold: list[Predictions],
    estimate: Mapping[str, Any],
    *,
    seed: int,
) -> dict[str, Any]:
    """The numbers of `submission_scores` by the metric that OOF was chosen by.

    Of a metric where lower is better a `gap` above zero is the bad one, and a gain of the fold vote
    is below zero.

    Args:
        labels: (N,) true labels in the order of `test`.
        test: the fold-voted ensemble.
        by_fold: the ensemble of each fold's models.
        estimate: metrics/ensemble.json.
        seed: of the draws.

    Returns:
        `test` is the submission's number; nothing where accuracy was chosen.
    """
    metric = METRICS[metric_name(estimate)]
    if metric.is_accuracy:
        return {}
    parts = [test, *(part.aligned(test.ids) for part in by_fold)]
    verdicts = np.stack([metric.judge(labels, part.probs) for part in parts])
    drawn = metric.draws(verdicts, np.arange(len(labels)), seed=seed)
    number, *numbers = (metric.value(each) for each in verdicts)
    single = _estimate(float(np.mean(numbers)), drawn[:, 1:].mean(axis=1))
    gained = drawn[:, 0] - drawn[:, 1:].mean(axis=1)
    gain = _estimate(number - single[0], gained)
    oof = _oof_estimate(metric, estimate)
    gap = difference(oof, single)
    scores = {"test": number, "test_single_fold": single[0]}
    for name, ends in (("fold_vote_gain", gain), ("gap", gap), ("oof", oof)):
        scores |= dict(
            zip((name, f"{name}_low", f"{name}_high"), ends, strict=True)
        )
    scores["fold_vote_gain_p"] = bootstrap_p(gained)
    rounded = {name: round(float(score), 5) for name, score in scores.items()}
    inside = oof[1] <= rounded["test_single_fold"] <= oof[2]
    return rounded | {"inside_interval": bool(inside)}


def _oof_estimate(metric: Metric, scores: Mapping[str, Any]) -> Estimate:
    """The metric and the ends of its interval, as metrics/ensemble.json holds them."""
    value, low, high = (scores[name] for name in _names(metric))
    return value, low, high


def _estimate(value: float, drawn: np.ndarray) -> Estimate:
    low, high = np.quantile(drawn, TAILS)
    return value, float(low), float(high)


def metric_by_member(
    labels: np.ndarray,
    ids: np.ndarray,
    by_fold: Path,
    members: list[str],
    recipe: Recipe,
    metric: Metric,
) -> dict[str, float]:
    """The mean over single folds of each member's metric, at its temperature.

    One that does not vote has no temperature in the recipe, and so no log-loss.

    Args:
        labels: (N,) true labels in the order of `ids`.
        ids: (N,) of the test images.
        by_fold: data/predictions.
        members: keys of `run`.
        recipe: of the ensemble.
        metric: the chosen one.
    """
    numbers = {}
    for member in members:
        if metric.name == "log_loss" and member not in recipe.members:
            continue
        temperature = recipe.temperatures.get(member, 1.0)
        values = []
        for fold in recipe.folds:
            probs = on_test(by_fold, member, fold).aligned(ids).probs
            calibrated = apply_temperature(probs, temperature)
            values.append(metric.value(metric.judge(labels, calibrated)))
        numbers[member] = round(float(np.mean(values)), 5)
    return numbers


def check_estimate(path: Path, scores: Mapping[str, Any]) -> None:
    """Raises InputError if metrics/ensemble.json lacks a number of the metric that it names."""
    name = metric_name(scores)
    if name not in METRICS:
        raise InputError(
            path,
            expected=f"a metric of {', '.join(METRICS)}",
            received=brief(name),
            fix=bring_back(path),
        )
    for key in _names(METRICS[name]):
        if not isinstance(scores.get(key), int | float):
            raise InputError(
                path,
                expected=f"{key}, a number",
                received=brief(scores.get(key)),
                fix=bring_back(path),
            )


def _names(metric: Metric) -> tuple[str, str, str]:
    return metric.name, f"{metric.name}_low", f"{metric.name}_high"
