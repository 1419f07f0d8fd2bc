"""What train.csv says of its images: label, class name, and which are derived from which."""

import re
from pathlib import Path, PurePosixPath

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import refuse_rows
from croquis.dataset.train_only import TRAIN, USE, train_only

# Where the data itself has to change: an archive at an unchanged path is not looked at again.
IN_SOURCE = "in the data source; then `dvc repro -f download`"


def add_labels(table: pd.DataFrame, csv: Path) -> pd.DataFrame:
    """`table` with `label` (int) and `class_name` in every row.

    A given target is the label. Without one, it is the rank of the class name among the sorted
    ones. A class without a name is called as its images' folder, where that tells classes apart,
    else as its label.

    Raises:
        InputError: if the labels are not 0..C-1, or label and class name are not one-to-one.
    """
    columns = {"target", "class_name"} & set(table)
    if not columns:
        raise InputError(
            csv,
            expected="a column target or class_name",
            received=f"only {', '.join(map(str, table))}",
            fix=f"add or rename it {IN_SOURCE}",
        )
    for column in sorted(columns):
        empty = table[column].str.strip() == ""
        expected = f"a value in each row of {column}"
        refuse_rows(table, empty, csv, expected, f"correct these rows {IN_SOURCE}")
    if "target" not in columns:
        return table.assign(label=ranks(table["class_name"]))
    labels = _numbers(table, csv)
    if "class_name" not in columns:
        names = _class_names(table["image_path"], labels)
        return table.assign(label=labels, class_name=names)
    _check_one_to_one(table["class_name"], labels, csv)
    return table.assign(label=labels)


def name_targets(table: pd.DataFrame, csv: Path) -> tuple[pd.DataFrame, list[str]]:
    """`table` with a target that only has names as its class_name, and a note that says so."""
    if "target" not in table or "class_name" in table:
        return table, []
    numbers = pd.to_numeric(table["target"], errors="coerce")
    if (numbers.notna() | (table["target"].str.strip() == "")).any():
        return table, []
    note = f"{csv.name}: target has no numbers, and is read as class_name"
    return table.rename(columns={"target": "class_name"}), [note]


def without_fraction(text: str) -> str:
    """3 for 3.0, as tables with gaps write whole numbers."""
    return re.sub(r"^\s*(\d+)\.0*\s*$", r"\1", text)


def ranks(class_names: pd.Series) -> pd.Series:
    """The rank of each class name among the sorted ones, (N,) int."""
    rank = {name: number for number, name in enumerate(sorted(set(class_names)))}
    return class_names.map(rank).astype(int)


def add_sources(
    table: pd.DataFrame, test_paths: set[str], csv: Path
) -> pd.DataFrame:
    """`table` with `source_id` as the id of the image that each derived one was made from.

    In train.csv it is that image's image_path; empty, or the image itself, means an original.

    Raises:
        InputError: if a source is unknown, a test image, or itself derived.
    """
    if "source_id" not in table:
        return table.assign(source_id="")
    source = table["source_id"]
    paths = table["image_path"]
    derived = (source != "") & (source != paths)
    unknown = derived & ~source.isin(paths)
    of_test = unknown & source.str.removeprefix("test/").isin(test_paths)
    where = f"{csv}: source_id"
    refuse_rows(
        table, of_test, where, "training images as sources, never test images"
    )
    refuse_rows(table, unknown, where, "the image_path of a training image")
    chain = derived & source.isin(paths[derived])
    fix = "name the original of the derived image"
    refuse_rows(table, chain, where, "originals as sources", fix)
    return table.assign(source_id=("train/" + source).where(derived, ""))


