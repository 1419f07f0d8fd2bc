"""The test images: of test.csv, of rows of the table of labels, or of a folder."""

from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.data_params import ColumnParams
from croquis.dataset.folders.column_names import LABEL_TIERS, named_like
from croquis.dataset.folders.label_files import TEST, TRAIN, role_of, table_of_role
from croquis.dataset.image_files import images_in
from croquis.dataset.image_paths import locate_images
from croquis.prepare.labelling.columns import label_columns
from croquis.prepare.labelling.parts import rows_by_column, split_column
from croquis.prepare.labelling.sheets import (
    find_files,
    is_as_usual,
    read_names,
    with_folders,
)
from croquis.prepare.samples.template import find_sample


def read_test_images(
    raw: Path, labels: Path | None, names: ColumnParams
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The test rows of the index, and test.csv as it came (or as it would have come).

    Args:
        raw: the data set.
        labels: its table of training labels, if it has one.
        names: of the columns of test.csv.
    """
    csv = table_of_role(raw, TEST, labels)
    rows = None
    of = labels
    if csv is None and labels is not None and not (raw / TEST).is_dir():
        rows = _test_rows(labels, names)
        if rows is None and not _test_folders(raw):
            rows, of = _sample_rows(raw, names)
    if csv is not None:
        table, notes = _read_test_table(raw, csv, names)
        paths, _, more = find_files(raw, table, csv, TEST)
        notes = with_folders(notes + more, raw, csv)
    elif of is not None and rows is not None:
        table = rows
        paths, _, more = find_files(raw, table, of, TEST, mixed=True)
        words = "its rows of test" if of == labels else "its rows"
        notes = [f"{of.name}: {words} are the test images", *more]
    else:
        folder, notes = _test_folder(raw, labels)
        table = pd.DataFrame({"image_path": images_in(raw / folder)}, dtype=str)
        paths, more = locate_images(table, raw / "test.csv", TEST, folder)
        notes += more
    index = pd.DataFrame({"path": paths}).assign(
        id="test/" + table["image_path"],
        split="test",
        label=-1,
        class_name="",
        source_id="",
    )
    return index, table, notes


def _read_test_table(
    raw: Path, csv: Path, names: ColumnParams
) -> tuple[pd.DataFrame, list[str]]:
    table, image, notes = read_names(csv, TEST, names.image)
    where = csv.relative_to(raw).as_posix()
    for label in named_like(table, LABEL_TIERS[0])[:1]:
        if label != image and table[label].nunique() > 1:
            fix = "call the table solution.csv, and a submission is scored"
            notes.append(f"{where}: its column {label} is not read; {fix}")
    return table, notes


def _test_rows(labels: Path, names: ColumnParams) -> pd.DataFrame | None:
    """The images of the rows of a table of labels that a column split calls test."""
    table, image, _ = read_names(labels, TRAIN, names.image)
    of_source = table if image == "image_path" else table.drop(columns="image_path")
    classes = label_columns(of_source, labels, names.label, image)
    column = split_column(table, [image, "image_path", *classes])
    if column is None or is_as_usual(labels, image, classes):
        return None
    rows = rows_by_column(table.drop_duplicates(), column)[TEST]
    return None if rows.empty else rows[["image_path"]].reset_index(drop=True)


def _test_folder(raw: Path, labels: Path | None) -> tuple[str, list[str]]:
    """The folder of the test images: test/, or the one of such a name beside a table of labels."""
    if (raw / TEST).is_dir():
        return TEST, []
    called = _test_folders(raw)
    if not called:
        return TEST, []
    if labels is None:  # class folders: no table says that these are the ones
        names = " and ".join(f"{name}/" for name in called)
        return TEST, [
            f"no test/ is there: call {names} so, if it is to be predicted"
        ]
    if len(called) > 1:
        raise InputError(
            raw,
            expected="one folder of test images, or test.csv",
            received=" and ".join(f"{name}/" for name in called),
            fix="add test.csv (image_path), which names them",
        )
    return called[0], [f"the test images are in {called[0]}/"]


def _test_folders(raw: Path) -> list[str]:
    """The folders in the data set whose names are those of test images, if they hold some."""
    folders = sorted(path.name for path in raw.iterdir() if path.is_dir())
    return [
        name for name in folders if role_of(name) == TEST and images_in(raw / name)
    ]


def _sample_rows(
    raw: Path, names: ColumnParams
) -> tuple[pd.DataFrame | None, Path | None]:
    """The images of a sample submission and its path, if each is a file beside the training images.

    No other table says which of them are to be predicted.
    """
    csv, _ = find_sample(raw)
    if csv is None:
        return None, None
    try:
        table, _, _ = read_names(csv, TRAIN, names.image)
        rows = table[["image_path"]]
        paths, _, _ = find_files(raw, rows, csv, TEST, mixed=True)
    except (
        InputError
    ):  # the sample is read, and refused, where the submission is made
        return None, None
    return (rows, csv) if len(paths) else (None, None)
