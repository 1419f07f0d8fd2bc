"""The file to upload: the competition's columns and order, filled with predicted labels."""

from pathlib import Path

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.scoring.metrics import difference, mean_gain, mean_interval, scores
from croquis.tables import predictions
from croquis.tables.predictions import Predictions
from croquis.votes.calibration import ece
from croquis.votes.recipe import Recipe
from croquis.votes.voting import VOTES, member_vote


def submission(sample: pd.DataFrame, test: Predictions) -> pd.DataFrame:
    """The sample's rows and columns with `target` filled in.

    Args:
        sample: sample_submission.csv with `image_path` and `target`.
        test: ids are "test/<image_path>"; ties go to the lowest class.

    Raises:
        InputError: if the ids are not exactly the sample's.
    """
    ids = ("test/" + sample["image_path"].astype(str)).to_numpy(dtype=str)
    labels = test.aligned(ids, where="submission").probs.argmax(axis=1)
    return sample.assign(target=labels.astype(int))


def true_labels(solution: pd.DataFrame, test: Predictions) -> np.ndarray | None:
    """The true labels of `test` in its order, (N,), or None where no solution is known.

    Raises:
        InputError: if the solution speaks of other images.
    """
    if solution.empty:
        return None
    known = dict(
        zip(
            "test/" + solution["image_path"].astype(str),
            solution["target"],
            strict=True,
        )
    )
    if set(known) != set(test.ids) or len(solution) > len(known):
        lost = len(set(test.ids) - set(known))
        received = f"{len(solution):,} rows; {lost:,} test images have none"
        fix = "give the solution of this test set with each image once, or none"
        raise InputError(
            "solution.csv",
            expected=f"{len(test):,} test images",
            received=received,
            fix=fix,
        )
    return np.array([known[name] for name in test.ids])


def single_fold(
    labels: np.ndarray, ids: np.ndarray, by_fold: list[Predictions]
) -> float:
    """The mean accuracy of single folds' models on the test set, rounded to 5 digits.

    It is what OOF estimates: OOF, too, has one model an image. Arguments as in `rights`.
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
            predictions.load_predictions(votes / key / f"test_{vote}.npz")
            for key in recipe.members
        ]
        for vote in VOTES
    }


def by_vote(
    labels: np.ndarray,
    ids: np.ndarray,
    ballots: dict[str, list[Predictions]],
    recipe: Recipe,
) -> dict[str, float]:
    """Test accuracy of all four votes, folds first: "soft-hard" is a majority over members' means.

    Only here can votes over folds be judged: OOF has one model an image. "hard-soft" is always
    "hard-hard", the majority of all argmaxes: `voting.member_vote` says why.

    Args:
        labels: (N,) true labels in the order of `ids`.
        ids: (N,) of the test images.
        ballots: `read_votes`.
        recipe: the weights of the members.
    """
    found = {}
    weights = np.array([recipe.weights[key] for key in recipe.members])
    for folds, members in ballots.items():
        stack = np.stack([part.aligned(ids).probs for part in members])
        for name in VOTES:
            joint = member_vote(stack, weights, folds=folds, members=name)
            right = joint.argmax(axis=1) == labels
            found[f"{folds}-{name}"] = round(float(right.mean()), 5)
    return found


def submission_scores(
    labels: np.ndarray,
    test: Predictions,
    by_fold: list[Predictions],
    estimate: dict,
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
    full = float(right.mean())
    single = round(float(by_one.mean()), 5)
    low, high, p = mean_gain(right, by_one, np.arange(len(right)), seed=seed)
    promised = (
        estimate["accuracy"],
        estimate["accuracy_low"],
        estimate["accuracy_high"],
    )
    kept = mean_interval(by_one.mean(axis=0), np.arange(len(right)), seed=seed)
    found = dict(
        zip(("gap", "gap_low", "gap_high"), difference(promised, kept), strict=True)
    )
    found |= {
        "test_accuracy": full,
        "test_single_fold": single,
        "fold_vote_gain": full - single,
        "fold_vote_gain_low": low,
        "fold_vote_gain_high": high,
        "fold_vote_gain_p": p,
    }
    found |= dict(zip(("oof_accuracy", "oof_low", "oof_high"), promised, strict=True))
    found |= {
        "log_loss": scores(labels, test.probs)["log_loss"],
        "ece": ece(labels, test.probs),
    }
    inside = promised[1] <= single <= promised[2]
    return {name: round(score, 5) for name, score in found.items()} | {
        "inside_interval": bool(inside)
    }
