"""The stage split: folds of all training images, what metrics say of them, and what people hear."""

from typing import NamedTuple

import pandas as pd

from croquis.dataset.train_only import (
    train_only,
    train_only_counts,
    train_only_lines,
)
from croquis.split.folds import cut_folds, torn_groups
from croquis.split.settings import SplitParams


class Split(NamedTuple):
    """What the stage writes, and what it says."""

    folds: pd.DataFrame  # folds.csv
    metrics: dict[str, int]  # metrics/split.json
    notes: list[str]


def split_images(
    index: pd.DataFrame,
    groups: pd.DataFrame,
    columns: pd.DataFrame,
    settings: SplitParams,
    *,
    seed: int,
) -> Split:
    """The folds of the training images of `index`, their metrics, and notes.

    Args:
        index: index.csv, with test images or without.
        groups: groups.csv.
        columns: columns.csv.
        settings: of the split.
        seed: of the shuffle.

    Raises:
        InputError: if the images cannot be cut so that every training part has every class.
    """
    images = index[index["split"] == "train"]
    folds = cut_folds(images, groups, columns, settings, seed=seed)
    counts = train_only_counts(folds, train_only(images, columns))
    metrics = split_metrics(folds, settings) | counts
    notes = [
        _note_on_sizes(metrics, settings),
        *train_only_lines(counts),
        *_notes_on_domains(folds, metrics, settings),
        *_notes_on_losses(metrics),
    ]
    return Split(folds, metrics, notes)


def split_metrics(folds: pd.DataFrame, settings: SplitParams) -> dict[str, int]:
    """metrics/split.json: sizes of folds, classes and groups, and what plain folds would leak.

    With domains also how many there are, and how many kept images have a copy in another fold.
    """
    kept = folds[folds["keep"]]
    scored = folds[folds["scored"]]
    sizes = scored["fold"].value_counts()
    across = kept["group"].isin(torn_groups(folds))
    metrics = {
        "images": len(folds),
        "scored": len(scored),
        "classes": int(folds["label"].nunique()),
        "groups": int(folds["group"].nunique()),
        "fold_min": int(sizes.min()),
        "fold_max": int(sizes.max()),
        "smallest_class_in_training": _smallest_class(kept, settings.num_folds),
        "unscored_classes": int(
            kept["label"].nunique() - scored["label"].nunique()
        ),
        "plain_twins": _torn_by_plain_folds(kept, across),
    }
    if settings.domain is not None:
        metrics["domains"] = int(folds["unit"].nunique())
        metrics["copies_across_folds"] = int(across.sum())
    return metrics


def _smallest_class(kept: pd.DataFrame, num_folds: int) -> int:
    """The least images that any class has in any training part."""
    parts = [kept.loc[kept["fold"] != fold, "label"] for fold in range(num_folds)]
    return min(int(part.value_counts().min()) for part in parts)


def _torn_by_plain_folds(kept: pd.DataFrame, across: pd.Series) -> int:
    """Images that plain folds would score with a copy in training, of those one may ask about."""
    sides = kept.groupby("group")["plain_fold"].nunique()
    asked = kept[kept["scored"] | across]
    return int(asked["group"].map(sides).gt(1).sum())


def _note_on_sizes(metrics: dict[str, int], settings: SplitParams) -> str:
    sizes = f"{metrics['fold_min']:,} to {metrics['fold_max']:,} scored images"
    return f"{settings.num_folds} folds of {sizes}, {metrics['groups']:,} groups"


def _notes_on_domains(
    folds: pd.DataFrame, metrics: dict[str, int], settings: SplitParams
) -> list[str]:
    if settings.domain is None:
        return []
    counts = folds["unit"].value_counts()
    sizes = f"{counts.min():,} to {counts.max():,} images"
    notes = [f"{len(counts):,} domains of {sizes}, held apart by folds"]
    if settings.group and metrics["copies_across_folds"]:
        images = f"{metrics['copies_across_folds']:,} images"
        notes.append(
            f"{images} have a copy in another fold: they train, and are not scored"
        )
    return notes


def _notes_on_losses(metrics: dict[str, int]) -> list[str]:
    leak = f"{metrics['plain_twins']:,} would have a copy on both sides"
    notes = [f"under plain folds {leak}"]
    if metrics["unscored_classes"]:
        notes.append(
            f"{metrics['unscored_classes']} classes train and are never scored"
        )
    return notes
