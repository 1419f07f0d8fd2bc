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
from croquis.dataset.csv_reading.csv_headers import (
    SEPARATORS,
    cells_of_any_length,
    clean_name,
    header_row,
    names_in,
    separator_of,
)
from croquis.dataset.image_files import ALL_SUFFIXES

# Columns that mean something here, whatever a caller asks for.
MEANT = frozenset({"image_path", "class_name", "target", "ID", "source_id", "use"})
# The line that Excel and its like read the separator from: a sign, no letter and no quote.
_STATED = re.compile(r'"?sep=([\t ]|[^\w\s"])"?[ \t]*(\r\n|\r|\n)', re.IGNORECASE)


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
    with cells_of_any_length(len(text) + 1):
        return _read_rows(text.rstrip("\x1a"), path, required)


def _read_rows(text: str, path: Path, required: Collection[str]) -> Rows:
    text, notes = _unquoted(text, required)
    stated = _STATED.match(text)
    start = stated.end() if stated else 0
    separator = stated[1] if stated else separator_of(text, required)
    first = 2 if stated else 1
    rows = _parsed(text[start:], separator, path, first)
    if not rows:
        raise InputError(
            path,
            expected="a csv file",
            received="No columns: no line has text",
            fix="write it anew: it may have been cut",
        )
    if stated:
        notes.append("its first line states the separator alone, and is left out")
    # Blanks as separators would be looked through from each of them on.
    if separator != " " and re.search(f'{re.escape(separator)} +"', text):
        rows = _parsed(text[start:], separator, path, first, skip_blanks=True)
        notes.append("blanks in front of cells are no part of them")
    titles = header_row([row.cells for row in rows], required) if required else 0
    header, rows, more = _headed(rows, titles or 0, path)
    if separator != ",":
        notes.append(f"read with {_name(separator)} between cells")
    rows, split = _split_alone(rows, header, path)
    notes = [f"{path.name}: {note}" for note in [*notes, *more, *split]]
    _refuse_swallowed(header, rows, separator, path, {*required, *MEANT})
    return Rows(separator, header, rows, notes)


def _headed(
    rows: list[Row], titles: int, path: Path
) -> tuple[list[str], list[Row], list[str]]:
    """The names of columns, the rows below them, and notes on what is left out."""
    notes: list[str] = []
    if titles:
        words = counted(titles, "line")
        notes.append(f"{words} before the names of columns left out")
    header = [clean_name(name) for name in rows[titles].cells]
    if len(header) > MOST_COLUMNS:
        raise too_much(path, MOST_COLUMNS, "columns")
    again = rows[titles].cells
    below = [row for row in rows[titles + 1 :] if row.cells != again]
    if repeated := len(rows) - titles - 1 - len(below):
        words = counted(repeated, "row")
        notes.append(f"{words} with the names of columns once more left out")
    return header, below, notes


def _split_alone(
    rows: list[Row], header: list[str], path: Path
) -> tuple[list[Row], list[str]]:
    """Rows whose cells have another separator than the header's, where that is certain."""
    if len(header) < 2 or not rows or any(len(row.cells) > 1 for row in rows):
        return rows, []
    if any(len(row.cells[0].splitlines()) > 1 for row in rows):
        return rows, []
    for sign, name in SEPARATORS.items():
        cells = [_cells(row.cells[0], sign) for row in rows]
        if all(len(each) == len(header) for each in cells):
            split = [
                Row(row.line, each) for row, each in zip(rows, cells, strict=True)
            ]
            return split, [f"its rows are read with {name} between cells"]
    return rows, []


def _cells(line: str, sign: str) -> list[str]:
    return next(csv.reader(io.StringIO(line, newline=""), delimiter=sign), [])


def _unquoted(text: str, required: Collection[str]) -> tuple[str, list[str]]:
    """The text of a csv each line of which is one cell in quotes, as a program writes one twice."""
    if not text.lstrip().startswith('"'):
        return text, []
    file = io.StringIO(text, newline="")
    try:
        lines = [row for row in csv.reader(file, strict=True) if row]
    except csv.Error:
        return text, []
    if not lines or len(lines[0]) > 1:
        return text, []
    inner = "\n".join(row[0] for row in lines) + "\n"
    names = names_in(lines[0][0], separator_of(inner, required))
    has_names = len(names) > 1 and set(required) <= set(names)
    if not has_names or any(len(row) > 1 or "\n" in row[0] for row in lines):
        return text, []
    return inner, ["each line is one cell in quotes, and read as a row"]


def _name(separator: str) -> str:
    return SEPARATORS.get(separator, f"{separator!r}")


def _parsed(
    text: str, separator: str, path: Path, first: int, *, skip_blanks: bool = False
) -> list[Row]:
    """The rows that are not blank.

    Args:
        text: of them.
        separator: between cells.
        path: as in InputError.
        first: the number of the first line.
        skip_blanks: in front of cells.

    Raises:
        InputError: if the last quote is open, or a cell is longer than any text.
    """
    rows: list[Row] = []
    lines = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        skipinitialspace=skip_blanks,
    )
    line = 0
    for cells in lines:
        if cells:
            rows.append(Row(first + line, cells))
        line = lines.line_num
    if rows and _is_open(text, separator, rows[-1].line - first):
        raise _swallowing(path, rows[-1].line, "closes nowhere")
    return rows


def _is_open(text: str, separator: str, line: int) -> bool:
    """Whether the quote that opens in the last row has no end."""
    last = islice(io.StringIO(text, newline=""), line, None)
    try:
        list(csv.reader(last, delimiter=separator, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


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
    # A line without a separator is text, even if it is the name of a file.
    rows = [line for line in lines if separator in line or width == 1]
    cells = [cell.strip() for line in rows for cell in line.split(separator)]
    if any(PurePosixPath(cell).suffix.lower() in ALL_SUFFIXES for cell in cells):
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
