"""Csv files of other tools, as pandas and people write them."""

import warnings
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_files import refuse_huge_csv
from croquis.dataset.csv_tables import read_table
from croquis.dataset.folders.column_names import named_like

WITHOUT_NAMES = "name them in its first line, which may be missing, or give a --sample with them"
UNREADABLE = (pd.errors.ParserError, pd.errors.EmptyDataError)


def read_csv(
    path: Path, texts: Collection[str]
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """A csv, what to say where an index column without a name was left out, and notes.

    Blanks around the names of columns, and in front of cells, are not part of them.

    Args:
        path: of the csv.
        texts: names of columns that hold text, however they are written.

    Raises:
        InputError: if it cannot be read, a row has too many cells or a column is there twice.
    """
    table, notes = _read_strictly(path, texts)
    table.columns = table.columns.str.strip()
    if doubled := list(table.columns[table.columns.duplicated()]):
        received = f"{doubled[0]!r} twice"
        fix = "take out one of the two"
        raise InputError(
            path, expected="each column once", received=received, fix=fix
        )
    unnamed = [
        name
        for name in columns_of(table)
        if not name or name.startswith("Unnamed: ")
    ]
    without_index = table.drop(columns=unnamed)
    return without_index, ["an index without a name"] * bool(unnamed), notes


def _read_strictly(
    path: Path, texts: Collection[str]
) -> tuple[pd.DataFrame, list[str]]:
    expected = "a csv file"
    refuse_huge_csv(path)
    try:
        names = columns_of(_read(path, nrows=0))
        if len(names) == 1:  # with other signs than commas between the cells
            return read_table(path, [])
        # All as text would take seven times as long for 500 classes; nothing reads as missing.
        dtype = dict.fromkeys(named_like(names, texts), str)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return _read(path, dtype=dtype), []
    except pd.errors.ParserWarning as error:  # and the last of them would be lost
        received = "rows of more cells than its first line has"
        fix = "write as many into each"
        raise InputError(
            path, expected=expected, received=received, fix=fix
        ) from error
    except UnicodeDecodeError:
        return read_table(path, [])
    except UNREADABLE as error:
        reason = " ".join(str(error).split())
        fix = "save it as UTF-8 with commas"
        raise InputError(
            path, expected=expected, received=reason, fix=fix
        ) from error


def _read(
    path: Path,
    *,
    nrows: int | None = None,
    dtype: Mapping[str, type[str]] | None = None,
) -> pd.DataFrame:
    """A csv of which no cell reads as missing; in UTF-8 with its mark or without."""
    return pd.read_csv(
        path,
        nrows=nrows,
        dtype=dtype,
        keep_default_na=False,
        encoding="utf-8-sig",
        index_col=False,
        skipinitialspace=True,
    )


def columns_of(table: pd.DataFrame) -> list[str]:
    """The names of the columns; those of a csv are text."""
    return [str(name) for name in table.columns]


def other_columns(
    path: Path, table: pd.DataFrame, expected: str, fix: str = WITHOUT_NAMES
) -> InputError:
    """The error where a file has not the columns it should have."""
    shown = ", ".join(columns_of(table)[:4]) + (
        ", ..." if table.shape[1] > 4 else ""
    )
    return InputError(path, expected=expected, received=f"columns {shown}", fix=fix)
