"""Rows of more cells than a csv's header: read where one reading is certain, else refused."""

import math
import re
from collections.abc import Collection, Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import NamedTuple

from croquis.core.errors import InputError
from croquis.core.text import counted
from croquis.dataset.csv_reading.csv_headers import SEPARATORS
from croquis.dataset.csv_reading.csv_rows import MEANT, Row, Rows
from croquis.dataset.csv_reading.folder_names import files_under, plain_path

SAMPLE = 200  # rows that show what a column holds
MOST_READINGS = 5_000  # ways to join the cells of a row
MOST_OF_ALL = 5_000_000  # of all rows together; as many take some ten seconds
_NUMBER = re.compile(r"\s*-?\d+(\.\d+)?\s*")


class Evidence(NamedTuple):
    """What is certain of columns, by their places."""

    numbers: list[int]  # have nothing but numbers
    files: list[int]  # name files that are there
    names: frozenset[str]  # of the files

    def allows(self, cells: list[str]) -> bool:
        """Whether a row of these cells is like the others."""
        return all(_NUMBER.fullmatch(cells[at]) for at in self.numbers) and all(
            plain_path(cells[at]) in self.names for at in self.files
        )


def fit_widths(table: Rows, path: Path) -> Rows:
    """The same with a cell for each name of the header in each row, and notes on what was done.

    An index that has no name gets an empty one.

    Raises:
        InputError: if a row has more cells, and it is not certain which of them belong together.
    """
    width = len(table.header)
    rows = [row for row in table.rows if any(map(str.strip, row.cells))]
    notes = list(table.notes)
    if blank := len(table.rows) - len(rows):
        notes.append(f"{path.name}: {counted(blank, 'row')} without text left out")
    table = table._replace(rows=rows, notes=notes)
    if not any(len(row.cells) > width for row in rows):
        return _padded(table)
    names = files_under(path.parent)
    if _has_index(table, names):
        return _padded(table._replace(header=["", *table.header]))
    return _padded(_joined(_cut(table, path), path, names))


def _padded(table: Rows) -> Rows:
    """Short rows with empty cells at their ends, as pandas reads them."""
    width = len(table.header)
    rows = [
        row._replace(cells=row.cells + [""] * (width - len(row.cells)))
        for row in table.rows
    ]
    return table._replace(rows=rows)


def _has_index(table: Rows, names: frozenset[str]) -> bool:
    """Whether the first cells are an index without a name, as R writes it.

    Each row has one cell more, then, and no two begin alike. Where the last cells are all empty,
    it may be a comma at each end as well: the files that are named decide.
    """
    width = len(table.header)
    firsts = [row.cells[0] for row in table.rows]
    if any(len(row.cells) != width + 1 for row in table.rows):
        return False
    if len(set(firsts)) < len(firsts):
        return False
    has_value = any(row.cells[-1].strip() for row in table.rows)
    as_index, as_first = _files_named(table, names)
    if has_value:
        counts = as_index > 0 or not _are_joinable(table, names)
        return counts and as_index >= as_first
    if "image_path" not in table.header:
        return as_index > as_first
    if table.header[-1] in MEANT - {"source_id", "use"}:
        return False
    return as_index > as_first or (as_index == as_first and _count_up(firsts))


def _files_named(table: Rows, names: frozenset[str]) -> tuple[int, int]:
    """How many of the first rows name a file, if they begin with an index; and if they do not."""
    rows = [
        [plain_path(cell) in names for cell in row.cells]
        for row in table.rows[:SAMPLE]
    ]
    if "image_path" in table.header:
        place = table.header.index("image_path")
        return sum(row[place + 1] for row in rows), sum(row[place] for row in rows)
    return sum(any(row[1:]) for row in rows), sum(row[0] for row in rows)


def _count_up(cells: list[str]) -> bool:
    numbers = [cell.strip() for cell in cells]
    return any(
        numbers == [str(at) for at in range(start, start + len(cells))]
        for start in (0, 1)
    )


