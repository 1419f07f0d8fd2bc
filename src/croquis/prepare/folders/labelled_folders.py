"""Training images of folders: train/, and val/ beside it, labelled by folders or by names."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from croquis.core.errors import InputError
from croquis.core.params import nearest
from croquis.dataset.data_params import DataParams
from croquis.dataset.folders.seen import first_of
from croquis.dataset.folders.split_names import splits_among
from croquis.dataset.image_files import images_in
from croquis.dataset.roots import folders_in, holds_any_image
from croquis.prepare.folders.class_folders import (
    LabelledImage,
    images_by_folder,
    same_name,
)
from croquis.prepare.folders.label_lists import images_by_list, list_of
from croquis.prepare.folders.name_patterns import images_by_pattern
from croquis.prepare.labels import ranks

Read = Callable[[Path, str], tuple[list[LabelledImage], list[str]]]
JOIN = "-S data.val=join trains on them, too"


class FolderImages(NamedTuple):
    """Training images that no table names.

    Attributes:
        table: the rows of the index.
        columns: their paths, as a row of train.csv would have them.
        read_as: what was recognised, in a few words.
        notes: what people should know.
    """

    table: pd.DataFrame
    columns: pd.DataFrame
    read_as: str
    notes: list[str]


def read_folders(raw: Path, data: DataParams) -> FolderImages:
    """The images of train/ in the data set `raw`, and of val/ beside it where they are to join.

    Raises:
        InputError: if a class is not certain, or only in val/.
    """
    _refuse_unclear(raw)
    read = _reader(data.label_pattern)
    images, notes = read(raw, "train")
    read_as = "class folders"
    if data.label_pattern is not None:
        read_as = "labels in names, by data.label_pattern"
    vals = _vals(raw)
    for val in vals:
        if data.val == "join":
            joined, more = _joined(raw, val, read, images)
            images = images + joined
        else:
            more = [_left_out(raw, val, data.label_pattern)]
        notes = notes + more
    if vals:
        names = " and ".join(f"{val}/" for val in vals)
        verb = "joined to train/" if data.val == "join" else "left out"
        read_as = f"{read_as}, with {names} {verb}"
    elif data.val == "join":
        notes = [*notes, "data.val: there is no val/ to join"]
    table = pd.DataFrame(images, columns=["class_name", "path"], dtype=str)
    table = table.assign(id=table["path"], label=ranks(table["class_name"]))
    columns = pd.DataFrame({"image_path": table["path"].str.removeprefix("train/")})
    return FolderImages(
        table.assign(split="train", source_id=""), columns, read_as, notes
    )


def _reader(pattern: str | None) -> Read:
    if pattern is None:
        return images_by_folder
    return lambda raw, part: images_by_pattern(raw, part, pattern)


def _vals(raw: Path) -> list[str]:
    """The folders beside train/ that are val/, by any name, and hold images."""
    splits = splits_among(path.name for path in folders_in(raw))
    vals = [name for name, split in splits.items() if split == "val"]
    return [name for name in vals if holds_any_image(raw / name)]


def _refuse_unclear(raw: Path) -> None:
    splits = splits_among(path.name for path in folders_in(raw))
    for name, split in splits.items():
        if split == "unclear" and holds_any_image(raw / name):
            raise InputError(
                raw / name,
                expected="val/ (labelled images that may train) or test/ (those to predict)",
                received="a name that may mean either",
                fix="call the folder val or test, or take it out",
            )


def _left_out(raw: Path, val: str, pattern: str | None) -> str:
    names = images_in(raw / val)
    first = first_of(f"{val}/{name}" for name in names)
    is_labelled = (
        pattern is not None
        or list_of(raw, val) is not None
        or any(map(holds_any_image, folders_in(raw / val)))
    )
    further = JOIN if is_labelled else "they have no class folders"
    return f"{val}/: {len(names):,} images are left out ({first}); {further}"


def _joined(
    raw: Path, val: str, read: Read, train: list[LabelledImage]
) -> tuple[list[LabelledImage], list[str]]:
    images, notes = images_by_list(raw, val)
    if not images:
        images, notes = read(raw, val)
    class_of = {same_name(image.class_name): image.class_name for image in train}
    new = sorted({same_name(image.class_name) for image in images} - set(class_of))
    if new:
        raise InputError(
            raw / val,
            expected=f"the {len(class_of):,} classes of train/",
            received=f"{len(new):,} others ({first_of(new)})",
            fix=f"{nearest(new[0], sorted(class_of))} Correct their names, add them to train/,"
            " or set data.val to leave_out",
        )
    images = [
        image._replace(class_name=class_of[same_name(image.class_name)])
        for image in images
    ]
    joined = f"{val}/: {len(images):,} images train like those of train/"
    return images, [joined, *notes]
