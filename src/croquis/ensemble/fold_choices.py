"""The ensemble's predictions of the test set, by the models of all folds and of each alone."""

from pathlib import Path

import numpy as np

from croquis.core.progress import progress
from croquis.tables import predictions
from croquis.tables.predictions import Predictions, same_classes
from croquis.votes.calibration import apply_temperature
from croquis.votes.members import folder_of
from croquis.votes.recipe import Recipe


def combine_folds(
    recipe: Recipe, by_fold: Path, choices: list[list[int]]
) -> list[Predictions]:
    """The ensemble's test predictions by the models of each choice of folds; files are read once.

    Args:
        recipe: which members, and how they vote.
        by_fold: data/predictions.
        choices: all folds of the run, and each alone for what OOF estimates.
    """
    folds = sorted({fold for choice in choices for fold in choice})
    first_path = _test_file(by_fold, recipe.members[0], folds[0])
    first = predictions.load_predictions(first_path)
    calibrated: dict[str, dict[int, np.ndarray]] = {
        key: {} for key in recipe.members
    }
    files = [(key, fold) for key in recipe.members for fold in folds]
    for key, fold in progress(files, "test", unit="file"):
        path = _test_file(by_fold, key, fold)
        part = predictions.load_predictions(path)
        same_classes([first, part], [first_path, path])
        probs = part.aligned(first.ids, where=path).probs
        calibrated[key][fold] = apply_temperature(probs, recipe.temperatures[key])
    combined = []
    for choice in choices:
        by_member = {
            key: [of_member[fold] for fold in choice]
            for key, of_member in calibrated.items()
        }
        probs = recipe.combine_calibrated(by_member)
        combined.append(Predictions(first.ids, probs, first.classes))
    return combined


def _test_file(by_fold: Path, member: str, fold: int) -> Path:
    return folder_of(by_fold, member, fold) / "test.npz"
