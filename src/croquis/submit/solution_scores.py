"""What a submission scores where there is a solution, beside what OOF promised."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.scoring.metrics import difference, mean_gain, mean_interval, scores
from croquis.tables.predictions import Predictions, load_predictions
from croquis.votes.calibration import ece
from croquis.votes.recipe import Recipe
from croquis.votes.voting import VOTES, member_vote


def true_labels(solution: pd.DataFrame, test: Predictions) -> np.ndarray | None:
    """The true labels of `test` in its order, (N,), or None where the solution has no rows.

    Raises:
        InputError: if the solution speaks of other images.
    """
    if solution.empty:
        return None
    ids = "test/" + solution["image_path"].astype(str)
    label_of = dict(zip(ids, solution["target"], strict=True))
    if set(label_of) != set(test.ids) or len(solution) > len(label_of):
        lost = len(set(test.ids) - set(label_of))
        received = f"{len(solution):,} rows; {lost:,} test images have none"
        fix = "give the solution of this test set with each image once, or none"
        raise InputError(
            "solution.csv",
            expected=f"{len(test):,} test images",
            received=received,
            fix=fix,
        )
    return np.array([label_of[name] for name in test.ids])


def single_fold_accuracy(
    labels: np.ndarray, ids: np.ndarray, by_fold: list[Predictions]
) -> float:
    """The mean accuracy of single folds' models on the test set, rounded to 5 digits.

    It is what OOF estimates: OOF, too, has one model an image. Arguments as in `correct_by_fold`.
    """
    return round(float(correct_by_fold(labels, ids, by_fold).mean()), 5)


def correct_by_fold(
    labels: np.ndarray, ids: np.ndarray, by_fold: list[Predictions]
) -> np.ndarray:
    """Which test images each fold's models get right, (K, N) bool.

    Args:
        labels: (N,) true labels in the order of `ids`.
        ids: (N,) of the test images.
        by_fold: the predictions of each fold's models.
    """
    return np.stack(
        [part.aligned(ids).probs.argmax(axis=1) == labels for part in by_fold]
    )


def read_votes(votes: Path, recipe: Recipe) -> dict[str, list[Predictions]]:
    """What each member says on the test set, by the vote of its folds; `votes` is data/votes."""
    return {
        vote: [
            load_predictions(votes / key / f"test_{vote}.npz")
            for key in recipe.members
        ]
        for vote in VOTES
    }


def accuracy_by_vote(
    labels: np.ndarray,
    ids: np.ndarray,
    by_vote: dict[str, list[Predictions]],
    recipe: Recipe,
) -> dict[str, float]:
    """Test accuracy of each vote over folds with each over members.

    Folds come first: "soft-hard" is a majority over members' means. Only here can votes over folds
    be judged, as OOF has one model an image. "hard-soft" is always "hard-hard", the majority of all
    argmaxes: `voting.member_vote` says why.

    Args:
        labels: (N,) true labels in the order of `ids`.
        ids: (N,) of the test images.
        by_vote: `read_votes`.
        recipe: the weights of the members.
    """
    accuracies = {}
    weights = np.array([recipe.weights[key] for key in recipe.members])
    for folds, members in by_vote.items():
        stack = np.stack([part.aligned(ids).probs for part in members])
        for name in VOTES:
            joint = member_vote(stack, weights, folds=folds, members=name)
            right = joint.argmax(axis=1) == labels
            accuracies[f"{folds}-{name}"] = round(float(right.mean()), 5)
    return accuracies


def submission_scores(
    labels: np.ndarray,
    test: Predictions,
    by_fold: list[Predictions],
    estimate: Mapping[str, float],
    *,
    seed: int,
) -> dict[str, float | bool]:
    """How the submission did, beside what OOF promised.

    OOF is made by one model an image, the submission by a vote of all folds: so the mean score of
    the single folds' ensembles is what OOF estimates, and the gain of the fold vote stands apart.
    The test set has a sampling error of its own: with as many images as OOF has, one honest run
    in six is outside OOF's interval. So the `gap` between the two has an interval of both errors:
    where it is all below zero, OOF promised more than chance explains. Log-loss and calibration
    error are the submission's: temperatures were fitted on one model an image, and the vote of
    folds is more modest. What is drawn of the test set are images, one by one, as neither copies
    nor domains among them are known.

    Args:
        labels: (N,) true labels in the order of `test`.
        test: the fold-voted ensemble.
        by_fold: the ensemble of each fold's models.
        estimate: `accuracy`, `accuracy_low`, `accuracy_high` of OOF, as in metrics/ensemble.json.
        seed: of the draws.
    """
    right = test.probs.argmax(axis=1) == labels
    by_one = correct_by_fold(labels, test.ids, by_fold)
    scored = (
        _gap(by_one, estimate, seed=seed)
        | _fold_vote_gain(right, by_one, seed=seed)
        | {
            "oof_accuracy": estimate["accuracy"],
            "oof_low": estimate["accuracy_low"],
            "oof_high": estimate["accuracy_high"],
            "log_loss": scores(labels, test.probs)["log_loss"],
            "ece": ece(labels, test.probs),
        }
    )
    single = scored["test_single_fold"]
    inside = estimate["accuracy_low"] <= single <= estimate["accuracy_high"]
    return {name: round(score, 5) for name, score in scored.items()} | {
        "inside_interval": bool(inside)
    }


def _gap(
    by_one: np.ndarray, estimate: Mapping[str, float], *, seed: int
) -> dict[str, float]:
    """Single folds' accuracy minus that of OOF; `by_one` is `correct_by_fold`."""
    images = np.arange(by_one.shape[1])
    oof = estimate["accuracy"], estimate["accuracy_low"], estimate["accuracy_high"]
    single = mean_interval(by_one.mean(axis=0), images, seed=seed)
    gap, low, high = difference(oof, single)
    return {"gap": gap, "gap_low": low, "gap_high": high}


def _fold_vote_gain(
    right: np.ndarray, by_one: np.ndarray, *, seed: int
) -> dict[str, float]:
    """The accuracy of the vote of all folds, that of single ones, and the difference."""
    images = np.arange(len(right))
    accuracy = float(right.mean())
    single = round(float(by_one.mean()), 5)
    low, high, p = mean_gain(right, by_one, images, seed=seed)
    return {
        "test_accuracy": accuracy,
        "test_single_fold": single,
        "fold_vote_gain": accuracy - single,
        "fold_vote_gain_low": low,
        "fold_vote_gain_high": high,
        "fold_vote_gain_p": p,
    }
