"""Folds: stratified by label, never through a group; derived images go with their source."""

import warnings
from typing import Literal

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.train_only import train_only
from croquis.split.domains import domains_of
from croquis.split.fold_checks import (
    check_num_folds,
    check_scored,
    labels_in_one_fold,
    rare_classes_error,
)
from croquis.split.settings import SplitParams
from croquis.tables.components import families, join_groups
from croquis.tables.fold_tables import ALWAYS, GROUPS_CSV, INDEX_CSV

COLUMNS = [
    "id", "label", "group", "unit", "fold", "plain_fold", "scored", "keep", "weight", "targets",
    "sha256",
]  # fmt: skip


def cut_folds(
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

    The cut is scikit-learn's: StratifiedKFold, or StratifiedGroupKFold where units are held
    together, shuffled by `seed`. Domains: Koh et al. 2021, "WILDS".

    >>> settings = SplitParams()
    >>> folds = cut_folds(index, groups, columns, settings, seed=42)
    >>> held_out = folds[folds["scored"] & (folds["fold"] == 0)]

    Args:
        index: the training rows of index.csv, N of them.
        groups: groups.csv, one row for each of them in any order.
        columns: columns.csv, which may know domains; a column `image_path` is enough.
        settings: the cut.
        seed: of the shuffle.

    Returns:
        N rows of `COLUMNS`. A fold is a number from 0, or `ALWAYS` (-1) for an image that trains
        in every fold and is never scored.

    Raises:
        InputError: if the images cannot be cut so that every training part has every class.
    """
    table = _relate(_join(index, groups), columns, settings)
    table["fold"], always = _settle(table, settings, seed)
    if not settings.plain:
        lowest, highest = _folds_beside(table, table["fold"], settings)
        table["keep"] &= ~table["external"] | ~(lowest < highest)
    table["scored"] = table["original"] & ~always
    if settings.group:
        # Domains may have torn groups; a copy in training is no honest question.
        table["scored"] &= ~table["group"].isin(torn_groups(table))
    table["plain_fold"] = _cut(
        table, table["original"] & ~always, settings, None, seed
    )
    table.loc[always, "plain_fold"] = ALWAYS
    check_scored(table, settings.num_folds)
    return table[COLUMNS]


def torn_groups(folds: pd.DataFrame) -> np.ndarray:
    """The groups with kept copies in several folds; none, unless domains cut through them."""
    sides = folds[folds["keep"]].groupby("group")["fold"].nunique()
    return sides.index[sides > 1].to_numpy()


def _first_unlike(index: pd.DataFrame, groups: pd.DataFrame) -> str:
    """An image that one of the tables lacks, or has twice."""
    lost = sorted(set(index["id"]) ^ set(groups["id"]))
    return lost[0] if lost else "one that is there twice"


def _join(index: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    if sorted(groups["id"]) != sorted(index["id"]):
        raise InputError(
            f"{GROUPS_CSV} and {INDEX_CSV}",
            expected="the same training images in both",
            received=f"{len(groups):,} and {len(index):,}, as {_first_unlike(index, groups)}",
            fix="`dvc checkout -f` brings back the one that was edited or cut, or `make repro`"
            " writes both again",
        )
    return index.merge(groups, on="id", validate="one_to_one").reset_index(
        drop=True
    )


def _relate(
    table: pd.DataFrame, columns: pd.DataFrame, settings: SplitParams
) -> pd.DataFrame:
    """`table` with what each image belongs to, and which ones decide the folds."""
    table["external"] = train_only(table, columns)
    table["family"] = families(table["id"], table["source_id"])
    table["group"] = _groups(table)
    table["unit"] = table["group"]
    if settings.domain is not None:
        table["unit"] = _domains(table, columns, settings.domain)
    table["original"] = (
        (table["source_id"] == "") & table["keep"] & ~table["external"]
    )
    return table


def _groups(table: pd.DataFrame) -> np.ndarray:
    """The groups of copies and families, (N,) int: train-only images join none to another."""
    rest = ~table["external"].to_numpy()
    of_copies = table["group"].to_numpy()
    family = table["family"].to_numpy()
    group = np.empty(len(table), np.int64)
    group[rest] = join_groups(of_copies[rest], family[rest])
    number = dict(zip(of_copies[rest], group[rest], strict=True))
    alone = ~rest & ~np.isin(of_copies, of_copies[rest])
    group[~rest & ~alone] = [number[one] for one in of_copies[~rest & ~alone]]
    # Numbers that no other image has.
    group[alone] = len(table) + join_groups(of_copies[alone], family[alone])
    return group


def _domains(table: pd.DataFrame, columns: pd.DataFrame, by: str) -> np.ndarray:
    """The domain of each image, (N,) int: of a derived one its source's.

    What derives from a source that could not be read is a domain of its own, and always trains.
    """
    originals = table[table["source_id"] == ""]
    may_lack = originals["external"].to_numpy()
    of_originals = domains_of(originals, columns, by, may_lack=may_lack)
    by_family = of_originals.groupby(originals["family"]).first()
    domain = table["family"].map(by_family)
    # Numbered by the others first, as folds depend on the order.
    order = np.argsort(table["external"].to_numpy(), kind="stable")
    unit = np.empty(len(table), np.int64)
    unit[order] = pd.factorize(domain.fillna(-1 - table["family"]).iloc[order])[0]
    return unit


def _settle(
    table: pd.DataFrame, settings: SplitParams, seed: int
) -> tuple[pd.Series, pd.Series]:
    """The folds, and which images always train because their class would be in one fold only.

    With an image of such a class goes all of its group: its copies must not be scored beside it.
    """
    copies = table["group" if settings.group else "family"]
    unit = None if settings.plain else table["unit"]
    always = pd.Series(False, table.index)
    while True:
        fold = _cut(table, table["original"] & ~always, settings, unit, seed)
        fold[always] = ALWAYS
        stuck = labels_in_one_fold(table, fold)
        if not len(stuck):
            return fold, always
        if settings.rare == "error":
            raise rare_classes_error(table, stuck, settings)
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
    labels = table.loc[deciding, "label"].to_numpy()
    units = None if unit is None else unit[deciding].to_numpy()
    fold = pd.Series(np.nan, table.index)
    fold[deciding] = _stratify(labels, units, settings, seed)
    rest = ~table["external"]
    relations = ("family", "group") if unit is None else ("family", "unit", "group")
    for relation in relations:
        fold = fold.fillna(
            fold.groupby(table[relation]).transform("first").where(rest)
        )
    fold[~rest] = _folds_beside(table, fold, settings)[0]
    return fold.fillna(ALWAYS).astype(np.int64)


def _stratify(
    labels: np.ndarray, units: np.ndarray | None, settings: SplitParams, seed: int
) -> np.ndarray:
    """The fold of each of M images, (M,) float; those of one unit share one, if there are units."""
    # Imported here: sklearn takes a second, and bad tables are refused before.
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    apart = np.arange(len(labels)) if units is None else units
    check_num_folds(settings, labels, apart)
    kind = StratifiedKFold if units is None else StratifiedGroupKFold
    splitter = kind(settings.num_folds, shuffle=True, random_state=seed)
    fold = np.empty(len(labels))
    with warnings.catch_warnings():
        # "The least populated class has only ..": rare classes are dealt with by `_settle`.
        warnings.simplefilter("ignore", UserWarning)
        for number, (_, held_out) in enumerate(
            splitter.split(labels, labels, apart)
        ):
            fold[held_out] = number
    return fold


def _folds_beside(
    table: pd.DataFrame, fold: pd.Series, settings: SplitParams
) -> tuple[pd.Series, pd.Series]:
    """The lowest and the highest fold of what train-only images are beside; nan where none is.

    That is their groups and, where folds hold these apart, their domains; of a family together.
    """
    return (
        _fold_beside(table, fold, settings, "min"),
        _fold_beside(table, fold, settings, "max"),
    )


def _fold_beside(
    table: pd.DataFrame,
    fold: pd.Series,
    settings: SplitParams,
    end: Literal["min", "max"],
) -> pd.Series:
    others = fold.where(~table["external"] & (fold != ALWAYS))
    relations = ["group"] if settings.domain is None else ["group", "unit"]
    beside = [others.groupby(table[one]).transform(end) for one in relations]
    of_image = pd.concat(beside, axis=1).agg(end, axis=1)
    return of_image.groupby(table["family"]).transform(end)[table["external"]]
