"""Where a csv's table begins, and which sign stands between its cells."""

import contextlib
import csv
import io
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
INVISIBLE = "\ufeff\u200b\u2060"  # a mark of UTF-8, zero-width blanks
MOST_TITLES = 20  # lines that may stand before the names of columns


@contextlib.contextmanager
def cells_of_any_length(most: int) -> Iterator[None]:
    """Lets csv readers take cells of `most` characters, as pandas has no limit."""
    before = csv.field_size_limit(most)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def clean_name(name: str) -> str:
    """The name of a column without what nobody sees around it."""
    return name.strip().strip(INVISIBLE).strip()


def separator_of(text: str, required: Collection[str]) -> str:
    """The one by which a line at the start has the names that are asked for; else the comma.

    Where none is asked for, the first two lines must have as many cells.
    """
    lines = (line for line in io.StringIO(text, newline=None) if line.strip())
    first = list(islice(lines, MOST_TITLES))
    for sign in SEPARATORS:
        rows = [names_in(line, sign) for line in first]
        if required and header_row(rows, required) is not None:
            return sign
    for sign in SEPARATORS:
        counts = [len(names_in(line, sign)) for line in first[:2]]
        if counts and counts[0] > 1 and (sign == "," or len(set(counts)) == 1):
            return sign
    return ","


def header_row(
    rows: Sequence[Sequence[str]], required: Collection[str]
) -> int | None:
    """Which of the first rows has the names that are asked for; None if none has.

    Only comments and titles of one cell may stand before it.
    """
    for number, cells in enumerate(rows[:MOST_TITLES]):
        if set(required) <= {clean_name(cell) for cell in cells}:
            return number
        is_title = sum(bool(cell.strip()) for cell in cells) < 2
        if not is_title and not cells[0].startswith("#"):
            return None
    return None


def names_in(line: str, sign: str) -> list[str]:
    """The names of columns in a line; a cell in quotes may have line ends in it."""
    file = io.StringIO(line, newline="")
    cells = next(csv.reader(file, delimiter=sign), [])
    return [clean_name(name) for name in cells]
