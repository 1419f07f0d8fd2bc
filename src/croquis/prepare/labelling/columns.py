"""Which column of a table names the image, and which its class."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path, PurePath

import pandas as pd

from croquis.core.errors import InputError
from croquis.core.params import nearest
from croquis.dataset.folders.column_names import (
    IMAGE_TIERS,
    LABEL_TIERS,
    named_like,
)
from croquis.dataset.image_files import SUFFIXES
from croquis.prepare.labelling.one_hot import one_hot_columns
from croquis.prepare.labels import IN_SOURCE

# How many rows of a column have a file.
CountFiles = Callable[[pd.Series], int]
# Words that mean a value of another kind, or none, where no quotes stand around them.
OF_GRAMMAR = (
    "true",
    "false",
    "null",
    "nan",
    "inf",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
)
FIRST = 20  # rows that are looked up before all are
SHOWN = 200  # characters of the columns' names that an error shows


def image_column(
    table: pd.DataFrame, csv: Path, named: str | None, count_files: CountFiles
) -> str:
    """The column of `table` that names the image of a row.

    Args:
        table: of labels, or of test images.
        csv: where it is from.
        named: data.columns.image.
        count_files: how many rows of a column have a file.

    Raises:
        InputError: if there is none, or two could be meant.
    """
    if named is not None:
        return _named(table, csv, named, "image")
    if "image_path" in table:
        return "image_path"
    column = _usual_column(table, csv, count_files)
    if column is None:
        return _only_column_of_files(table, csv, count_files)
    others = _other_columns_of_files(table, column, count_files)
    return _of_same_images(table, csv, [column, *others])


def _usual_column(
    table: pd.DataFrame, csv: Path, count_files: CountFiles
) -> str | None:
    """The column that is called as one of images, and has files; None where none is."""
    tiers = [named_like(table, tier) for tier in IMAGE_TIERS]
    if sum(map(len, tiers)) == 1:
        return next(column for tier in tiers for column in tier)
    for tier in tiers:
        rows = {column: count_files(table[column]) for column in tier}
        if most := max(rows.values(), default=0):
            best = [column for column in tier if rows[column] == most]
            return _of_same_images(table, csv, best)
    # No file is there at all, as the error of the first will say.
    return next((column for tier in tiers for column in tier), None)


def _other_columns_of_files(
    table: pd.DataFrame, column: str, count_files: CountFiles
) -> list[str]:
    """Columns of any name with a file in each row, suffix and all: `photo` beside a number `id`.

    None are looked for where `column` has names of files itself: others are then of masks or the
    like. source_id names images as well, but not those of the rows.
    """
    if table.empty or _are_files(table[column]):
        return []
    others = [name for name in map(str, table) if name not in (column, "source_id")]
    return [
        name
        for name in others
        if _are_files(table[name])
        and count_files(table[name][:FIRST]) == len(table[:FIRST])
        and count_files(table[name]) == len(table)
    ]


def _are_files(texts: pd.Series) -> bool:
    return all(PurePath(text).suffix.lower() in SUFFIXES for text in texts)


def _of_same_images(table: pd.DataFrame, csv: Path, columns: list[str]) -> str:
    """The first of columns that name the same images, with folders or without, and suffixes."""
    stems = {name: table[name].map(_bare_name) for name in columns}
    for other in columns[1:]:
        if (stems[other] != stems[columns[0]]).any():
            raise InputError(
                csv,
                expected="one column that names the image",
                received=f"{columns[0]} and {other}, which both name files",
                fix=f"say which: {setting('image', columns[0])}, or {setting('image', other)}",
            )
    return columns[0]


def _bare_name(text: str) -> str:
    """The name of a file without its suffix, as an id may be; an id may have dots of its own."""
    path = PurePath(text)
    return path.stem if path.suffix.lower() in SUFFIXES else path.name


def _only_column_of_files(
    table: pd.DataFrame, csv: Path, count_files: CountFiles
) -> str:
    """A column of any name, if it alone has a file in each row."""
    _refuse_no_names(table, csv, count_files)
    rows = {str(column): count_files(table[column]) for column in table}
    complete = [column for column in rows if rows[column] == len(table) > 0]
    if len(complete) == 1:
        return complete[0]
    first = max(
        map(str, table), key=lambda name: table[name].nunique(), default="NAME"
    )
    first = complete[0] if complete else first
    raise InputError(
        csv,
        expected="a column image_path",
        received=f"only {_list(table)}",
        fix=f"name the column of the image: {setting('image', first)}",
    )


def _refuse_no_names(
    table: pd.DataFrame, csv: Path, count_files: CountFiles
) -> None:
    """Refuses a table whose first line is a row: it would be lost as the names of columns."""
    for column in map(str, table):
        if count_files(pd.Series([column])):
            raise InputError(
                csv,
                expected="the names of its columns in the first line",
                received=f"an image there, {column}",
                fix=f"write a first line above it, as image_path,class_name, {IN_SOURCE}",
            )


def label_columns(
    table: pd.DataFrame, csv: Path, named: str | None, image: str
) -> list[str]:
    """The columns that tell the class: one, two that say the same, or the classes of a one-hot.

    Args:
        table: of labels.
        csv: where it is from.
        named: data.columns.label.
        image: the column of the image.

    Raises:
        InputError: if there is none, or two could be meant.
    """
    if named is not None:
        return [_named(table.drop(columns=image), csv, named, "label")]
    columns = [str(column) for column in table if column != image]
    usual = [name for name in columns if name in ("target", "class_name")]
    if usual:
        return usual
    for tier in LABEL_TIERS:
        like = named_like(columns, tier)
        if len(like) == 1:
            return like
        if like:
            return _of_one_partition(table, csv, like)
    if len(columns) == 1:
        return columns
    if one_hot := one_hot_columns(table, csv, columns):
        return one_hot
    fix = f"add the labels {IN_SOURCE}"
    if columns:
        name = _plausible(table, columns, image)
        fix = f"name the column of the class: {setting('label', name)}"
    raise InputError(
        csv,
        expected="a column target or class_name",
        received=f"only {_list(table)}",
        fix=fix,
    )


def _of_one_partition(
    table: pd.DataFrame, csv: Path, columns: list[str]
) -> list[str]:
    """Columns that put the same images into the same classes, those with numbers first."""
    codes = table[columns].apply(lambda column: pd.factorize(column)[0])
    unlike = [
        name for name in columns[1:] if (codes[name] != codes[columns[0]]).any()
    ]
    if unlike:
        one = columns[0]
        other = unlike[0]
        raise InputError(
            csv,
            expected="one column of the class",
            received=f"{one} and {other}, which differ",
            fix=f"say which: {setting('label', one)}, or {setting('label', other)}",
        )
    return columns


def _named(table: pd.DataFrame, csv: Path, name: str, key: str) -> str:
    if name in table:
        return name
    columns = [str(column) for column in table]
    raise InputError(
        f"data.columns.{key}",
        expected=f"a column of {csv.name}: {_list(table)}",
        received=repr(name),
        fix=nearest(name, columns) or "name one of these",
    )


def _plausible(table: pd.DataFrame, columns: list[str], image: str) -> str:
    """The column that looks most like classes: few values, each in several rows.

    Labels mostly stand behind the image, and ids of other things before it.
    """
    behind = list(map(str, table)).index(image)
    order = [name for name in list(map(str, table))[behind:] if name in columns]
    for name in [*order, *columns]:
        if 1 < table[name].nunique() <= max(2, len(table) // 2):
            return name
    return [*order, *columns][0]


def setting(key: str, column: str) -> str:
    """How a column is named on the command line: another sign than a letter needs two quotes.

    So does a name that Hydra's grammar takes for a number, true or null.
    """
    if re.fullmatch(r"[A-Za-z_][\w.-]*", column, re.ASCII):
        if column.casefold() not in OF_GRAMMAR:
            return f"-S data.columns.{key}={column}"
    text = re.sub(r"(\\*)'", r"\1\1\\'", column)
    text = re.sub(r"(\\+)$", r"\1\1", text)
    value = f"data.columns.{key}='{text}'"
    is_plain = not re.search(r'["$`\\!]', value)
    return f'-S "{value}"' if is_plain else f"-S {shlex.quote(value)}"


def _list(table: pd.DataFrame) -> str:
    return ", ".join(map(str, table))[:SHOWN]
