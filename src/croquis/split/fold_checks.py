"""What makes folds impossible: too few images or groups, rare classes, copies across domains."""

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.split.settings import SplitParams
from croquis.tables.fold_tables import ALWAYS

SHOWN = 5  # classes that a message names
LEAST = 2  # folds: one to learn from, one to be scored on


def check_num_folds(
    settings: SplitParams, labels: np.ndarray, units: np.ndarray
) -> None:
    """Raises InputError if there are more folds than units, or than images of any class.

    Args:
        settings: of the split.
        labels: of the images that decide the folds, (M,) int.
        units: what folds hold together of them, (M,) int.
    """
    apart = len(np.unique(units))
    largest = max(np.bincount(labels), default=0)
    most = min(apart, largest)
    words = (
        f"{apart} {settings.held_together}, {largest} images in the largest class"
    )
    if most < LEAST:
        raise InputError(
            "split",
            expected=f"{LEAST} {settings.held_together} or more, and a class of as many images",
            received=words,
            fix=_fix_of_one_unit(settings) if apart < LEAST else "add images",
        )
    if settings.num_folds > most:
        raise InputError(
            "split.num_folds",
            expected=f"at most {most} ({words})",
            received=str(settings.num_folds),
            fix=f"lower it to {most}, or add images",
        )


def _fix_of_one_unit(settings: SplitParams) -> str:
    """What helps where a fold would hold everything: another way to hold images together."""
    if settings.domain is not None:
        return (
            "name a column with several values as split.domain, or set it to null"
        )
    if settings.group:
        return "add other images: all are copies of one; or set split.group=false"
    return "add images"


def check_scored(table: pd.DataFrame, num_folds: int) -> None:
    """Raises InputError if a fold has no image to be scored on, for copies across domains.

    Args:
        table: has `fold`, `plain_fold` and `scored`.
        num_folds: how many there are.
    """
    for words, column in (("fold", "fold"), ("plain fold", "plain_fold")):
        empty = set(range(num_folds)) - set(table.loc[table["scored"], column])
        if empty:
            fix = "set split.group=false to score copies all the same, or lower split.num_folds"
            raise InputError(
                "split.domain",
                expected="images without a copy in another domain",
                received=f"none in {words} {min(empty)}",
                fix=fix,
            )


def labels_in_one_fold(table: pd.DataFrame, fold: pd.Series) -> np.ndarray:
    """The labels whose kept images are all in one fold: no class to learn when it is held out.

    Args:
        table: has `label`, `keep` and `external`, one row an image.
        fold: of each image.
    """
    by_label = fold[table["keep"]].groupby(table["label"])
    alone = (by_label.nunique() == 1) & (by_label.first() != ALWAYS)
    # A class of train-only images is never scored: it is no loss where it is not learned.
    others = table["keep"] & ~table["external"]
    return np.intersect1d(alone.index[alone], table.loc[others, "label"])


def rare_classes_error(
    table: pd.DataFrame, labels: np.ndarray, settings: SplitParams
) -> InputError:
    """The error that names the classes of `labels`, which would be in one fold only."""
    rows = table[table["label"].isin(labels) & table["keep"]]
    counts = rows.groupby("class_name")["unit"].agg(["size", "nunique"])
    shown = [
        f"{name!r} (images {row['size']}, {settings.held_together} {row['nunique']})"
        for name, row in counts.head(SHOWN).iterrows()
    ]
    more = ", ..." if len(counts) > SHOWN else ""
    return InputError(
        "split",
        expected="each class in two folds or more",
        received=f"{len(counts)} in one fold only: {', '.join(shown)}{more}",
        fix="add images, lower split.num_folds, or set split.rare=train (trained, never scored)",
    )
