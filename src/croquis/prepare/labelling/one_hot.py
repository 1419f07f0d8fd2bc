"""A column of 0 and 1 for each class, as Kaggle's plant pathology has it."""

from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import refuse_rows
from croquis.prepare.labels import without_fraction

SHOWN = 200  # characters of names that a message shows


def one_hot_marks(columns: pd.DataFrame) -> pd.DataFrame:
    """Whether each cell says that the class of its column is the row's: 1, 1.0 or true."""
    return columns.apply(_marks)


def _marks(column: pd.Series) -> pd.Series:
    words = {"true": "1", "false": "0"}
    plain = {text: without_fraction(text).strip().lower() for text in set(column)}
    return column.map({text: words.get(word, word) for text, word in plain.items()})


def is_one_hot(columns: pd.DataFrame) -> bool:
    """Whether each column is a class: 0 or 1 in each row, and exactly one 1."""
    marks = one_hot_marks(columns)
    one = (marks == "1").sum(axis=1) == 1
    return bool(marks.isin(["0", "1"]).all(axis=None) and one.all())


def one_hot_columns(
    table: pd.DataFrame, csv: Path, columns: list[str]
) -> list[str]:
    """All `columns`, if each is a class and has 0 or 1 in each row; none, if that is not so.

    Raises:
        InputError: if rows have several classes, or others stand beside such columns.
    """
    if table.empty:
        return []
    marks = one_hot_marks(table[columns])
    classes = [name for name in columns if marks[name].isin(["0", "1"]).all()]
    if len(classes) < 2:
        return []
    names = ", ".join(classes)[:SHOWN]
    several = (marks[classes] == "1").sum(axis=1) != 1
    if len(classes) < len(columns):
        if several.any():
            return []
        others = ", ".join(name for name in columns if name not in classes)
        raise InputError(
            csv,
            expected="one column of the class, or a column of 0 and 1 for each and no other",
            received=f"{names} beside {others[:SHOWN]}",
            fix="write the classes into one column class_name, or take the other columns out",
        )
    expected = f"one 1 in each row of {names}, as an image has one class"
    fix = "drop these rows, or write their classes into one column class_name"
    refuse_rows(table, several, csv, expected, fix)
    return classes
