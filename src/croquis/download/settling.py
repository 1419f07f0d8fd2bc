"""The folders of a data set under the names that the stages know: train/ and test/."""

import os
import shutil
from pathlib import Path

from croquis.core.errors import InputError
from croquis.dataset.folders.seen import describe, first_of
from croquis.dataset.folders.split_names import split_of, splits_among
from croquis.dataset.hidden_files import is_hidden
from croquis.dataset.image_files import SUFFIXES, images_in
from croquis.dataset.roots import (
    folders_in,
    has_table,
    holds_any_image,
    is_layout,
)


def place_of(data: Path, draft: Path, by_pattern: bool) -> Path:
    """Where the folder `data` goes in `draft`: bare class folders become its train/.

    Args:
        data: a root, as of `find_root`.
        draft: of data/raw.
        by_pattern: whether labels stand in the images' names.
    """
    is_whole = is_layout(data, by_pattern) or has_table(data)
    place = draft if is_whole else draft / "train"
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def settle(draft: Path, where: str) -> list[str]:
    """Renames the folders for training and test in `draft` to train/ and test/; notes on it.

    One that holds nothing but such a folder again, as training_set/training_set/, is taken off.
    A data set with a table of labels stays as it is: its rows may name the folders.

    Raises:
        InputError: if two folders may be the one.
    """
    if has_table(draft):
        return []
    splits = splits_among(path.name for path in folders_in(draft))
    images = {
        name: kind for name, kind in splits.items() if holds_any_image(draft / name)
    }
    notes: list[str] = []
    for split in ("train", "test"):
        names = [name for name, kind in images.items() if kind == split]
        if len(names) > 1:
            raise InputError(
                where,
                expected=f"one folder of {split} images",
                received=f"{len(names)} of them ({first_of(names)})",
                fix="put their images into one folder, or take the others out",
            )
        if names:
            notes += _settle(draft, names[0], split, bool(notes))
    for name, kind in images.items():
        if kind == "val":
            notes += _settle(draft, name, name, True)
    return notes


def outside(folder: Path, root: Path, where: str) -> list[str]:
    """Notes on the images in `folder` that are not in `root`, the data set in it.

    Raises:
        InputError: if `root` is bare class folders in a folder such as test/, beside the others.
    """
    if folder == root:
        return []
    inside = root.relative_to(folder).as_posix() + "/"
    names = [name for name in images_in(folder) if not name.startswith(inside)]
    is_part = not is_layout(root) and any(map(split_of, inside.split("/")))
    if names and is_part:
        raise InputError(
            where,
            expected="train.csv, or class folders in train/, for training",
            received=f"class folders in {inside} alone, beside {describe(folder)}",
            fix="put the images that train into train/<class>/",
        )
    if is_part:
        return [f"all images lie in {inside}, and train"]
    notes = _tables_outside(folder, root, inside)
    if names:
        text = f"{len(names):,} images outside {inside} are left out"
        notes.insert(0, f"{text} ({first_of(names)})")
    return notes


def _tables_outside(folder: Path, root: Path, inside: str) -> list[str]:
    """A note on tables that are not in the data set, such as its sample_submission.csv."""
    names = []
    for here, folders, files in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if not is_hidden(name) and Path(here, name) != root
        ]
        names += [
            Path(here, name).relative_to(folder).as_posix()
            for name in files
            if name.lower().endswith(".csv") and not is_hidden(name)
        ]
    if not names:
        return []
    fix = f"put those of its images into {inside}" if is_layout(root) else ""
    text = f"{len(names):,} tables outside {inside} are not read"
    return [f"{text} ({first_of(sorted(names))})" + (f"; {fix}" if fix else "")]


def _settle(draft: Path, name: str, called: str, is_moved: bool) -> list[str]:
    """Renames one folder in `draft`, and takes off folders around its content; notes on both.

    Args:
        draft: of data/raw.
        name: of the folder.
        called: its name afterwards.
        is_moved: whether the set was of other names before, so that paths in it are new anyway.
    """
    folder = draft / called
    was = name
    if name != called:
        if folder.exists():  # without images, or it would be the one
            shutil.rmtree(folder)
        os.rename(draft / name, folder)
    while inner := _lone_folder(folder, name):
        if called == "test" and name == called and not is_moved:
            break  # test/test/0.png has always been called so
        was = f"{was}/{inner.name}"
        between = draft / ".between"
        os.rename(folder, between)
        os.rename(between / inner.name, folder)
        shutil.rmtree(between)
    return [] if was == called else [f"{was}/ is read as {called}/"]


def _lone_folder(folder: Path, name: str) -> Path | None:
    """The one folder in `folder`, beside no image, that is called alike or holds the classes."""
    inside = folders_in(folder)
    files = [path for path in folder.iterdir() if not path.is_dir()]
    if len(inside) != 1 or any(path.suffix.lower() in SUFFIXES for path in files):
        return None
    inner = inside[0]
    classes = [path for path in folders_in(inner) if holds_any_image(path)]
    is_alike = inner.name.casefold() == name.casefold() or (
        split_of(inner.name) is not None and split_of(inner.name) == split_of(name)
    )
    # One class alone is no data set: so several folders in it are the classes.
    is_around = folder.name == "train" and len(classes) > 1
    return inner if is_alike or is_around else None
