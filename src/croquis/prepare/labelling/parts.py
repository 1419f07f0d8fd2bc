"""Rows of one table that are of several splits: by a column split, or by the folders of images."""

from pathlib import PurePosixPath

import pandas as pd

from croquis.dataset.folders.column_names import plain
from croquis.dataset.folders.label_files import TEST, TRAIN, VAL, role_of

SPLIT_COLUMNS = (
    "split",
    "splits",
    "subset",
    "dataset",
    "set",
    "partition",
    "phase",
)
NAMED = 3  # images that a line shows


def split_column(table: pd.DataFrame) -> str | None:
    """The column that says of each row whether it is train, val or test; None if there is none."""
    for name in map(str, table):
        if plain(name) in SPLIT_COLUMNS and len(table):
            roles = table[name].str.strip().str.lower().map(role_of)
            if (roles != "").all() and (roles == TRAIN).any():
                return name
    return None


def rows_by_column(table: pd.DataFrame, column: str) -> dict[str, pd.DataFrame]:
    """The rows of each split, without the column that says so."""
    roles = table[column].str.strip().str.lower().map(role_of)
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
    others = table[table[column].str.strip().str.lower().map(role_of) != TRAIN]
    if others.empty:
        return []
    words = f"{len(others):,} rows that {column} calls otherwise train, too"
    return [f"{where}: {words} ({first_images(others)})"]


def first_images(rows: pd.DataFrame) -> str:
    """The first few images of some rows."""
    more = ", ..." if len(rows) > NAMED else ""
    return ", ".join(rows["image_path"][:NAMED]) + more
