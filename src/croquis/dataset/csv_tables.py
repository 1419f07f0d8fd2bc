"""The competition's csv files, read by the names of their columns, never by position."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

import pandas as pd

from croquis.core.errors import InputError
from croquis.core.text import counted
from croquis.dataset.csv_files import Scan, refuse_huge_csv
from croquis.dataset.csv_reading.csv_content import refuse_other_content
from croquis.dataset.csv_reading.csv_encodings import decode_csv
from croquis.dataset.csv_reading.csv_headers import clean_name
from croquis.dataset.csv_reading.csv_rows import MEANT, read_rows
from croquis.dataset.csv_reading.csv_widths import fit_widths
from croquis.dataset.csv_reading.garbled import garbled_notes
from croquis.dataset.image_files import ALL_SUFFIXES

_UNREADABLE = (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError)


def read_table(
    path: Path, required: Iterable[str]
) -> tuple[pd.DataFrame, list[str]]:
    """The csv at `path` as text, and what to tell people about it.

    Nothing is guessed: a class may be called "nan", a path "007". An unnamed index column, which
    pandas and R like to write, is dropped with a note. Other encodings and separators, commas too
    many and the like are read where one reading is certain, with a note.

    Raises:
        InputError: if it cannot be read, or a required column is missing or has empty cells.
    """
    names = list(required)
    refuse_other_content(path)
    scan = refuse_huge_csv(path)
    table = None if scan.is_unusual else _read_as_usual(path, scan, names)
    notes: list[str] = []
    if table is None:
        table, notes = _read_with_care(path, names)
    unnamed = [
        name for name in table if not name or str(name).startswith("Unnamed: ")
    ]
    if unnamed:
        table = table.drop(columns=unnamed)
        notes.append(f"{path.name}: an index column without a name was left out")
    _require(table, path, names)
    if scan.has_western or notes:
        notes += garbled_notes(table, path.name)
    return table, notes


def _read_as_usual(
    path: Path, scan: Scan, required: Collection[str]
) -> pd.DataFrame | None:
    """The csv as pandas reads it; None where there is anything that it may read otherwise."""
    try:
        # pandas drops the byte order mark of a spreadsheet. Where a script has read the mark as
        # text and written another one, there are two: "-sig" drops the first.
        table = pd.read_csv(
            path, dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )
    except _UNREADABLE:
        return None
    # Where a row has more cells than there are names, pandas takes the first for its index.
    if not isinstance(table.index, pd.RangeIndex):
        return None
    names = [clean_name(str(name)) for name in table.columns]
    table.columns = pd.Index(names)
    has_all = set(required) <= set(names)
    several_lines = scan.has_quotes and scan.lines > len(table) + 1
    if not has_all or several_lines or _may_be_wrong(names):
        return None
    table = table.fillna("")  # a short row has gaps
    if _has_rows_of_other_kinds(table):
        return None
    return None if _has_blank_row(table) else table


def _has_rows_of_other_kinds(table: pd.DataFrame) -> bool:
    """Whether a row repeats the names of columns, or no row has a second cell."""
    if table.empty:
        return False
    if (table.iloc[:, 0] == table.columns[0]).any():
        return True
    if table.shape[1] < 2 or table.iat[0, 1]:
        return False
    return bool((table.iloc[:, 1] == "").all())


def _may_be_wrong(names: list[str]) -> bool:
    """Whether a header has one name with separators in it, a comment, or a name twice.

    pandas calls the second column a "a.1".
    """
    if len(names) == 1 and re.search(r"[;\t|]", names[0]):
        return True
    first = {re.sub(r"\.\d+$", "", name) for name in names}
    return len(first) < len(names) or names[0].startswith("#")


def _has_blank_row(table: pd.DataFrame) -> bool:
    """Whether a row has nothing but blanks."""
    # The least is one of those, if there are any: no look at each of a million cells.
    if table.empty or table.iloc[:, 0].min().strip():
        return False
    rows = table[table.iloc[:, 0].str.strip() == ""]
    return bool(rows.map(lambda cell: not cell.strip()).all(axis=1).any())


def _read_with_care(
    path: Path, required: Collection[str]
) -> tuple[pd.DataFrame, list[str]]:
    """The csv with all its cells where they are certain, and notes on what was unusual."""
    text, notes = decode_csv(path.read_bytes(), path)
    rows = fit_widths(read_rows(text, path, required), path)
    cells = [row.cells for row in rows.rows]
    table = pd.DataFrame(cells, columns=range(len(rows.header)), dtype=str)
    kept, more = _kept_columns(table, rows.header, path, {*required, *MEANT})
    table = table[list(kept)].set_axis(list(kept.values()), axis=1)
    return table, [*notes, *rows.notes, *more]


def _kept_columns(
    table: pd.DataFrame, header: list[str], path: Path, meant: Collection[str]
) -> tuple[dict[int, str], list[str]]:
    """The name of each column by its place, each name once; and notes.

    Raises:
        InputError: if two columns of one name that means something differ.
    """
    kept: dict[int, str] = {}
    first: dict[str, int] = {}
    counts: Counter[str] = Counter()
    notes: list[str] = []
    for place, name in enumerate(header):
        earlier = first.setdefault(name, place)
        if not name or earlier == place:
            kept[place] = name or f"Unnamed: {place}"
        elif name not in meant:
            counts[name] += 1
            kept[place] = f"{name}.{counts[name]}"  # as pandas calls it
        elif table[place].equals(table[earlier]):
            notes.append(f"{path.name}: a second column {name}, alike, is left out")
        else:
            raise InputError(
                path,
                expected=f"one column {name}",
                received="two that differ",
                fix="rename one of them, or take it out",
            )
    if counts:
        name = next(iter(counts))
        words = f"{counted(counts.total(), 'column')} more of a name that is there"
        notes.append(f"{path.name}: {words}, as {name}, read as {name}.1")
    return kept, notes


def _require(table: pd.DataFrame, path: Path, required: Iterable[str]) -> None:
    for column in required:
        if column not in table:
            raise _missing(table, path, column)
        expected = f"a value in each row of {column}"
        fix = "fill them in, or take these rows out"
        refuse_rows(table, table[column] == "", path, expected, fix)


def _missing(table: pd.DataFrame, path: Path, column: str) -> InputError:
    """What is wrong where a column is not there: its name, or all names."""
    names = [str(name) for name in table.columns]
    same = [name for name in names if name.casefold() == column.casefold()]
    fix = "add or rename it, in the data source"
    received = f"only {', '.join(names)[:200]}"  # of a csv, if it is one
    if same:
        fix = f"write {column} for {same[0]}"
    elif len(names) == 1 and len(names[0].splitlines()) > 1:
        received = "all lines in one pair of quotes"
        fix = "take off the quotes around all of it"
    elif len(names) == 1 and column in names[0].split():
        fix = "save it with commas"
    elif any(PurePosixPath(name).suffix.lower() in ALL_SUFFIXES for name in names):
        received = f"data in the first line: {', '.join(names)[:200]}"
        fix = f"put a line of names above it, with {column}"
    return InputError(
        path, expected=f"a column {column}", received=received, fix=fix
    )


def refuse_rows(
    table: pd.DataFrame,
    wrong: pd.Series,
    where: object,
    expected: str,
    fix: str = "correct these rows",
) -> None:
    """Raises InputError with the number of wrong rows and the first three, if there are any.

    Args:
        table: has `image_path`, or the line numbers are named.
        wrong: (N,) bool, in the rows of `table`.
        where: as in InputError.
        expected: as in InputError.
        fix: as in InputError.
    """
    if not wrong.any():
        return
    lines = "line " + (table.index[wrong] + 2).astype(str)
    paths = table.loc[wrong, "image_path"] if "image_path" in table else lines
    first = ", ".join(
        path or line for path, line in zip(paths[:3], lines[:3], strict=True)
    )
    more = ", ..." if wrong.sum() > 3 else ""
    received = f"{wrong.sum():,} rows that differ ({first}{more})"
    raise InputError(where, expected=expected, received=received, fix=fix)
