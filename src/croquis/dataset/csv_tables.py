"""The competition's csv files, read by the names of their columns, never by position."""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_files import refuse_huge_csv


def read_table(
    path: Path, required: Iterable[str]
) -> tuple[pd.DataFrame, list[str]]:
    """The csv at `path` as text, and what to tell people about it.

    Nothing is guessed: a class may be called "nan", a path "007". An unnamed index column, which
    pandas and R like to write, is dropped with a note.

    Raises:
        InputError: if it cannot be read, or a required column is missing or has empty cells.
    """
    table = _read_text(path)
    table = table.rename(columns=str.strip).fillna("")  # a short row has gaps
    unnamed = [
        name for name in table if not name or str(name).startswith("Unnamed: ")
    ]
    # Where a row has more cells than there are names, pandas takes the first for its index.
    has_index = bool(unnamed) or not isinstance(table.index, pd.RangeIndex)
    table = table.drop(columns=unnamed).reset_index(drop=True)
    _require(table, path, required)
    if not has_index:
        return table, []
    return table, [f"{path.name}: an index column without a name was left out"]


def _read_text(path: Path) -> pd.DataFrame:
    """The csv at `path`, all of it text."""
    refuse_huge_csv(path)
    try:
        # pandas drops the byte order mark of a spreadsheet. Where a script has read the mark as
        # text and written another one, there are two: "-sig" drops the first.
        return pd.read_csv(
            path, dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )
    except (
        pd.errors.ParserError,
        pd.errors.EmptyDataError,
        UnicodeDecodeError,
    ) as error:
        raise InputError(
            path,
            expected="a csv file",
            received=" ".join(str(error).split()),
            fix="save it as UTF-8 with commas",
        ) from error


def _require(table: pd.DataFrame, path: Path, required: Iterable[str]) -> None:
    for column in required:
        if column not in table:
            fix = "add or rename it"
            if _has_other_separator(table):
                fix = "save it with commas"
            names = ", ".join(map(str, table.columns))
            raise InputError(
                path,
                expected=f"a column {column}",
                received=f"only {names[:200]}",  # of a csv, if it is one
                fix=fix,
            )
        expected = f"a value in each row of {column}"
        refuse_rows(table, table[column] == "", path, expected)


def _has_other_separator(table: pd.DataFrame) -> bool:
    """Whether the names of all columns stand in one, as with semicolons or tabs."""
    return table.shape[1] == 1 and bool(re.search(r"[;\t|]", table.columns[0]))


def refuse_rows(
    table: pd.DataFrame,
    wrong: pd.Series,
    where: object,
    expected: str,
    fix: str = "correct these rows",
) -> None:
    """Raises InputError with the number of wrong rows and the first three, if there are any.

    Args:
        table: has `image_path`, or the line numbers are named.
        wrong: (N,) bool, in the rows of `table`.
        where: as in InputError.
        expected: as in InputError.
        fix: as in InputError.
    """
    if not wrong.any():
        return
    lines = "line " + (table.index[wrong] + 2).astype(str)
    paths = table.loc[wrong, "image_path"] if "image_path" in table else lines
    first = ", ".join(
        path or line for path, line in zip(paths[:3], lines[:3], strict=True)
    )
    more = ", ..." if wrong.sum() > 3 else ""
    received = f"{wrong.sum():,} rows that differ ({first}{more})"
    raise InputError(where, expected=expected, received=received, fix=fix)
