"""What a sample submission wants to know of each image: a number, a name or probabilities."""

import re
import unicodedata
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.folders.column_names import named_like
from croquis.prepare.image_names import IMAGE_COLUMNS, LABEL_COLUMNS
from croquis.prepare.labels import without_fraction
from croquis.prepare.samples.class_columns import (
    SHOWN,
    WITHOUT_SAMPLE,
    Classes,
    class_columns,
    fold,
    is_no_count,
    is_number,
    rank_note,
    refuse_other_columns,
    refuse_ranks,
)


class Answers(NamedTuple):
    """The columns to fill.

    Attributes:
        kind: as in SubmissionForm.
        label: as in SubmissionForm.
        by_label: `answers` of SubmissionForm.
        words: what these columns will hold, for people.
        notes: what people should know besides.
    """

    kind: Literal["numbers", "names", "probabilities"]
    label: str
    by_label: list[str]
    words: str
    notes: list[str]

    def columns(self) -> list[str]:
        """Those that are filled."""
        return (
            [self.label] if self.label else [name for name in self.by_label if name]
        )


def read_answers(
    table: pd.DataFrame,
    images: list[str],
    classes: Classes,
    label: str | None,
    csv: Path,
) -> Answers:
    """What the columns of a sample want.

    Args:
        table: the sample, as text.
        images: its columns that name images.
        classes: of the training images.
        label: the column of the class, where somebody has said it.
        csv: the sample.

    Raises:
        InputError: if they are neither the column of a class nor one for each class.
    """
    others = table.drop(columns=images)
    columns = [str(name) for name in others]
    if len(classes.names) > 1:
        wide, notes = class_columns(columns, classes, csv)
        if wide is not None:
            refuse_other_columns(others, wide, classes, csv)
            refuse_ranks(wide, classes, csv)
            words = f"the probabilities of {len(wide):,} classes"
            return Answers("probabilities", "", wide, words, notes)
    column = _label_column(columns, label)
    if column is None:
        refuse_other_columns(others, [], classes, csv)
        column = _fitting_column(table, columns, classes, csv)
    return _of_label(table[column], column, classes, csv)


def _label_column(columns: list[str], label: str | None) -> str | None:
    """The column of the class: the one that somebody named, else one of the usual names."""
    if label in columns:
        return label
    return next(iter(named_like(columns, LABEL_COLUMNS)), None)


def _fitting_column(
    table: pd.DataFrame, columns: list[str], classes: Classes, csv: Path
) -> str:
    """The one of the columns that can hold a class.

    Raises:
        InputError: if there is none, or several.
    """
    names = [name for name in columns if table[name].isin(classes.names).all()]
    likely = [name for name in columns if not named_like([name], IMAGE_COLUMNS)]
    numbers = [
        name for name in likely if table[name].str.fullmatch(r"\d{1,9}").all()
    ]
    texts = [name for name in columns if not is_number(table[name])]
    for fitting in (names, numbers, likely, texts):
        if len(fitting) == 1 and len(table):
            return fitting[0]
    if not likely:
        raise InputError(
            csv,
            expected="a column target",
            received=f"only {', '.join(map(str, table))[:200]}",
            fix=f"add or rename it, {WITHOUT_SAMPLE}",
        )
    raise InputError(
        csv,
        expected="a column target (or label, class, category), or one for each class",
        received=", ".join(columns)[:200],
        fix=f"say which with `data.columns.label`, {WITHOUT_SAMPLE}",
    )


def _of_label(
    cells: pd.Series, column: str, classes: Classes, csv: Path
) -> Answers:
    """What one column wants, by its dummy values."""
    texts = cells.str.strip().map(without_fraction)
    values = sorted(set(texts) - {""})
    whole = all(re.fullmatch(r"-?\d{1,18}", text) for text in values)
    in_range = whole and all(0 <= int(text) < len(classes.names) for text in values)
    names = _as_names(values, classes)
    if not values:
        return _of_empty(cells, column, classes, csv)
    if whole and in_range and (flags := _flags(column, classes)):
        return flags
    if whole and classes.numbered and column.casefold() != "class_name":
        is_name = names is not None and any(map(is_no_count, values))
        if names is None or (in_range and not is_name):
            notes = _notes_on_numbers(values, names, in_range, column, classes, csv)
            return _numbers(column, classes, notes)
    if names is not None:
        notes = _notes_on_dummies(values, names, column, csv)
        return _names(column, classes._replace(names=names), notes)
    if whole:
        notes = [] if classes.numbered else [rank_note(csv, classes)]
        return _numbers(column, classes, notes)
    if len(classes.names) == 2 and _are_shares(values):
        return _one_probability(column, classes, csv)
    if classes.numbered and named_like([column], LABEL_COLUMNS):
        note = f"{csv.name}: {column} {values[0]!r} is no class; numbers go out"
        return _numbers(column, classes, [note])
    raise _unknown(values, column, classes, csv)


