"""train.csv and test.csv: images whose labels stand in a table."""

from pathlib import Path

import pandas as pd

from croquis.dataset.csv_tables import read_table
from croquis.dataset.image_files import images_in
from croquis.dataset.image_paths import locate_images
from croquis.dataset.left_out import left_out_note
from croquis.dataset.train_only import USE
from croquis.prepare.labels import (
    add_labels,
    add_sources,
    clean_use,
    name_targets,
)


def read_train_table(
    raw: Path, test_paths: set[str]
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    csv = raw / "train.csv"
    table, notes = read_table(csv, ["image_path"])
    table, more = name_targets(table, csv)
    table, marked = clean_use(table, csv)
    notes += more + marked
    columns = table.drop(
        columns=["target", "class_name", "source_id"], errors="ignore"
    )
    further = [str(name) for name in columns if name not in ("image_path", USE)]
    if further:
        names = ", ".join(further)
        notes.append(f"train.csv also has {names}: split.domain can hold one apart")
    table["path"], spelling = locate_images(table, csv, "train")
    notes += spelling
    table = add_sources(add_labels(table, csv), test_paths, csv)
    notes += _note_on_unnamed(raw, table)
    table = table.assign(id="train/" + table["image_path"], split="train")
    return table, columns, notes


def _note_on_unnamed(raw: Path, table: pd.DataFrame) -> list[str]:
    named = set(table["path"].str.removeprefix("train/"))
    unnamed = [name for name in images_in(raw / "train") if name not in named]
    return left_out_note(unnamed, "images in train/ are not named in train.csv")


def read_test_images(raw: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The test rows of the index, and test.csv as it came (or as it would have come)."""
    csv = raw / "test.csv"
    notes: list[str] = []
    if csv.is_file():
        names, notes = read_table(csv, ["image_path"])
    else:
        names = pd.DataFrame({"image_path": images_in(raw / "test")}, dtype=str)
    paths, spelling = locate_images(names, csv, "test")
    notes += spelling
    table = pd.DataFrame({"path": paths}).assign(
        id="test/" + names["image_path"],
        split="test",
        label=-1,
        class_name="",
        source_id="",
    )
    return table, names, notes
