"""The csv tables that a run leaves for later stages, read as they were written or not at all."""

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from croquis.core.errors import InputError, brief, bring_back

Kind = Literal["key", "text", "whole", "label", "share", "flag", "split", "targets"]
KINDS: dict[Kind, str] = {
    "key": "each value once, and none empty",
    "text": "text",
    "whole": "a whole number in each row",
    "label": "a whole number from 0 in each row",
    "share": "a finite number from 0 in each row",
    "flag": "True or False in each row",
    "split": "train or test in each row",
    "targets": "nothing or label:share in each row",
}
TARGETS = r"(?:\d+:[\d.eE+-]+(?: \d+:[\d.eE+-]+)*)?"
DAMAGE = (
    OSError, ValueError, TypeError, OverflowError, MemoryError, KeyError,
    pd.errors.ParserError, pd.errors.EmptyDataError,
)  # fmt: skip


def read_run_table(
    path: Path,
    read: Callable[[Path], pd.DataFrame],
    kinds: Mapping[str, Kind],
    optional: Collection[str] = (),
) -> pd.DataFrame:
    """A table of a run.

    Args:
        path: of the csv.
        read: how pandas reads it.
        kinds: its columns, and what stands in them.
        optional: those of them that it may lack.

    Raises:
        InputError: if it cannot be read, lacks a column, or has other values in one.
    """
    try:
        table = read(path)
    except DAMAGE as error:
        raise _damaged(path, "a table of a run", _reason(error)) from error
    require_columns(table, [name for name in kinds if name not in optional], path)
    _refuse_cut(path)
    for name, kind in kinds.items():
        if name not in table:
            continue
        wrong = _WRONG[kind](table[name])
        if wrong.any():
            row = int(np.argmax(wrong.to_numpy()))
            value = brief(table[[name]].astype(object).iloc[row, 0])
            expected = f"in column {name} {KINDS[kind]}"
            raise _damaged(path, expected, f"{value} in line {row + 2}")
    return table


def _refuse_cut(path: Path) -> None:
    """A stage ends each line: a table that was cut in one may still have all columns it needs."""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            raise _damaged(path, "an end of line behind the last row", "a cut row")


def require_columns(
    table: pd.DataFrame, names: Collection[str], path: Path
) -> None:
    """Raises InputError if a table of a run lacks one of these columns."""
    for name in names:
        if name not in table:
            there = ", ".join(map(str, table.columns[:8]))
            raise _damaged(path, f"a column {name}", f"only {there}")


def _damaged(path: Path, expected: str, received: str) -> InputError:
    return InputError(
        path, expected=expected, received=received, fix=bring_back(path)
    )


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(text.split()) or type(error).__name__


def _no_key(column: pd.Series) -> pd.Series:
    return column.isna() | (column == "") | column.duplicated()


def _no_text(column: pd.Series) -> pd.Series:
    return column.isna()


def _no_whole(column: pd.Series) -> pd.Series:
    if pd.api.types.is_integer_dtype(column):
        return pd.Series(False, column.index)
    wrong = ~column.map(_is_whole).astype(bool)
    return (
        wrong if wrong.any() or column.empty else ~wrong
    )  # none is wrong, but all are text


def _is_whole(value: object) -> bool:
    """Whether a cell of a column that is no column of numbers is one: only some cells are wrong."""
    if isinstance(
        value, float
    ):  # of the others, where one has a point or is missing
        return value.is_integer()
    return str(value).removeprefix("-").isdecimal()


def _no_label(column: pd.Series) -> pd.Series:
    return _no_whole(column) | (pd.to_numeric(column, errors="coerce") < 0)


def _no_share(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    return ~((numbers >= 0) & (numbers < np.inf))


def _no_split(column: pd.Series) -> pd.Series:
    return ~column.isin(["train", "test"])


def _no_targets(column: pd.Series) -> pd.Series:
    return ~column.astype(str).str.fullmatch(TARGETS)


def _no_flag(column: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(column):
        return pd.Series(False, column.index)
    return ~column.map(lambda value: str(value) in ("True", "False")).astype(bool)


_WRONG: dict[Kind, Callable[[pd.Series], pd.Series]] = {
    "key": _no_key,
    "text": _no_text,
    "whole": _no_whole,
    "label": _no_label,
    "share": _no_share,
    "flag": _no_flag,
    "split": _no_split,
    "targets": _no_targets,
}
