"""The competition layout or class folders, read as one table of images."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import images_in, locate_images, read_table
from croquis.dataset.names import refuse_undecodable
from croquis.dataset.roots import folders_in
from croquis.dataset.train_only import USE
from croquis.prepare.labels import (
    add_labels,
    add_sources,
    clean_use,
    name_targets,
    ranks,
)
from croquis.prepare.template import blank_sample, read_sample

COLUMNS = ["id", "split", "label", "class_name", "path", "source_id"]


@dataclass(frozen=True)
class Layout:
    """All images of a data set before any is opened.

    Attributes:
        images: `COLUMNS`, train rows first; label -1 and an empty class name in test rows; `path`
            is relative to the data set's folder.
        columns: `image_path` of each training image, with the columns of train.csv beyond these;
            `use` among them, if it is there.
        sample: the submission's template, `target` 0 in each row.
        numbered: what the source numbers itself: "ID" (test images) and "target" (classes). What it
            does not is counted here, in an order that its people do not know.
        notes: what people should know about the files.
    """

    images: pd.DataFrame
    columns: pd.DataFrame
    sample: pd.DataFrame
    numbered: frozenset[str]
    notes: list[str]


def read_layout(raw: Path) -> Layout:
    """What the folder `raw` holds, in the order of its csv files, or by class and natural order.

    Raises:
        InputError: if the files contradict each other.
    """
    refuse_undecodable(raw)
    test, names, notes = _read_test(raw)
    if (raw / "train.csv").is_file():
        train, columns, more = _read_train(raw, set(names["image_path"]))
    else:
        train, columns, more = _read_class_folders(raw)
    if train.empty:
        raise InputError(
            raw, expected="training images", received="none", fix="add some"
        )
    sample, of_source, further = _sample_of(raw, names)
    numbered = {"target"} & set(train) | {"ID"} & set(of_source)
    images = pd.concat([train, test], ignore_index=True)[COLUMNS]
    notes = more + notes + further
    return Layout(images, columns, sample, frozenset(numbered), notes)


def _sample_of(
    raw: Path, names: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The submission's template, the table of the source that its columns are from, and notes."""
    csv = raw / "sample_submission.csv"
    if not csv.is_file():
        return blank_sample(names), names, []
    sample, notes = read_sample(csv, names)
    return sample, sample, notes


def _read_train(
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
    table["path"] = locate_images(table, csv, "train")
    table = add_sources(add_labels(table, csv), test_paths, csv)
    notes += _note_on_unnamed(raw, table)
    table = table.assign(id="train/" + table["image_path"], split="train")
    return table, columns, notes


def _note_on_unnamed(raw: Path, table: pd.DataFrame) -> list[str]:
    named = set(table["path"].str.removeprefix("train/"))
    unnamed = len(set(images_in(raw / "train")) - named)
    if not unnamed:
        return []
    return [f"{unnamed:,} images in train/ are not named in train.csv and left out"]


def _read_class_folders(raw: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    rows: list[tuple[str, str]] = []
    for folder in folders_in(raw / "train"):
        names = images_in(folder)
        if not names:
            fix = "add some, or remove the folder"
            raise InputError(folder, expected="images", received="none", fix=fix)
        rows += [(folder.name, f"train/{folder.name}/{name}") for name in names]
    table = pd.DataFrame(rows, columns=["class_name", "path"], dtype=str)
    table = table.assign(id=table["path"], label=ranks(table["class_name"]))
    columns = pd.DataFrame({"image_path": table["path"].str.removeprefix("train/")})
    loose = len(images_in(raw / "train")) - len(rows)
    note = f"{loose:,} images in train/ are in no class folder and left out"
    notes = [note] if loose else []
    return table.assign(split="train", source_id=""), columns, notes


def _read_test(raw: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The test rows of the index, and test.csv as it came (or as it would have come)."""
    csv = raw / "test.csv"
    notes: list[str] = []
    if csv.is_file():
        names, notes = read_table(csv, ["image_path"])
    else:
        names = pd.DataFrame({"image_path": images_in(raw / "test")}, dtype=str)
    table = pd.DataFrame({"path": locate_images(names, csv, "test")})
    table = table.assign(
        id="test/" + names["image_path"],
        split="test",
        label=-1,
        class_name="",
        source_id="",
    )
    return table, names, notes