def _cut(table: Rows, path: Path) -> Rows:
    """Without the empty cells that a separator at a row's end makes."""
    width = len(table.header)
    rows: list[Row] = []
    cut = 0
    for row in table.rows:
        if len(row.cells) > width and not any(map(str.strip, row.cells[width:])):
            row = row._replace(cells=row.cells[:width])
            cut += 1
        rows.append(row)
    notes = list(table.notes)
    if cut:
        signs = SEPARATORS.get(table.separator, "separators")
        words = f"{signs} behind the last column of {counted(cut, 'row')}"
        notes.append(f"{path.name}: {words} are left out")
    return table._replace(rows=rows, notes=notes)


def _joined(table: Rows, path: Path, names: frozenset[str]) -> Rows:
    """With the parts of values joined whose separators have no quotes around them.

    Raises:
        InputError: if more than one joining is possible, or none.
    """
    width = len(table.header)
    long = [row for row in table.rows if len(row.cells) > width]
    if not long:
        return table
    if _ways(long, width) > MOST_OF_ALL:
        raise _shifted(table, long, long[0], path)
    evidence = _evidence(table, names)
    values: dict[int, list[str]] = {}
    for row in long:
        readings = list(_readings(row.cells, width, table.separator, evidence))
        if len(readings) != 1:
            raise _shifted(table, long, row, path)
        values[row.line] = readings[0]
    rows = [
        row._replace(cells=values.get(row.line, row.cells)) for row in table.rows
    ]
    first = values[long[0].line]
    joined = next(cell for cell in first if table.separator in cell)
    words = f"with a {table.separator!r} in a value without quotes"
    note = f"{counted(len(long), 'row')} {words}, as line {long[0].line:,}: read as {joined!r}"
    return table._replace(rows=rows, notes=[*table.notes, f"{path.name}: {note}"])


def _are_joinable(table: Rows, names: frozenset[str]) -> bool:
    evidence = _evidence(table, names)
    width = len(table.header)
    if _ways(table.rows, width) > MOST_OF_ALL:
        return False
    return bool(table.rows) and all(
        len(list(_readings(row.cells, width, table.separator, evidence))) == 1
        for row in table.rows
    )


def _ways(rows: list[Row], width: int) -> int:
    """In how many ways the cells of all rows can be joined."""
    return sum(math.comb(len(row.cells) - 1, width - 1) for row in rows)


def _readings(
    cells: list[str], width: int, separator: str, evidence: Evidence
) -> Iterator[list[str]]:
    """The row with neighbours joined to `width` cells, in each way that the evidence allows."""
    if math.comb(len(cells) - 1, width - 1) > MOST_READINGS:
        return
    for cuts in combinations(range(1, len(cells)), width - 1):
        reading = [
            separator.join(cells[start:end])
            for start, end in pairwise([0, *cuts, len(cells)])
        ]
        if evidence.allows(reading):
            yield reading


def _evidence(table: Rows, names: frozenset[str]) -> Evidence:
    """What the rows of the right width have in common.

    Where there is none, image_path has files.
    """
    width = len(table.header)
    right = [row.cells for row in table.rows if len(row.cells) == width][:SAMPLE]
    evidence = Evidence([], [], names)
    for place, name in enumerate(table.header):
        cells = [row[place] for row in right]
        # A number may be the name of a file, 7 of 7.png: then any number will do.
        if cells and all(map(_NUMBER.fullmatch, cells)):
            evidence.numbers.append(place)
        elif _all_in(cells, names) if cells else name == "image_path":
            evidence.files.append(place)
    return evidence


def _all_in(cells: list[str], names: Collection[str]) -> bool:
    return all(plain_path(cell) in names for cell in cells)


def _shifted(table: Rows, long: list[Row], row: Row, path: Path) -> InputError:
    width = len(table.header)
    words = f"line {row.line:,} has {len(row.cells)} cells, the header {width}"
    if len(long) > 1:
        words += f" ({len(long):,} rows are so)"
    sign = "comma" if table.separator == "," else repr(table.separator)
    return InputError(
        path,
        expected="as many cells in each row as in the header",
        received=words,
        fix=f"put quotes around a value with a {sign} in it, or correct the header",
    )