def _of_empty(
    cells: pd.Series, column: str, classes: Classes, csv: Path
) -> Answers:
    """What a column without any value wants."""
    words = "numbers" if classes.numbered else "names"
    notes = [f"{csv.name}: {column} is empty; {words} of classes go out"]
    answers = _numbers if classes.numbered else _names
    return answers(column, classes, notes if len(cells) else [])


def _numbers(column: str, classes: Classes, notes: list[str]) -> Answers:
    words = f"{column} (numbers from 0 to {len(classes.names) - 1})"
    return Answers("numbers", column, [], words, notes)


def _names(column: str, classes: Classes, notes: list[str]) -> Answers:
    words = f"{column} (class names, as {classes.names[0]!r})"
    return Answers("names", column, classes.names, words, notes)


def _as_names(values: list[str], classes: Classes) -> list[str] | None:
    """The class names as a sample with these values writes them; None if they are no names."""
    names = classes.names
    composed = [unicodedata.normalize("NFC", name) for name in names]
    decomposed = [unicodedata.normalize("NFD", name) for name in names]
    for written in (names, composed, decomposed):
        if set(values) <= set(written):
            return written
    are_numbers = all(text.isdecimal() for text in (*names, *values))
    if are_numbers and not classes.numbered:  # 00, 01 ... where the sample has 0
        return [str(int(name)) for name in names]
    return None


def _notes_on_dummies(
    values: list[str], names: list[str], column: str, csv: Path
) -> list[str]:
    """A line where the sample has a 0, and the classes are called 1, 2, 3."""
    strange = [text for text in values if text not in names]
    if not strange:
        return []
    words = f"is no class; names of classes go out, as {names[0]!r}"
    return [f"{csv.name}: {column} {strange[0]!r} {words}"]


def _notes_on_numbers(
    values: list[str],
    names: list[str] | None,
    in_range: bool,
    column: str,
    classes: Classes,
    csv: Path,
) -> list[str]:
    """What people should know where numbers of train.csv go out."""
    numbers = [str(label) for label in range(len(classes.names))]
    if not in_range:
        last = len(numbers) - 1
        words = (
            f"is no number from 0 to {last}, as train.csv has them; those go out"
        )
        return [f"{csv.name}: {column} {values[-1]} {words}"]
    if names is not None and names != numbers:
        words = "is read as the number of a class, though it could be a name"
        return [f"{csv.name}: {column} {values[0]} {words}"]
    return []


def _flags(column: str, classes: Classes) -> Answers | None:
    """1 for the class that the column is called after, 0 for the other one; None if it is not."""
    folded = [fold(name) for name in classes.names]
    if classes.numbered or len(folded) != 2 or fold(column) not in folded:
        return None
    label = folded.index(fold(column))
    answers = ["0", "0"]
    answers[label] = "1"
    name = classes.names[label]
    other = classes.names[1 - label]
    words = f"{column} (1 for {name!r}, 0 for {other!r})"
    return Answers("names", column, answers, words, [])


def _are_shares(values: list[str]) -> bool:
    shares = pd.to_numeric(pd.Series(values, dtype=str), errors="coerce")
    return bool(((shares >= 0) & (shares <= 1)).all())


def _one_probability(column: str, classes: Classes, csv: Path) -> Answers:
    """Of two classes the probability of one: of the column's name, else of number 1."""
    folded = [fold(name) for name in classes.names]
    label = folded.index(fold(column)) if fold(column) in folded else 1
    answers = ["", ""]
    answers[label] = column
    words = f"{column} (the probability of {classes.names[label]!r})"
    notes = []
    if not classes.numbered and fold(column) not in folded:
        notes.append(
            f"{csv.name}: {column} is read as the probability of {classes.names[1]!r},"
            " the second of the sorted names; if it is the other's, write a train.csv"
            " with target 1 for it"
        )
    return Answers("probabilities", "", answers, words, notes)


def _unknown(
    values: list[str], column: str, classes: Classes, csv: Path
) -> InputError:
    """What is wrong with a column of neither classes nor numbers."""
    folded = {fold(name): name for name in classes.names}
    strange = [text for text in values if text not in classes.names]
    alike = [text for text in strange if fold(text) in folded]
    fix = "croquis answers with one class an image; correct the sample"
    received = f"{len(strange):,} others ({', '.join(strange[:SHOWN])})"
    if alike:
        name = folded[fold(alike[0])]
        received += f"; {alike[0]!r} differs from {name!r} in case or blanks"
        fix = "write the classes alike in the training data and in the sample"
    elif _are_shares(values):
        fix = "give probabilities a column for each class"
    return InputError(
        csv,
        expected=f"a class name, as {classes.names[0]!r}, or a number as {column}",
        received=received,
        fix=f"{fix}, {WITHOUT_SAMPLE}",
    )
