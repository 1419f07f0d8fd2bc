"""Columns of a sample submission that want a probability each: whose is which."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from croquis.core.errors import InputError

SHOWN = 3  # names that a message shows
WITHOUT_SAMPLE = (
    "or take the sample out of the data source: then ID,image_path,target go out"
)


class Classes(NamedTuple):
    """The classes of the training images.

    Attributes:
        names: by label.
        numbered: whether the data set numbers them itself; else a label is the rank of its name.
    """

    names: list[str]
    numbered: bool


def class_columns(
    columns: Sequence[str], classes: Classes, csv: Path
) -> tuple[list[str] | None, list[str]]:
    """The column of each class, by label, or None where some have none; and notes.

    A column has the name or the number of its class. One text may stand before all of them, and
    one behind.
    """
    by_name = named_columns(columns, classes.names)
    notes = _notes_on_names(by_name or [], classes.names, csv)
    by_number = _by_number(columns, len(classes.names))
    if by_number is None or by_number == by_name:
        return by_name, notes
    are_numbers = not any(map(is_no_count, classes.names))
    if by_name is not None and not (classes.numbered and are_numbers):
        return by_name, notes
    if by_name is not None:
        words = "are read as numbers of classes, though they could be names"
        return by_number, [f"{csv.name}: its columns {words}"]
    return by_number, [] if classes.numbered else [rank_note(csv, classes)]


def refuse_ranks(wide: Sequence[str], classes: Classes, csv: Path) -> None:
    """Raises InputError where numbers of columns could go by rank or by size.

    Of the classes 1, 2 and 10 the second of the sorted names is 10.

    Args:
        wide: the columns of all classes, as `class_columns` has read them.
        classes: of the training images.
        csv: the sample.
    """
    are_numbers = all(name.isdecimal() for name in classes.names)
    if not are_numbers or classes.numbered or named_columns(wide, classes.names):
        return
    by_size = sorted(classes.names, key=int)
    unlike = [
        label for label, name in enumerate(by_size) if name != classes.names[label]
    ]
    if not unlike:
        return
    label = unlike[0]
    raise InputError(
        csv,
        expected=f"columns with the names of the classes, as {classes.names[0]!r}",
        received=f"{wide[label]!r}, which may be class {by_size[label]!r} by size,"
        f" or {classes.names[label]!r} by the order of text",
        fix=f"name the classes of the training images as the sample does, {WITHOUT_SAMPLE}",
    )


def _notes_on_names(
    columns: Sequence[str], names: Sequence[str], csv: Path
) -> list[str]:
    """A line where columns are not called just as their classes."""
    unlike = [
        pair for pair in zip(columns, names, strict=False) if pair[0] != pair[1]
    ]
    if not unlike:
        return []
    column, name = unlike[0]
    words = (
        f"{len(unlike):,} columns are read as classes, as {column!r} as {name!r}"
    )
    return [f"{csv.name}: {words}"]


def rank_note(csv: Path, classes: Classes) -> str:
    """What people should know where a sample has numbers, and the training images only names."""
    first = ", ".join(
        f"{label} is {name!r}" for label, name in enumerate(classes.names[:SHOWN])
    )
    more = ", ..." if len(classes.names) > SHOWN else ""
    return (
        f"{csv.name}: it has numbers, the training images only class names:"
        f" numbers go by the order of the sorted names ({first}{more})"
    )


def fold(text: str) -> str:
    """A name without what differs from table to table: case, blanks, - and _, NFC and NFD."""
    plain = unicodedata.normalize("NFC", text).strip().casefold()
    return re.sub(r"[\s_-]+", " ", plain)


def is_no_count(text: str) -> bool:
    """Whether nobody writes a number of a class like that: a word, or 007."""
    return not text.isdecimal() or text != str(int(text))


def exact(text: str) -> str:
    """A name in the normal form NFC."""
    return unicodedata.normalize("NFC", text)


def named_columns(columns: Sequence[str], names: Sequence[str]) -> list[str] | None:
    """The column of each name, in the order of the names; None if some have none."""
    for form in (exact, fold):
        if (reading := _framed(columns, names, form)) is not None:
            return reading
    return None


def _framed(
    columns: Sequence[str], names: Sequence[str], form: Callable[[str], str]
) -> list[str] | None:
    """The columns P + name + S of all names, for one P and one S; None if there are not all."""
    keys = [form(name) for name in names]
    column_of = {form(column): column for column in columns}
    if len(set(keys)) < len(keys) or len(column_of) < len(columns):
        return None  # this form does not tell them apart
    longest = max(keys, key=len, default="")
    parts = (text.rpartition(longest) for text in column_of if longest)
    frames = {("", "")} | {(before, end) for before, key, end in parts if key}
    for before, end in sorted(frames):
        wanted = [f"{before}{key}{end}" for key in keys]
        if all(text in column_of for text in wanted):
            return [column_of[text] for text in wanted]
    return None


def _by_number(columns: Sequence[str], count: int) -> list[str] | None:
    """The columns P0S to P(C-1)S, with or without zeros in front; None if there are not all."""
    numbered: dict[tuple[str, str], dict[int, str]] = {}
    for column in columns:
        if parts := re.fullmatch(r"(\D*)(\d{1,9})(\D*)", column):
            numbers = numbered.setdefault((parts[1], parts[3]), {})
            numbers[int(parts[2])] = column
    complete = [
        numbers
        for numbers in numbered.values()
        if set(numbers) == set(range(count))
    ]
    if len(complete) != 1:
        return None
    return [complete[0][label] for label in range(count)]


def refuse_other_columns(
    table: pd.DataFrame, wide: Sequence[str], classes: Classes, csv: Path
) -> None:
    """Raises InputError where columns want probabilities, but not of exactly our classes.

    Args:
        table: the sample without the columns that name images.
        wide: the columns of all classes; none where some class has none.
        classes: of the training images.
        csv: the sample.
    """
    shares = [name for name in map(str, table) if is_number(table[name])]
    names = {fold(name): name for name in classes.names}
    named = [name for name in map(str, table) if fold(name) in names]
    if wide:
        lacking = []
        foreign = [name for name in shares if name not in wide]
    elif len(named) >= 2:
        there = {fold(name) for name in named}
        lacking = [name for key, name in names.items() if key not in there]
        foreign = [name for name in shares if fold(name) not in names]
    elif len(shares) >= 3 or 2 <= len(shares) == table.shape[1]:
        lacking = classes.names
        foreign = shares
    else:
        return
    if not lacking and not foreign:
        return
    raise InputError(
        csv,
        expected=f"a column for each of the {len(classes.names):,} classes alone",
        received=_differences(lacking, foreign),
        fix=f"name the classes of the training images as the sample does, {WITHOUT_SAMPLE}",
    )


def _differences(lacking: Sequence[str], foreign: Sequence[str]) -> str:
    parts = {"without a column": lacking, "columns of no class": foreign}
    return "; ".join(
        f"{len(names):,} {words} ({', '.join(names[:SHOWN])}"
        f"{', ...' if len(names) > SHOWN else ''})"
        for words, names in parts.items()
        if names
    )


def is_number(cells: pd.Series) -> bool:
    """Whether all cells of a column of text are numbers."""
    return bool(pd.to_numeric(cells, errors="coerce").notna().all())
