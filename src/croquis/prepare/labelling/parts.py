"""Rows of one table that are of several splits: by a column split, or by the folders of images."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.folders.column_names import plain
from croquis.dataset.folders.label_files import TEST, TRAIN, VAL, role_of
from croquis.dataset.folders.split_names import split_of
from croquis.prepare.labels import IN_SOURCE, without_fraction

SPLIT_COLUMNS = (
    "split",
    "splits",
    "subset",
    "dataset",
    "set",
    "partition",
    "phase",
    "datasplit",
    "usage",
)
FOLDS = ("fold", "folds", "kfold")
# Columns of yes and no. Whether a row of "no" is of val or of test, nobody can know.
MARKS = ("istrain", "istraining", "istrainingimage", "istest", "isval", "isvalid")
YES_AND_NO = ("0", "1", "true", "false", "yes", "no", "0.0", "1.0", "")
NUMBERS = ("0", "1", "2", "3")  # of three parts; more numbers are rather folds
# What a cell says in a column of any name.
PART = re.compile(
    r"(public|private)?[\s_-]*(train|training|val|valid|validation|dev|test|testing)"
    r"[\s_-]*(set|data|images?)?\d*"
)
NAMED = 3  # images that a line shows


def split_column(table: pd.DataFrame, leave_out: Iterable[str]) -> str | None:
    """The column that says of each row whether it is train, val or test; None if there is none.

    One of another name than the usual says so, too, if its cells do.

    Args:
        table: of labels.
        leave_out: its columns of the image and of the class.
    """
    names = [name for name in map(str, table) if name not in set(leave_out)]
    for name in sorted(names, key=lambda name: plain(name) not in SPLIT_COLUMNS):
        roles = _roles(table[name])
        if (roles == "").any() or not (roles == TRAIN).any():
            continue
        if plain(name) in SPLIT_COLUMNS:
            return name
        if (roles != TRAIN).any() and _are_parts(table[name]):
            return name
    return None


def refuse_unclear_split(
    table: pd.DataFrame, csv: Path, split: str, labels: list[str]
) -> None:
    """Raises InputError where a column seems to tell the split of a row, and is not certain.

    Args:
        table: of labels, without a column as of `split_column`.
        csv: where it is from.
        split: of its rows, if no column says it.
        labels: its columns of the class.
    """
    if table.empty:
        return
    if len(labels) == 1 and _are_parts(table[labels[0]]):
        raise InputError(
            csv,
            expected="a column of the class",
            received=f"{labels[0]} alone, which says {_cells(table[labels[0]])}",
            fix=f"add a column class_name {IN_SOURCE}",
        )
    for name in map(str, table):
        if name not in labels and _is_unclear(table[name], plain(name), split):
            raise InputError(
                csv,
                expected=f"train, val or test in each row of {name}",
                received=_cells(table[name]),
                fix=f"write these words into a column split, in place of {name}; rename it if it"
                f" means something else, {IN_SOURCE}",
            )


def _is_unclear(cells: pd.Series, name: str, split: str) -> bool:
    words = cells.str.strip().str.lower()
    if name in MARKS:
        return words.nunique() > 1 and bool(words.isin(YES_AND_NO).all())
    if name not in (*SPLIT_COLUMNS, *FOLDS) or words.nunique() == 0:
        return False
    roles = _roles(cells)
    if name in FOLDS:  # numbers, and test for those that are to be predicted
        return bool((roles != "").any())
    if (roles == split).all():
        return False
    return bool((roles != "").any()) or (
        words.nunique() > 1
        and bool(words.map(without_fraction).isin(NUMBERS).all())
    )


def _roles(cells: pd.Series) -> pd.Series:
    """The split that each cell says, as PublicTest, TRAIN or validation; "" for none."""
    role_by_text = {text: _role(text) for text in set(cells)}
    return cells.map(role_by_text).astype(str)


def _role(text: str) -> str:
    split = split_of(text.strip())  # it knows Korean words, too
    role = split if split in (TRAIN, VAL, TEST) else ""
    return role_of(text) or role_of(text.lower()) or role


def _are_parts(cells: pd.Series) -> bool:
    """Whether all cells are words for a part of a data set, and no other words."""
    return all(
        PART.fullmatch(text.strip().lower())
        or split_of(text.strip()) in (TRAIN, VAL, TEST)
        for text in set(cells)
    )


def _cells(cells: pd.Series) -> str:
    texts = sorted(set(cells))
    more = ", ..." if len(texts) > NAMED else ""
    return ", ".join(repr(text) for text in texts[:NAMED]) + more


def rows_by_column(table: pd.DataFrame, column: str) -> dict[str, pd.DataFrame]:
    """The rows of each split, without the column that says so."""
    roles = _roles(table[column])
    rest = table.drop(columns=column)
    return {role: rest[roles == role] for role in (TRAIN, VAL, TEST)}


def rows_by_folder(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each split, by the folders of their files (`path`); those of none are train."""
    roles = table["path"].map(_role_of_path)
    rows = {role: table[roles == role] for role in (VAL, TEST)}
    return {TRAIN: table[~roles.isin([VAL, TEST])], **rows}


def _role_of_path(path: str) -> str:
    roles = map(role_of, PurePosixPath(path).parts[:-1])
    return next((role for role in roles if role), "")


def note_on_test(rows: pd.DataFrame, where: str) -> list[str]:
    """A line on rows of test images in a table of labels."""
    if rows.empty:
        return []
    words = f"{len(rows):,} rows of test images are not trained on"
    return [f"{where}: {words} ({first_images(rows)})"]


def note_on_unread(table: pd.DataFrame, column: str, where: str) -> list[str]:
    """A line on rows that a column calls val or test, and that train all the same."""
    others = table[_roles(table[column]) != TRAIN]
    if others.empty:
        return []
    words = f"{len(others):,} rows that {column} calls otherwise train, too"
    return [f"{where}: {words} ({first_images(others)})"]


def first_images(rows: pd.DataFrame) -> str:
    """The first few images of some rows."""
    more = ", ..." if len(rows) > NAMED else ""
    return ", ".join(rows["image_path"][:NAMED]) + more
