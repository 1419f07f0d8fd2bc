"""The competition's csv files, read by the names of their columns, never by position."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.hidden_files import is_hidden

SUFFIXES = {
    ".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm",
    ".pbm",
}  # fmt: skip


def read_table(path: Path, required: Iterable[str]) -> tuple[pd.DataFrame, list[str]]:
    """The csv at `path` as text, and what to tell people about it.

    Nothing is guessed: a class may be called "nan", a path "007". An unnamed index column, which
    pandas and R like to write, is dropped with a note.

    Raises:
        InputError: if it cannot be read, or a required column is missing or has empty cells.
    """
    try:
        table = pd.read_csv(
            path, dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )
    except (
        pd.errors.ParserError,
        pd.errors.EmptyDataError,
        UnicodeDecodeError,
    ) as error:
        reason = " ".join(str(error).split())
        fix = "save it as UTF-8 with commas"
        raise InputError(
            path, expected="a csv file", received=reason, fix=fix
        ) from error
    table = table.rename(columns=str.strip).fillna("")  # a short row has gaps
    unnamed = [name for name in table if not name or name.startswith("Unnamed: ")]
    notes = []
    if unnamed or not isinstance(
        table.index, pd.RangeIndex
    ):  # more cells in a row than names
        notes = [f"{path.name}: an index column without a name was left out"]
    table = table.drop(columns=unnamed).reset_index(drop=True)
    _require(table, path, required)
    return table, notes


def _require(table: pd.DataFrame, path: Path, required: Iterable[str]) -> None:
    for column in required:
        if column not in table:
            received = f"only {', '.join(table)[:200]}"  # of a csv, if it is one
            fix = (
                "save it with commas" if _other_separator(table) else "add or rename it"
            )
            raise InputError(
                path, expected=f"a column {column}", received=received, fix=fix
            )
        refuse_rows(
            table, table[column] == "", path, f"a value in each row of {column}"
        )


def _other_separator(table: pd.DataFrame) -> bool:
    """Whether the names of all columns stand in one, as with semicolons or tabs."""
    return table.shape[1] == 1 and bool(re.search(r"[;\t|]", table.columns[0]))


def refuse_rows(
    table: pd.DataFrame,
    wrong: pd.Series,
    where: object,
    expected: str,
    fix: str = "mend these rows",
) -> None:
    """Raises InputError with the number of wrong rows and the first three, if there are any.

    Args:
        table: has `image_path`, or the line numbers are named.
        wrong: (N,) bool, in the rows of `table`.
        where: as in InputError.
        expected: as in InputError.
        fix: as in InputError.
    """
    if wrong.any():
        lines = "line " + (table.index[wrong] + 2).astype(str)
        first = table.loc[wrong, "image_path"] if "image_path" in table else lines
        shown = ", ".join(
            name or line for name, line in zip(first[:3], lines[:3], strict=True)
        )
        more = ", ..." if wrong.sum() > 3 else ""
        received = f"{wrong.sum():,} rows that differ ({shown}{more})"
        raise InputError(where, expected=expected, received=received, fix=fix)


def located_images(table: pd.DataFrame, csv: Path, split: str) -> pd.Series:
    """The files that `image_path` names, relative to the csv's folder, each there and named once.

    `image_path` is relative to the folder `split` (train or test); where each row begins with that
    folder's name, it is relative to the csv. One row decides nothing: "train" is a fine class name.

    Raises:
        InputError: if a path leaves the folder, is named twice, or has no file.
    """
    given = table["image_path"].map(lambda name: str(PurePosixPath(name)))
    wrong = given.map(
        lambda name: name.startswith("/") or ".." in PurePosixPath(name).parts
    )
    refuse_rows(table, wrong.astype(bool), csv, f"paths inside {split}/")
    prefixed = len(given) > 0 and given.str.startswith(f"{split}/").all()
    if prefixed and not (csv.parent / split / given.iloc[0]).is_file():
        paths = given
    else:
        paths = f"{split}/" + given
    refuse_rows(
        table, paths.duplicated(), csv, "each image_path once", "drop the doubles"
    )
    lost = ~paths.map(lambda path: (csv.parent / path).is_file()).astype(bool)
    refuse_rows(
        table,
        lost,
        csv,
        f"a file in {split}/ for each image_path",
        "add the files or drop the rows",
    )
    return paths


def images_in(folder: Path) -> list[str]:
    """The files in `folder`, at any depth, that are called like images, in natural order."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    visible = (path for path in found if not is_hidden(path.name) and path.is_file())
    return sorted(
        (path.relative_to(folder).as_posix() for path in visible), key=natural
    )


def natural(name: str) -> list[str | int]:
    """A sort key that puts 2.png before 10.png."""
    return [
        int(part) if i % 2 else part for i, part in enumerate(re.split(r"(\d+)", name))
    ]
