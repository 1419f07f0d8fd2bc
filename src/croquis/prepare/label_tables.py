"""Images whose labels stand in a table: train.csv, and what people have in its place."""

import unicodedata
from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import refuse_rows
from croquis.dataset.data_params import DataParams
from croquis.dataset.folders.label_files import (
    TRAIN,
    VAL,
    candidates,
    table_of_role,
)
from croquis.dataset.image_files import images_in
from croquis.dataset.train_only import USE
from croquis.prepare.labelling.class_names import (
    odd_classes,
    one_spelling,
    several_in_one,
)
from croquis.prepare.labelling.classes import with_usual_names
from croquis.prepare.labelling.parts import (
    first_images,
)
from croquis.prepare.labelling.sheets import (
    LabelSheet,
    find_files,
    read_labels,
    read_names,
    with_folders,
)
from croquis.prepare.labels import (
    IN_SOURCE,
    add_labels,
    add_sources,
    clean_use,
    name_targets,
    without_fraction,
)

JOIN = "-S data.val=join trains on them, too"
NAMED = 3  # images that a note shows


def read_train_table(
    raw: Path, csv: Path, test: pd.DataFrame, data: DataParams
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The training rows of the index, what the table says besides, and notes.

    Args:
        raw: the data set.
        csv: its table of labels, of those in `label_files`.
        test: the test rows of the index.
        data: the names of columns, and what becomes of val.csv.
    """
    _refuse_several(raw, csv)
    sheet = read_labels(raw, csv, TRAIN, data.columns)
    val, of_val = _val_rows(raw, csv, sheet, data)
    table = pd.concat([sheet.table, val], ignore_index=True).fillna("")
    table, read = _with_classes(table, csv, sheet.labels)
    table, marked = clean_use(table, csv)
    columns = table.drop(
        columns=["target", "class_name", "source_id", "path"], errors="ignore"
    )
    test_paths = set(test["id"].str.removeprefix("test/"))
    table = add_sources(add_labels(table, csv), test_paths, csv)
    _refuse_test_images(table, test, csv)
    notes = [*sheet.notes, *of_val, *read, *marked, *_on_further(columns, csv)]
    named = {
        *table["path"],
        *test["path"],
        *_paths_of(raw, sheet.val, csv, own=False),
    }
    notes += _on_unnamed(raw, sheet.folder, named, csv)
    table = table.assign(id="train/" + table["image_path"], split="train")
    return table, columns, with_folders(notes, raw, csv)


def _with_classes(
    table: pd.DataFrame, csv: Path, labels: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    """`table` with target or class_name or both, each name in one spelling; and notes."""
    table, parts = with_usual_names(table, csv, labels)
    notes = [f"{csv.name}: {words}" for words in parts]
    table, more = name_targets(table, csv)
    notes += more
    if "class_name" in table:
        names, spellings = one_spelling(table["class_name"], csv.name)
        table = table.assign(class_name=names)
        notes += spellings + several_in_one(names, csv.name)
        notes += odd_classes(names, csv.name)
    return table, notes


def _val_rows(
    raw: Path, csv: Path, sheet: LabelSheet, data: DataParams
) -> tuple[pd.DataFrame, list[str]]:
    """The rows of val that are to train, and a line on those that are or are not."""
    val = sheet.val
    where = csv
    notes: list[str] = []
    if val.empty:
        table = table_of_role(raw, VAL, csv)
        if table is None:
            join = data.val == "join"
            return val, ["data.val: there is no val.csv to join"] if join else []
        where = table
        if data.val == "leave_out":
            val, _, _ = read_names(table, VAL, data.columns.image)
        else:
            of_val = read_labels(raw, table, VAL, data.columns)
            _refuse_other_columns(sheet.labels, of_val.labels, csv, table)
            val = of_val.table
            notes = with_folders(of_val.notes, raw, table)
    elif data.val == "join" and "path" not in val:
        paths, _, notes = find_files(raw, val, csv, VAL, mixed=True)
        val = val.assign(path=paths)
    val, again = _without_trained(val, sheet, where)
    notes += again
    name = where.relative_to(raw).as_posix()
    if data.val == "leave_out":
        files = _paths_of(raw, val, where, own=val is not sheet.val)
        if files:  # those of training images train
            val = val[~pd.Series(files, val.index).isin(sheet.table["path"])]
        place = _folders_of(files)
        words = f"{len(val):,} labelled images of val{place} are left out"
        return pd.DataFrame(), [f"{name}: {words} ({first_images(val)}); {JOIN}"]
    _refuse_new_classes(sheet, val, where)
    notes.append(f"{name}: {len(val):,} images of val train, too")
    return _as_train(val), notes


def _without_trained(
    val: pd.DataFrame, sheet: LabelSheet, where: Path
) -> tuple[pd.DataFrame, list[str]]:
    """Rows of val whose files no training row has; and a note on the others, which train once.

    Raises:
        InputError: if such a file has another class as a training image.
    """
    if "path" not in val:
        return val, []
    again = val["path"].isin(sheet.table["path"])
    if not again.any():
        return val, []
    trained = sheet.table.set_index("path")
    for label in sheet.labels:
        first = trained.loc[val.loc[again, "path"], label].map(_plain_class)
        unlike = val.loc[again, label].map(_plain_class).values != first.values
        wrong = again.copy()
        wrong[again] = unlike
        expected = (
            "the class that the training images have, where a file is one of them"
        )
        refuse_rows(val, wrong, where, expected, f"correct these rows {IN_SOURCE}")
    words = f"{int(again.sum()):,} rows are of training images, and count once"
    note = f"{where.name}: {words} ({first_images(val[again])})"
    return val[~again], [note]


def _refuse_new_classes(sheet: LabelSheet, val: pd.DataFrame, where: Path) -> None:
    """Raises InputError where rows of val have a class that no training image has."""
    for label in sheet.labels:
        known = set(sheet.table[label].map(_plain_class))
        new = sorted(set(val[label].map(_plain_class)) - known)
        if new:
            raise InputError(
                where,
                expected=f"the classes of the training images in {label}",
                received=f"{len(new):,} others ({', '.join(new[:NAMED])})",
                fix="correct their names, add them to the training images, or set data.val to"
                " leave_out",
            )


def _plain_class(text: str) -> str:
    return unicodedata.normalize("NFC", without_fraction(text)).strip()


def _paths_of(raw: Path, val: pd.DataFrame, csv: Path, *, own: bool) -> list[str]:
    """The files of rows of val that are left out; none where some are not there.

    Args:
        raw: the data set.
        val: the rows.
        csv: their table.
        own: whether it is a table of val alone.
    """
    if "path" in val or val.empty:
        return list(val["path"]) if len(val) else []
    try:
        return list(find_files(raw, val, csv, VAL, mixed=not own)[0])
    except InputError:  # they are left out, and need not be there
        return []


def _folders_of(paths: list[str]) -> str:
    """The first folders of some files, as words behind what they are."""
    tops = sorted({path.partition("/")[0] for path in paths if "/" in path})
    return "".join(
        f"{' and' * (place > 0)} in {top}/" for place, top in enumerate(tops)
    )


def _as_train(val: pd.DataFrame) -> pd.DataFrame:
    """Rows of val under names that no other training image has."""
    val = val.assign(image_path="val/" + val["image_path"])
    if "source_id" in val:
        named = val["source_id"] != ""
        val = val.assign(source_id=("val/" + val["source_id"]).where(named, ""))
    return val


def _refuse_other_columns(
    wanted: list[str], received: list[str], csv: Path, val: Path
) -> None:
    if set(received) != set(wanted):
        raise InputError(
            val,
            expected=f"the columns of the class that {csv.name} has: {', '.join(wanted)}",
            received=", ".join(received),
            fix=f"rename them {IN_SOURCE}",
        )


def _refuse_several(raw: Path, csv: Path) -> None:
    tables = candidates(raw)
    if csv != raw / "train.csv" and len(tables) > 1:
        names = " and ".join(
            path.relative_to(raw).as_posix() for path in tables[:NAMED]
        )
        raise InputError(
            raw,
            expected="one table of labels",
            received=names,
            fix=f"call the one to train on train.csv {IN_SOURCE}",
        )


def _refuse_test_images(table: pd.DataFrame, test: pd.DataFrame, csv: Path) -> None:
    """Raises InputError where a training row means a test image."""
    of_test = table["path"].isin(test["path"])
    fix = f"take these rows out {IN_SOURCE}"
    expected = "training images, none of which is a test image"
    refuse_rows(table, of_test, csv, expected, fix)


def _on_further(columns: pd.DataFrame, csv: Path) -> list[str]:
    further = [str(name) for name in columns if name not in ("image_path", USE)]
    if not further:
        return []
    names = ", ".join(further)
    return [f"{csv.name} also has {names}: split.domain can hold one apart"]


def _on_unnamed(raw: Path, folder: str, named: set[str], csv: Path) -> list[str]:
    """A line on the images of the table's folder that no row names; of others, counting says it."""
    if folder == ".":
        return []
    paths = [f"{folder}/{name}" for name in images_in(raw / folder)]
    unnamed = [path for path in paths if path not in named]
    if not unnamed:
        return []
    first = ", ".join(unnamed[:NAMED]) + (", ..." if len(unnamed) > NAMED else "")
    count = f"{len(unnamed):,} images in {folder}/"
    return [f"{count} are not named in {csv.name} and left out ({first})"]
