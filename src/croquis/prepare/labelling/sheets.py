"""One table of labels or of test images, its columns chosen and its files found."""

from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import refuse_rows
from croquis.dataset.data_params import ColumnParams
from croquis.dataset.folders.label_files import TEST, TRAIN, VAL, role_of
from croquis.dataset.image_paths import locate_images
from croquis.dataset.naming.files_by_name import leaves
from croquis.dataset.naming.name_forms import slashed
from croquis.prepare.labelling.classes import OF_CLASS
from croquis.prepare.labelling.columns import image_column, label_columns
from croquis.prepare.labelling.image_folders import place_images
from croquis.prepare.labelling.parts import (
    note_on_test,
    note_on_unread,
    refuse_unclear_split,
    rows_by_column,
    rows_by_folder,
    split_column,
)
from croquis.prepare.labelling.rows import drop_repeated, refuse_several
from croquis.prepare.labelling.table_files import read_any_table

NAMED = 3  # folders that a line shows


class LabelSheet(NamedTuple):
    """A table of labels.

    Attributes:
        table: its rows that are of the split, with image_path and path (from the data set's
            folder).
        labels: its columns that tell the class.
        val: its rows that are of val/, where it has some.
        folder: that its images are in, from the data set's folder.
        notes: how it was read.
    """

    table: pd.DataFrame
    labels: list[str]
    val: pd.DataFrame
    folder: str
    notes: list[str]


def read_labels(
    raw: Path, csv: Path, split: str, names: ColumnParams
) -> LabelSheet:
    """A table of labels with its images found, whatever its columns are called.

    Args:
        raw: the data set.
        csv: the table.
        split: train or val.
        names: of its columns.
    """
    table, notes = read_any_table(csv)
    image = _image_of(table, csv, split, names.image)
    labels = label_columns(table, csv, names.label, image)
    table, of_image = with_image_path(table, csv, image)
    as_usual = is_as_usual(csv, image, labels)
    table, repeated = drop_repeated(table, csv)
    parts = {split: table}
    column = split_column(table, ["image_path", *labels])
    if column is None and not as_usual:
        refuse_unclear_split(
            table, csv, split, [] if names.label is not None else labels
        )
    if column is not None and as_usual:
        of_image += note_on_unread(table, column, csv.name)
    elif column is not None:
        parts = rows_by_column(table, column)
    rows = parts[split]
    refuse_several(rows, csv, labels)
    of_any = role_of(csv.stem) == "" and csv.parent == raw
    mixed = of_any or len(parts) > 1
    paths, folder, placed = find_files(raw, rows, csv, split, mixed=mixed)
    rows = _with_plain_names(rows.assign(path=paths))
    if of_any and len(parts) == 1:
        parts = rows_by_folder(rows)
        rows = parts[TRAIN]
    where = csv.relative_to(raw).as_posix()
    if TEST in parts and split != TEST:
        placed += note_on_test(parts[TEST], where)
    notes += of_image + repeated + placed
    return LabelSheet(rows, labels, parts.get(VAL, pd.DataFrame()), folder, notes)


def is_as_usual(csv: Path, image: str, labels: list[str]) -> bool:
    """Whether a table is train.csv with the columns of the competition's layout, as of old."""
    usual = csv.name == "train.csv" and image == "image_path"
    return usual and set(labels) <= set(OF_CLASS)


def _image_of(table: pd.DataFrame, csv: Path, split: str, named: str | None) -> str:
    """The column of the image, which has a value in each row."""

    def count_files(column: pd.Series) -> int:
        try:
            return place_images(column, csv, split).rows
        except (
            InputError
        ):  # several folders have them: the error comes where files are found
            return len(column)

    image = image_column(table, csv, named, count_files)
    refuse_rows(table, table[image] == "", csv, f"a value in each row of {image}")
    return image


def with_image_path(
    table: pd.DataFrame, csv: Path, image: str
) -> tuple[pd.DataFrame, list[str]]:
    """`table` with its column of the image called image_path, and a note on that."""
    if image == "image_path":
        return table, []
    rest = table.drop(columns="image_path", errors="ignore")
    note = f"{csv.name}: {image} is read as the image"
    return rest.rename(columns={image: "image_path"}), [note]


def read_names(
    csv: Path, split: str, named: str | None
) -> tuple[pd.DataFrame, str, list[str]]:
    """A table of images: its own columns and image_path, which of them that is, and notes.

    Args:
        csv: the table.
        split: of its images.
        named: data.columns.image, which need not be there.
    """
    table, notes = read_any_table(csv)
    image = _image_of(table, csv, split, named if named in table else None)
    renamed, of_image = with_image_path(table, csv, image)
    table = table.assign(image_path=renamed["image_path"])
    return table, image, notes + of_image


def find_files(
    raw: Path, table: pd.DataFrame, csv: Path, split: str, *, mixed: bool = False
) -> tuple[pd.Series, str, list[str]]:
    """The file of each row and the folder of all, from `raw`; and notes.

    Args:
        raw: the data set.
        table: has image_path.
        csv: where it is from.
        split: of its images.
        mixed: whether images of this split may lie in any folder.
    """
    place = place_images(table["image_path"], csv, split, mixed=mixed)
    named = table.assign(image_path=place.names)
    paths, notes = locate_images(named, csv, split, place.folder)
    base = csv.parent.relative_to(raw)
    paths = paths.map(lambda path: (base / path).as_posix())
    if place.folder != split and len(table):
        notes = [*_on_folder(paths, base, split, csv), *notes]
    return paths.astype(str), (base / place.folder).as_posix(), notes


def with_folders(notes: list[str], raw: Path, csv: Path) -> list[str]:
    """Notes that name a table by its path: train/ and test/ may both have a metadata.csv."""
    name = f"{csv.name}: "
    path = f"{csv.relative_to(raw).as_posix()}: "
    return [
        path + note.removeprefix(name) if note.startswith(name) else note
        for note in notes
    ]


def _on_folder(paths: pd.Series, base: Path, split: str, csv: Path) -> list[str]:
    """A line on the folders that the images of a table are in, but for the usual one."""
    inside = paths.map(
        lambda path: PurePosixPath(path).relative_to(base.as_posix())
    )
    folders = sorted({path.parts[0] for path in inside if len(path.parts) > 1})
    if not folders:
        return [f"{csv.name}: its images are beside it"]
    if folders == [split]:
        return []
    names = " and ".join(f"{name}/" for name in folders[:NAMED])
    more = (
        f" and {len(folders) - NAMED:,} more folders"
        if len(folders) > NAMED
        else ""
    )
    return [f"{csv.name}: its images are in {names}{more}"]


def _with_plain_names(table: pd.DataFrame) -> pd.DataFrame:
    """`table`, with files' paths as image_path where it has paths of another machine."""
    if not any(leaves(slashed(name)) for name in table["image_path"]):
        return table
    return table.assign(image_path=table["path"])
