"""Each member's folds joined, to OOF and to votes on the test set, and its scores."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from croquis.core.progress import progress
from croquis.scoring.chosen_metric import ACCURACY, Metric, metric_scores
from croquis.scoring.metric_names import headline
from croquis.scoring.metrics import report
from croquis.tables.components import units
from croquis.tables.fold_tables import require_labels, truth_of_predictions
from croquis.tables.predictions import Predictions
from croquis.vote.plain_accuracy import plain_scores
from croquis.votes.calibration import calibration_scores
from croquis.votes.fitting import fit_temperature
from croquis.votes.members import RunParams, flipped, fold_votes, out_of_fold
from croquis.votes.parts import nested_calibrated
from croquis.votes.recipe import EnsembleParams, VoteParams, voters


def join_members(
    predictions: Path,
    folds: pd.DataFrame,
    votes: Path,
    run: RunParams,
    settings: VoteParams,
    ensemble: EnsembleParams,
    *,
    seed: int,
    metric: Metric = ACCURACY,
) -> dict[str, dict[str, Any]]:
    """The scores of each member by its key; its OOF and test votes are written to `votes`.

    One member after another is written, as all of them together may be more than memory holds.

    Args:
        predictions: data/predictions.
        folds: folds.csv.
        votes: a folder, which receives <member>/oof.npz and <member>/test_<vote>.npz.
        run: which members, on which folds.
        settings: whether members have a temperature.
        ensemble: names the snapshots that vote beside the members of `run`.
        seed: of the intervals.
        metric: that the run is chosen by.
    """
    scores: dict[str, dict[str, Any]] = {}
    for member in progress(voters(run, ensemble), "vote"):
        oof = out_of_fold(predictions, member, folds, run.folds)
        oof.save(votes / member / "oof.npz")
        labels = _labels(oof, folds)
        temperature = (
            fit_temperature(labels, oof.probs) if settings.calibrated else 1.0
        )
        tests = fold_votes(predictions, member, run.folds, temperature)
        for name, test in tests.items():
            test.save(votes / member / f"test_{name}.npz")
        groups = units(truth_of_predictions(oof.ids, folds))
        scores[member] = (
            _member_scores(
                metric, labels, oof.probs, groups, settings.calibrated, seed=seed
            )
            | calibration_scores(labels, oof.probs, temperature)
            | _plain_scores(predictions, member, oof, folds, run, seed=seed)
            | _flip_scores(predictions, member, folds, run.folds)
        )
    return scores


def vote_lines(scores: dict[str, dict[str, Any]]) -> list[str]:
    """The lines that the stage ends with, one a member."""
    numbers = {member: headline(of_member) for member, of_member in scores.items()}
    return [
        f"vote: {member} OOF {score.words} {score.value:.3f}"
        f" ({score.low:.3f} to {score.high:.3f})"
        for member, score in numbers.items()
    ]


def _member_scores(
    metric: Metric,
    labels: np.ndarray,
    probs: np.ndarray,
    groups: np.ndarray,
    calibrate: bool,
    *,
    seed: int,
) -> dict[str, Any]:
    """`report` of a member, and `metric_scores` of it as its folds vote.

    The log-loss is at its temperature, nested; `log_loss_raw` is that of the probabilities as they
    are.
    """
    scores: dict[str, Any] = {**report(labels, probs, groups, seed=seed)}
    if metric.name == "log_loss" and calibrate:
        raw = metric.value(metric.judge(labels, probs))
        scores["log_loss_raw"] = round(raw, 5)
        probs = nested_calibrated(labels, probs, groups, seed=seed)
    return scores | metric_scores(metric, labels, probs, groups, seed=seed)


def _plain_scores(
    predictions: Path,
    member: str,
    oof: Predictions,
    folds: pd.DataFrame,
    run: RunParams,
    *,
    seed: int,
) -> dict[str, float]:
    """What plain folds say; only probes are trained on them."""
    if member not in run.probes:
        return {}
    plain = out_of_fold(predictions, member, folds, run.folds, part="plain")
    return plain_scores(oof, plain, folds, seed=seed)


def _flip_scores(
    predictions: Path, member: str, folds: pd.DataFrame, chosen: list[int]
) -> dict[str, float]:
    """The accuracy on flipped images by the flip, where the member predicted them."""
    accuracies = {}
    for flip, part in flipped(predictions, member, folds, chosen).items():
        is_right = part.probs.argmax(axis=1) == _labels(part, folds)
        accuracies[f"{flip}_accuracy"] = round(float(is_right.mean()), 5)
    return accuracies


def _labels(part: Predictions, folds: pd.DataFrame) -> np.ndarray:
    labels = truth_of_predictions(part.ids, folds)["label"].to_numpy()
    require_labels(labels, part.classes)
    return labels
