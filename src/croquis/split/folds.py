"""Folds: stratified by label, never through a group; derived images go with their source."""

import warnings
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from croquis.core.errors import InputError
from croquis.core.params import Section
from croquis.dataset.train_only import train_only
from croquis.split.domains import DomainKey, domains_of
from croquis.tables.components import families, join_groups
from croquis.tables.fold_tables import ALWAYS

COLUMNS = [
    "id", "label", "group", "unit", "fold", "plain_fold", "scored", "keep", "weight", "targets",
    "sha256",
]  # fmt: skip


class SplitParams(Section):
    """How the training images are cut into folds.

    Copies in two domains may be in two folds: they train, and are scored only if `group` is False.
    """

    num_folds: int = Field(
        default=5, ge=2, description="The number of folds; each is held out once."
    )
    group: bool = Field(
        default=True,
        description="Whether copies share a fold; false: plain stratified folds.",
    )
    domain: DomainKey | None = Field(
        default=None,
        description="Who made an image, if folds shall hold people apart: "
        "a column of train.csv, or a pattern of the path with a (group).",
    )
    rare: Literal["error", "train"] = Field(
        default="error",
        description="A class that sits in one fold only: error stops, train never scores it.",
    )


def with_folds(
    index: pd.DataFrame,
    groups: pd.DataFrame,
    columns: pd.DataFrame,
    settings: SplitParams,
    *,
    seed: int,
) -> pd.DataFrame:
    """folds.csv, in the order of `index`; `fold` is grouped or not, `plain_fold` never is.

    Only kept originals decide the folds and are scored. A derived image (one with a source_id)
    is in its source's fold, so it trains exactly when its source does; a dropped copy is in the
    fold of its domain or group. The `unit` that folds hold together is a domain where these are
    given, else a group. A train-only image changes no fold of others: it is in the fold of its
    group and domain, and where these are in two it is not kept.

    Args:
        index: the training rows of index.csv.
        groups: groups.csv.
        columns: columns.csv, which may know domains.
        settings: the cut.
        seed: of the shuffle.

    Raises:
        InputError: if the images cannot be cut so that every training part has every class.
    """
    table = _joined(index, groups)
    table["external"] = train_only(table, columns)
    table["family"] = families(table["id"], table["source_id"])
    table["group"] = _groups(table)
    table["unit"] = table["group"]
    if settings.domain is not None:
        table["unit"] = _domains(table, columns, settings.domain)
    table["original"] = (table["source_id"] == "") & table["keep"] & ~table["external"]
    table["fold"], always = _settled(table, settings, seed)
    if settings.group or settings.domain is not None:
        low, high = _folds_beside(table, table["fold"], settings)
        table["keep"] &= ~table["external"] | ~(low < high)
    table["scored"] = table["original"] & ~always
    if (
        settings.group
    ):  # domains may have torn groups; a copy in training is no honest question
        table["scored"] &= ~table["group"].isin(torn(table))
    table["plain_fold"] = _cut(table, table["original"] & ~always, settings, None, seed)
    table.loc[always, "plain_fold"] = ALWAYS
    _check_scored(table, settings.num_folds)
    return table[COLUMNS]


def _groups(table: pd.DataFrame) -> np.ndarray:
    """The groups of copies and families, (N,) int: train-only images join none to another."""
    rest = ~table["external"].to_numpy()
    given = table["group"].to_numpy()
    family = table["family"].to_numpy()
    group = np.empty(len(table), np.int64)
    group[rest] = join_groups(given[rest], family[rest])
    known = dict(zip(given[rest], group[rest], strict=True))
    alone = ~rest & ~np.isin(given, given[rest])
    group[~rest & ~alone] = [known[number] for number in given[~rest & ~alone]]
    group[alone] = len(table) + join_groups(
        given[alone], family[alone]
    )  # a number that no other has
    return group


