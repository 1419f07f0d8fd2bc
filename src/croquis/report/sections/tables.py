"""The tables of the report: curves of all members and folds, confusion, scores, figures."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.core.text import SYMMETRIES, gain, share
from croquis.scoring.metrics import accuracy_interval
from croquis.tables.predictions import Predictions
from croquis.votes.members import RunParams

CURVES = ["member", "fold", "epoch", "lr", "train_loss", "val_loss", "val_accuracy"]
# What the keys in the JSON of dedup and split mean, in reading order. Any other key comes after
# these, and speaks for itself.
WORDS = {
    "images": "training images",
    "scored": "of them scored out of fold",
    "classes": "classes",
    "unscored_classes": "classes that are never scored",
    "groups": "groups, an image without a copy being one",
    "biggest_group": "images in the biggest group",
    "with_copies": "images that have a copy",
    "conflicts": "groups with several labels",
    "pairs": "pairs of copies, by the test that found them",
    "symmetries": "the same pairs, by how they are alike",
    "lowest_likeness": "cosine of blurred ink of the least alike in a group",
    "cut_groups": "chains that were cut",
    "cut_pairs": "pairs that a cut parted",
    "flat": "flat images, compared by bytes and pixels only",
    "dropped": "images dropped from training",
    "test_twins": "test images with a copy in training",
    "candidates": "candidates",
    "seconds": "seconds",
    "smallest_class_in_training": "fewest training images of a class in a fold",
    "fold_min": "images in the smallest fold",
    "fold_max": "images in the largest fold",
    "plain_twins": "images that plain folds would part from a copy",
    "domains": "domains",
    "copies_across_folds": "images with a copy in another fold",
}
# The same of figures that have parts; a key may mean something else there.
PARTS = {
    "classes": {
        "smallest_before": "images of the smallest",
        "smallest_after": "of the smallest after dropping",
        "median_before": "of the median one",
        "median_after": "of the median one after dropping",
    },
    "pairs": {"same": "a person's word"},
    "symmetries": SYMMETRIES,
}


def joined_curves(folder: Path, run: RunParams) -> pd.DataFrame:
    """The curves of exactly the members and folds of `run`, one row an epoch.

    Columns: CURVES, and `training`, "<member> fold <k>".

    Raises:
        InputError: if a table lacks a column.
    """
    parts = []
    for member in run.members:
        for fold in run.folds:
            table = _read(folder / member / f"fold{fold}.csv")
            parts.append(
                table.assign(member=member, fold=fold, training=f"{member} fold {fold}")
            )
    return pd.concat(parts, ignore_index=True)


def _read(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, dtype={"member": str})
    if missing := [column for column in CURVES if column not in table]:
        received = f"none of {', '.join(missing)}"
        fix = "rerun that train stage"
        raise InputError(path, expected=", ".join(CURVES), received=received, fix=fix)
    return table[CURVES]


def confusion(labels: np.ndarray, oof: Predictions) -> pd.DataFrame:
    """One row an image, in the order of `oof`: class names `actual` and `predicted`.

    DVC writes them into a script of its page as they are, so no name may end that script.

    Args:
        labels: (N,) true labels.
        oof: out-of-fold predictions.
    """
    preds = oof.probs.argmax(axis=1)
    names = np.char.replace(
        oof.classes, "<", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
    )
    return pd.DataFrame({"actual": names[labels], "predicted": names[preds]})


class Line(NamedTuple):
    """One line of the image of scores: an accuracy, its interval, and what plain folds claim."""

    name: str
    accuracy: float
    low: float | None = None
    high: float | None = None
    plain: float | None = None


def score_lines(votes: Mapping, ensemble: Mapping, submission: Mapping) -> list[Line]:
    """The members, the ensemble and, where a solution is known, the test set."""
    lines = [_line(member, votes[member]) for member in sorted(votes)]
    lines.append(_line("ensemble", ensemble))
    if "test_accuracy" in submission:
        lines.append(Line("test, single folds", submission["test_single_fold"]))
        if ensemble["folds"] > 1:
            lines.append(Line("test, fold vote", submission["test_accuracy"]))
    return lines


def _line(name: str, score: Mapping[str, float]) -> Line:
    low = score["accuracy_low"]
    high = score["accuracy_high"]
    return Line(name, score["accuracy"], low, high, score.get("plain_accuracy"))


def by_copies(
    labels: np.ndarray,
    oof: Predictions,
    groups: np.ndarray,
    units: np.ndarray,
    *,
    seed: int,
) -> list[Line]:
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
            ends = accuracy_interval(right[part], units[part], seed=seed)
            lines.append(
                Line(f"{words} ({part.sum():,})", float(right[part].mean()), *ends)
            )
    return lines


def axis(lines: Iterable[Line]) -> tuple[float, float]:
    """The two ends of a scale that all lines fit on, in steps of .05 and inside 0 to 1."""
    numbers = np.array([line[1:] for line in lines], dtype=float)  # None to nan
    low = np.nanmin(numbers)
    high = np.nanmax(numbers)
    # Rounded first: 0.7 / 0.05 is 13.999..
    ends = np.floor(round(low / 0.05, 9)) * 0.05, np.ceil(round(high / 0.05, 9)) * 0.05
    left = round(max(ends[0], 0), 2)
    right = round(min(ends[1], 1), 2)
    return (
        (left, right) if right > left else (max(left - 0.05, 0), min(right + 0.05, 1))
    )


class Figure(NamedTuple):
    """A number and what it means; what has parts has no number of its own, and they follow it."""

    words: str
    number: str
    part: bool = False


def figures(metrics: Mapping[str, Any]) -> list[Figure]:
    """A JSON of metrics, two levels deep, in reading order."""
    rows = []
    for key, words in _worded(metrics, WORDS):
        value = metrics[key]
        if isinstance(value, Mapping):
            shown = "{:.1f}".format if key == "seconds" else _shown
            parts = _worded(value, PARTS.get(key, {}))
            rows.append(Figure(words, ""))
            rows += [
                Figure(name, shown(value[part]), part=True) for part, name in parts
            ]
        else:
            rows.append(Figure(words, _shown(value)))
    return rows


def _worded(keys: Iterable[str], words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Keys with their words, in the order of `words`; what is not among these comes last."""
    known = list(words)
    ordered = sorted(
        keys, key=lambda key: (known.index(key) if key in words else len(known), key)
    )
    return [(key, words.get(key, key.replace("_", " "))) for key in ordered]


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    if isinstance(value, list):
        more = f" and {len(value) - 12:,} more" if len(value) > 12 else ""
        return ", ".join(_shown(item) for item in value[:12]) + more
    if isinstance(value, float):
        return share(value) if abs(value) <= 1 else f"{value:,.1f}".removesuffix(".0")
    return f"{value:,}" if isinstance(value, int) else str(value)


def leak(score: Mapping[str, float]) -> str:
    """What plain folds claim beyond grouped ones: +.101 (+.080 .. +.121), or nothing."""
    if "plain_accuracy" not in score:
        return ""
    found = gain(score["plain_accuracy"] - score["accuracy"])
    if "plain_difference_low" not in score:  # a run from before there were intervals
        return found
    low = score["plain_difference_low"]
    high = score["plain_difference_high"]
    return f"{found} ({gain(low)} .. {gain(high)})"