def clean_use(table: pd.DataFrame, csv: Path) -> tuple[pd.DataFrame, list[str]]:
    """`table` with `use` as "train" or nothing, if there is such a column; and a note.

    Raises:
        InputError: if it has other words than train, and all or score for the usual.
    """
    if USE not in table:
        return table, []
    words = table[USE].str.strip().str.casefold()
    fix = "correct these rows, or rename the column if it means something else"
    expected = f"{TRAIN}, all, score or nothing as {USE}"
    refuse_rows(table, ~words.isin([TRAIN, "all", "score", ""]), csv, expected, fix)
    only = words == TRAIN
    note = f"{only.sum():,} images train only ({csv.name}: {USE}), and are never scored"
    table = table.assign(**{USE: words.where(only, "")})
    return table, [note] if only.any() else []


def check_classes(images: pd.DataFrame, columns: pd.DataFrame, raw: Path) -> None:
    """Raises InputError unless a network could learn to tell classes apart, and be scored on it.

    Args:
        images: the rows of a Layout.
        columns: of the Layout, which may mark some that only train.
        raw: where they are.
    """
    train = images[images["split"] == "train"]
    scored = ~train_only(train, columns) & (train["source_id"] == "")
    counts = train.loc[scored, "class_name"].value_counts()
    if counts.empty:
        raise InputError(
            raw / "train.csv",
            expected="images to be scored on",
            received=f"{len(train):,} that all train only",
            fix=f"leave {USE} empty for the images of the competition itself",
        )
    if len(counts) == 1:
        fix = "put the images of each class into train/<class>/, or name the classes in train.csv"
        raise InputError(
            raw,
            expected="images of two classes or more",
            received=f"{counts.index[0]!r} alone, with {counts.iloc[0]:,}",
            fix=fix,
        )
    if counts.iloc[0] == 1:
        expected = "classes of two images or more"
        raise InputError(
            raw,
            expected=f"{expected}: one to learn from, one to be scored on",
            received=f"{len(counts):,} classes of one image each",
            fix="add images; if these are no classes, name their column with data.columns.label",
        )


def _numbers(table: pd.DataFrame, csv: Path) -> pd.Series:
    target = table["target"].map(without_fraction).str.strip()
    strange = ~target.str.fullmatch(r"\d{1,9}").astype(bool)
    fix = "correct these rows, or call the column class_name if it has names"
    refuse_rows(table, strange, csv, "whole numbers from 0 as target", fix)
    labels = target.astype(int)
    present = set(labels)
    # At most as many as there are classes: one target of a million would leave a million out.
    most = min(len(present), max(present, default=-1) + 1)
    absent = sorted(set(range(most)) - present)
    if absent:
        last = len(present) - 1
        other = "call the column label: then these numbers are the names of classes"
        if "class_name" in table:
            other = "take the column target out: class_name is enough"
        raise InputError(
            csv,
            expected=f"each target from 0 to {last}, as there are {len(present)}",
            received=f"up to {max(present)}, and no {', '.join(map(str, absent[:3]))}",
            fix=f"number the classes anew from 0, or {other}, {IN_SOURCE}",
        )
    return labels


def _class_names(image_paths: pd.Series, labels: pd.Series) -> pd.Series:
    folders = image_paths.map(lambda path: PurePosixPath(path).parent.name)
    pairs = pd.DataFrame({"folder": folders, "label": labels}).drop_duplicates()
    doubled = pairs["folder"].duplicated() | pairs["label"].duplicated()
    if doubled.any() or "" in set(folders):
        return labels.astype(str)
    return folders


def _check_one_to_one(class_names: pd.Series, labels: pd.Series, csv: Path) -> None:
    pairs = pd.DataFrame({"class_name": class_names, "target": labels})
    # As objects, numbers print as 0, not as np.int64(0).
    pairs = pairs.drop_duplicates().astype(object)
    for one, other in (("class_name", "target"), ("target", "class_name")):
        doubled = pairs[pairs[one].duplicated(keep=False)].sort_values([one, other])
        if len(doubled):
            first = doubled.iloc[0][one]
            has = ", ".join(doubled[doubled[one] == first][other].astype(str)[:3])
            raise InputError(
                csv,
                expected=f"one {other} for each {one}",
                received=f"{first!r} with {has}",
                fix=f"correct the rows of train.csv {IN_SOURCE}",
            )