def _domains(table: pd.DataFrame, columns: pd.DataFrame, by: str) -> np.ndarray:
    """The domain of each image, (N,) int: of a derived one its source's.

    What derives from a source that could not be read is a domain of its own, and always trains.
    """
    originals = table[table["source_id"] == ""]
    found = domains_of(
        originals, columns, by, may_lack=originals["external"].to_numpy()
    )
    domain = table["family"].map(found.groupby(originals["family"]).first())
    # Numbered by the others first, as folds depend on the order.
    order = np.argsort(table["external"].to_numpy(), kind="stable")
    unit = np.empty(len(table), np.int64)
    unit[order] = pd.factorize(domain.fillna(-1 - table["family"]).iloc[order])[0]
    return unit


def _joined(index: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    if sorted(groups["id"]) != sorted(index["id"]):
        received = f"{len(groups):,} ids that are not the same"
        expected = f"the {len(index):,} training ids of the index"
        raise InputError(
            "groups", expected=expected, received=received, fix="rerun dedup"
        )
    return index.merge(groups, on="id", validate="one_to_one").reset_index(drop=True)


def _settled(
    table: pd.DataFrame, settings: SplitParams, seed: int
) -> tuple[pd.Series, pd.Series]:
    """The folds, and which images always train because their class would be in one fold only.

    With an image of such a class goes all of its group: its copies must not be scored beside it.
    """
    copies = table["group" if settings.group else "family"]
    unit = table["unit"] if settings.group or settings.domain is not None else None
    always = pd.Series(False, table.index)
    while True:
        deciding = table["original"] & ~always
        fold = _cut(table, deciding, settings, unit, seed)
        fold[always] = ALWAYS
        stuck = _in_one_fold(table, fold)
        if not len(stuck):
            return fold, always
        if settings.rare == "error":
            raise _rare_classes(table, stuck, settings)
        rare = table["label"].isin(stuck) & table["keep"] & ~table["external"]
        always |= copies.isin(copies[rare])


def _cut(
    table: pd.DataFrame,
    deciding: pd.Series,
    settings: SplitParams,
    unit: pd.Series | None,
    seed: int,
) -> pd.Series:
    """Folds of all images, (N,) int; the `deciding` ones are cut, the others follow them.

    They follow their family first, then their unit, then their group; with none they always train.
    """
    # Imported here: the check stage wants SplitParams at once, and sklearn takes a second.
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    labels = table.loc[deciding, "label"].to_numpy()
    units = np.arange(len(labels)) if unit is None else unit[deciding].to_numpy()
    _check_num_folds(settings, labels, units)
    kind: Any = StratifiedKFold if unit is None else StratifiedGroupKFold
    splitter = kind(settings.num_folds, shuffle=True, random_state=seed)
    cut = np.empty(len(labels))
    with warnings.catch_warnings():
        # "The least populated class has only ..": rare classes are dealt with by `_settled`.
        warnings.simplefilter("ignore", UserWarning)
        for fold, (_, held_out) in enumerate(splitter.split(labels, labels, units)):
            cut[held_out] = fold
    fold = pd.Series(np.nan, table.index)
    fold[deciding] = cut
    rest = ~table["external"]
    for relation in (
        ("family", "unit", "group") if unit is not None else ("family", "group")
    ):
        fold = fold.fillna(fold.groupby(table[relation]).transform("first").where(rest))
    fold[~rest] = _folds_beside(table, fold, settings)[0]
    return fold.fillna(ALWAYS).astype(np.int64)


def _folds_beside(
    table: pd.DataFrame, fold: pd.Series, settings: SplitParams
) -> tuple[pd.Series, pd.Series]:
    """The lowest and the highest fold of what train-only images are beside; nan where none is.

    That is their groups and, where folds hold these apart, their domains; of a family together.
    """
    others = fold.where(~table["external"] & (fold != ALWAYS))
    by = ["group"] if settings.domain is None else ["group", "unit"]
    ends = []
    for which in ("min", "max"):
        beside = [others.groupby(table[one]).transform(which) for one in by]
        nearest = pd.concat(beside, axis=1).agg(which, axis=1)
        ends.append(
            nearest.groupby(table["family"]).transform(which)[table["external"]]
        )
    return ends[0], ends[1]


def torn(folds: pd.DataFrame) -> np.ndarray:
    """The groups with kept copies in several folds; none, unless domains cut through them."""
    sides = folds[folds["keep"]].groupby("group")["fold"].nunique()
    return sides.index[sides > 1].to_numpy()


def _check_scored(table: pd.DataFrame, num_folds: int) -> None:
    """Each fold needs images to be scored on; too many copies across domains leave none."""
    for words, column in (("fold", "fold"), ("plain fold", "plain_fold")):
        empty = set(range(num_folds)) - set(table.loc[table["scored"], column])
        if empty:
            received = f"none in {words} {min(empty)}"
            fix = "set split.group=false to score copies all the same, or lower split.num_folds"
            expected = "images without a copy in another domain"
            raise InputError(
                "split.domain", expected=expected, received=received, fix=fix
            )


def _check_num_folds(
    settings: SplitParams, labels: np.ndarray, units: np.ndarray
) -> None:
    apart = len(np.unique(units))
    largest = max(np.bincount(labels), default=0)
    if settings.num_folds > min(apart, largest):
        words = f"{apart} {_kind(settings)}, {largest} images in the largest class"
        received = str(settings.num_folds)
        fix = "lower it, or add images"
        expected = f"at most {min(apart, largest)} ({words})"
        raise InputError(
            "split.num_folds", expected=expected, received=received, fix=fix
        )


def _kind(settings: SplitParams) -> str:
    return "groups" if settings.domain is None else "domains"


def _in_one_fold(table: pd.DataFrame, fold: pd.Series) -> np.ndarray:
    """The labels whose kept images are all in one fold: no class to learn when it is held out."""
    by_label = fold[table["keep"]].groupby(table["label"])
    alone = (by_label.nunique() == 1) & (by_label.first() != ALWAYS)
    # A class of train-only images is never scored: it is no loss where it is not learned.
    others = table["keep"] & ~table["external"]
    return np.intersect1d(alone.index[alone], table.loc[others, "label"])


def _rare_classes(
    table: pd.DataFrame, stuck: np.ndarray, settings: SplitParams
) -> InputError:
    rows = table[table["label"].isin(stuck) & table["keep"]]
    counts = rows.groupby("class_name")["unit"].agg(["size", "nunique"])
    shown = [
        f"{name!r} (images {row['size']}, {_kind(settings)} {row['nunique']})"
        for name, row in counts.head(5).iterrows()
    ]
    received = f"{len(counts)} in one fold only: {', '.join(shown)}"
    received += ", ..." if len(counts) > 5 else ""
    fix = "add images, lower split.num_folds, or set split.rare=train (trained, never scored)"
    return InputError(
        "split", expected="each class in two folds or more", received=received, fix=fix
    )


def split_metrics(folds: pd.DataFrame, settings: SplitParams) -> dict[str, int]:
    """metrics/split.json: sizes of folds, classes and groups, and what plain folds would leak.

    With domains also how many there are, and how many kept images have a copy in another fold.
    """
    kept = folds[folds["keep"]]
    scored = folds[folds["scored"]]
    sizes = scored["fold"].value_counts()
    training = [
        kept.loc[kept["fold"] != k, "label"].value_counts()
        for k in range(settings.num_folds)
    ]
    sides = kept.groupby("group")["plain_fold"].nunique()
    across = kept["group"].isin(torn(folds))
    asked = kept[kept["scored"] | across]
    found = {
        "images": len(folds),
        "scored": len(scored),
        "classes": int(folds["label"].nunique()),
        "groups": int(folds["group"].nunique()),
        "fold_min": int(sizes.min()),
        "fold_max": int(sizes.max()),
        "smallest_class_in_training": int(min(counts.min() for counts in training)),
        "unscored_classes": int(kept["label"].nunique() - scored["label"].nunique()),
        "plain_twins": int(asked["group"].map(sides).gt(1).sum()),
    }
    if settings.domain is not None:
        found["domains"] = int(folds["unit"].nunique())
        found["copies_across_folds"] = int(across.sum())
    return found
