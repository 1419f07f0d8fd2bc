"""The competition's csv files, read by the names of their columns, never by position."""

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_files import refuse_huge_csv
from croquis.dataset.hidden_files import is_hidden

# Of files that are images.
SUFFIXES = frozenset(
    ".jpg .jpeg .jfif .png .bmp .gif .tif .tiff .webp .ppm .pgm .pbm".split()
)


def read_table(
    path: Path, required: Iterable[str]
) -> tuple[pd.DataFrame, list[str]]:
    """The csv at `path` as text, and what to tell people about it.

    Nothing is guessed: a class may be called "nan", a path "007". An unnamed index column, which
    pandas and R like to write, is dropped with a note.

    Raises:
        InputError: if it cannot be read, or a required column is missing or has empty cells.
    """
    table = _read_text(path)
    table = table.rename(columns=str.strip).fillna("")  # a short row has gaps
    unnamed = [
        name for name in table if not name or str(name).startswith("Unnamed: ")
    ]
    # Where a row has more cells than there are names, pandas takes the first for its index.
    has_index = bool(unnamed) or not isinstance(table.index, pd.RangeIndex)
    table = table.drop(columns=unnamed).reset_index(drop=True)
    _require(table, path, required)
    if not has_index:
        return table, []
    return table, [f"{path.name}: an index column without a name was left out"]


def _read_text(path: Path) -> pd.DataFrame:
    """The csv at `path`, all of it text."""
    refuse_huge_csv(path)
    try:
        # pandas drops the byte order mark of a spreadsheet. Where a script has read the mark as
        # text and written another one, there are two: "-sig" drops the first.
        return pd.read_csv(
            path, dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )
    except (
        pd.errors.ParserError,
        pd.errors.EmptyDataError,
        UnicodeDecodeError,
    ) as error:
        raise InputError(
            path,
            expected="a csv file",
            received=" ".join(str(error).split()),
            fix="save it as UTF-8 with commas",
        ) from error


def _require(table: pd.DataFrame, path: Path, required: Iterable[str]) -> None:
    for column in required:
        if column not in table:
            fix = "add or rename it"
            if _has_other_separator(table):
                fix = "save it with commas"
            names = ", ".join(map(str, table.columns))
            raise InputError(
                path,
                expected=f"a column {column}",
                received=f"only {names[:200]}",  # of a csv, if it is one
                fix=fix,
            )
        expected = f"a value in each row of {column}"
        refuse_rows(table, table[column] == "", path, expected)


def _has_other_separator(table: pd.DataFrame) -> bool:
    """Whether the names of all columns stand in one, as with semicolons or tabs."""
    return table.shape[1] == 1 and bool(re.search(r"[;\t|]", table.columns[0]))


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


def locate_images(table: pd.DataFrame, csv: Path, split: str) -> pd.Series:
    """The files that `image_path` names, relative to the csv's folder, each there and named once.

    `image_path` is relative to the folder `split` (train or test); where each row begins with that
    folder's name, it is relative to the csv. One row decides nothing: "train" is a fine class name.

    Raises:
        InputError: if a path leaves the folder, is named twice, or has no file.
    """
    paths = table["image_path"].map(lambda name: str(PurePosixPath(name)))
    leaves = paths.map(
        lambda path: path.startswith("/") or ".." in PurePosixPath(path).parts
    )
    refuse_rows(table, leaves.astype(bool), csv, f"paths inside {split}/")
    has_prefix = len(paths) > 0 and paths.str.startswith(f"{split}/").all()
    if not has_prefix or _is_file(csv.parent / split / paths.iloc[0]):
        paths = f"{split}/" + paths
    expected = "each image_path once"
    refuse_rows(table, paths.duplicated(), csv, expected, "drop the doubles")
    lost = ~paths.map(lambda path: _is_file(csv.parent / path)).astype(bool)
    expected = f"a file in {split}/ for each image_path"
    refuse_rows(table, lost, csv, expected, _fix_of_lost(paths[lost], csv.parent))
    return paths


def _is_file(path: Path) -> bool:
    """As Path.is_file, which raises an error where a name is longer than any file's."""
    return os.path.isfile(path)


def _fix_of_lost(paths: pd.Series, folder: Path) -> str:
    """What helps where files are not there: macOS writes an accent apart from its letter."""
    for form in ("NFC", "NFD"):
        other = paths.map(lambda path, form=form: unicodedata.normalize(form, path))
        if any(_is_file(folder / path) for path in other[other != paths]):
            return (
                f"the files are there with accents in another form ({form}): rename them, as"
                " with `convmv --nfc -f utf8 -t utf8 -r --notest FOLDER`, or the csv's names"
            )
    return "add the files or drop the rows"


def images_in(folder: Path) -> list[str]:
    """The files in `folder`, at any depth, that are called like images, in natural order."""
    images = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    visible = (
        path for path in images if not is_hidden(path.name) and path.is_file()
    )
    names = (path.relative_to(folder).as_posix() for path in visible)
    return sorted(names, key=natural)


def natural(name: str) -> list[str | int]:
    """A sort key that puts 2.png before 10.png."""
    parts = re.split(r"(\d+)", name)  # every second one is a number
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]
