"""The rows of a csv, each with the line that it begins in; and by which sign cells are apart."""

import csv
import io
import re
from collections.abc import Collection
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from croquis.core.errors import InputError
from croquis.core.text import counted
from croquis.dataset.csv_files import MOST_COLUMNS, too_much
from croquis.dataset.image_files import SUFFIXES

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
# Columns that mean something here, whatever a caller asks for.
MEANT = frozenset({"image_path", "class_name", "target", "ID", "source_id", "use"})
INVISIBLE = "\ufeff\u200b\u2060"  # a mark of UTF-8, zero-width blanks
# The line that Excel and its like read the separator from.
_STATED = re.compile(r'"?sep=(.)"?[ \t]*(\r\n|\r|\n)', re.IGNORECASE)


class Row(NamedTuple):
    """The cells of a row."""

    line: int  # where it begins, from 1
    cells: list[str]


class Rows(NamedTuple):
    """A csv as it is written."""

    separator: str
    header: list[str]
    rows: list[Row]
    notes: list[str]


def read_rows(text: str, path: Path, required: Collection[str]) -> Rows:
    """The rows of a csv's `text`, with commas or another separator that is certain.

    Raises:
        InputError: if there are none, or a quote swallows some.
    """
    stated = _STATED.match(text)
    start = stated.end() if stated else 0
    separator = stated[1] if stated else _separator(text, required)
    rows = _parsed(text[start:], separator, path, first=2 if stated else 1)
    if not rows:
        raise InputError(
            path,
            expected="a csv file",
            received="No columns: no line has text",
            fix="write it anew: it may have been cut",
        )
    comments = _comments(rows, required)
    header = [clean_name(name) for name in rows[comments].cells]
    if len(header) > MOST_COLUMNS:
        raise too_much(path, MOST_COLUMNS, "columns")
    rows = rows[comments + 1 :]
    _refuse_swallowed(header, rows, separator, path, {*required, *MEANT})
    notes = []
    if stated:
        notes.append("its first line states the separator alone, and is left out")
    if comments:
        words = counted(comments, "line")
        notes.append(f"{words} of comments before the names of columns left out")
    if separator != ",":
        notes.append(f"read with {_name(separator)} between cells")
    return Rows(separator, header, rows, [f"{path.name}: {note}" for note in notes])


def clean_name(name: str) -> str:
    """The name of a column without what nobody sees around it."""
    return name.strip().strip(INVISIBLE).strip()


def _name(separator: str) -> str:
    return SEPARATORS.get(separator, f"{separator!r}")


def _separator(text: str, required: Collection[str]) -> str:
    """The one by which the first line has the names that are asked for; else the comma."""
    headers = {sign: _header(text, sign, required) for sign in SEPARATORS}
    fitting = [
        sign
        for sign, names in headers.items()
        if required and set(required) <= set(names)
    ]
    several = [sign for sign, names in headers.items() if len(names) > 1]
    return next(iter([*fitting, *several, ","]))


def _header(text: str, sign: str, required: Collection[str]) -> list[str]:
    """The names in the first line that is no comment."""
    lines = (line for line in io.StringIO(text, newline=None) if line.strip())
    line = next(lines, "")
    while line.startswith("#") and required:
        names = _names(line, sign)
        if set(required) <= set(names):
            return names
        line = next(lines, "")
    return _names(line, sign)


def _names(line: str, sign: str) -> list[str]:
    cells = next(csv.reader([line], delimiter=sign), [])
    return [clean_name(name) for name in cells]


def _parsed(text: str, separator: str, path: Path, first: int) -> list[Row]:
    """The rows that are not blank; `first` is the number of the first line.

    Raises:
        InputError: if the last quote is open, or a cell is longer than any text.
    """
    rows: list[Row] = []
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 0
    longest = csv.field_size_limit(len(text) + 1)  # as pandas has none
    try:
        for cells in lines:
            if cells:
                rows.append(Row(first + line, cells))
            line = lines.line_num
    finally:
        csv.field_size_limit(longest)
    if rows and _is_open(text, separator, rows[-1].line - first):
        raise _swallowing(path, rows[-1].line, "closes nowhere")
    return rows


def _is_open(text: str, separator: str, line: int) -> bool:
    """Whether the quote that opens in the last row has no end."""
    last = islice(io.StringIO(text, newline=""), line, None)
    longest = csv.field_size_limit(len(text) + 1)
    try:
        list(csv.reader(last, delimiter=separator, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    finally:
        csv.field_size_limit(longest)
    return False


def _comments(rows: list[Row], required: Collection[str]) -> int:
    """How many rows before the header begin with #, where the header is certain."""
    for number, row in enumerate(rows):
        if set(required) <= {clean_name(name) for name in row.cells}:
            return number if required else 0
        if not row.cells[0].startswith("#"):
            return 0
    return 0


def _refuse_swallowed(
    header: list[str],
    rows: list[Row],
    separator: str,
    path: Path,
    meant: Collection[str],
) -> None:
    """Refuses a cell of several lines that a quote without its pair has made."""
    for row in rows:
        for place, cell in enumerate(row.cells):
            if "\n" not in cell and "\r" not in cell:
                continue
            name = header[place] if place < len(header) else ""
            lines = cell.splitlines()[1:]
            if name in meant or _are_rows(lines, separator, len(header)):
                words = f"has {counted(len(lines), 'line end')} before its pair"
                raise _swallowing(path, row.line, words)


def _are_rows(lines: list[str], separator: str, width: int) -> bool:
    """Whether the further lines of a cell look like rows: by their names of images, or counts."""
    cells = [cell.strip() for line in lines for cell in line.split(separator)]
    if any(PurePosixPath(cell).suffix.lower() in SUFFIXES for cell in cells):
        return True
    same = all(line.count(separator) == width - 1 for line in lines)
    return same and len(lines) > 1


def _swallowing(path: Path, line: int, words: str) -> InputError:
    return InputError(
        path,
        expected="a csv file",
        received=f"a quote that opens in line {line:,} and {words}",
        fix='close it there, or write "" for a quote inside a value',
    )
