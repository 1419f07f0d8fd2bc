"""Training images whose folders are their classes."""

import unicodedata
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from croquis.core.errors import InputError
from croquis.dataset.folders.exports import refuse_export
from croquis.dataset.folders.seen import describe, first_of
from croquis.dataset.folders.split_names import is_structure, split_of
from croquis.dataset.image_files import images_in
from croquis.dataset.roots import ADD_LABELS, folders_in

# How a person chooses one of two depths: settings.
OUTER = """-S "data.label_pattern='^([^/]+)/'\""""
INNER = """-S "data.label_pattern='^[^/]+/([^/]+)/'\""""


class LabelledImage(NamedTuple):
    """An image whose class is known from where it lies."""

    class_name: str
    path: str  # relative to the data set's folder


def images_by_folder(raw: Path, part: str) -> tuple[list[LabelledImage], list[str]]:
    """The images in the class folders of `raw / part`, one folder after the other; and notes.

    An image in a folder inside a class folder is of that class, too.

    Raises:
        InputError: if the folders in it are no classes, or of two depths either may be the class.
    """
    images = {path.name: images_in(path) for path in folders_in(raw / part)}
    loose = [name for name in images_in(raw / part) if "/" not in name]
    _refuse_no_classes(raw, part, images, loose)
    if part == "train":
        _refuse_empty(raw / part, images)
    _refuse_inner_splits(raw / part, images)
    _refuse_two_depths(raw / part, images)
    class_of, notes = _in_one_spelling(part, list(images))
    rows = [
        LabelledImage(class_of[name], f"{part}/{name}/{path}")
        for name, paths in images.items()
        for path in paths
    ]
    notes += [*_on_names(part, images), *_on_depth(part, images)]
    if loose:
        text = (
            f"{len(loose):,} images in {part}/ are in no class folder and left out"
        )
        notes.append(f"{text}: {first_of(loose)}")
    return rows, notes


def same_name(name: str) -> str:
    """A class name without what no one sees: macOS writes accents apart from their letters."""
    return unicodedata.normalize("NFC", name).strip()


def _in_one_spelling(
    part: str, names: list[str]
) -> tuple[dict[str, str], list[str]]:
    """The class of each folder, and a note on folders whose names look the same: one class."""
    spellings: dict[str, list[str]] = {}
    for name in names:
        spellings.setdefault(same_name(name), []).append(name)
    class_of: dict[str, str] = {}
    notes = []
    for plain, alike in spellings.items():
        is_one = len(alike) == 1
        class_of |= dict.fromkeys(alike, alike[0] if is_one else plain)
        if not is_one:
            text = f"{len(alike)} folders in {part}/ are called {plain!r}"
            notes.append(
                f"{text} (blanks and ways to write accents apart): one class"
            )
    return class_of, notes


def _refuse_no_classes(
    raw: Path, part: str, images: dict[str, list[str]], loose: list[str]
) -> None:
    """Refuses a folder without class folders, and one whose folders are rather its parts."""
    folder = raw / part
    if not any(images.values()):
        refuse_export(raw, folder)
        raise InputError(
            folder,
            expected="class folders with images, or train.csv beside it",
            received=describe(folder),
            fix=ADD_LABELS
            if loose
            else "put the images of each class into a folder of its own",
        )
    inner = {each for names in _inner(images).values() for each in names}
    if all(map(is_structure, inner)):  # data1/images/ beside data1/labels/
        refuse_export(folder, folder)
    if all(map(is_structure, images)):
        refuse_export(raw, folder)
        raise InputError(
            folder,
            expected="class folders",
            received=f"{describe(folder)}, and no class is called so",
            fix="put the images of each class into a folder of its own, or name them in train.csv",
        )
    if all(map(split_of, images)):
        raise InputError(
            folder,
            expected="class folders",
            received=f"parts of a data set ({first_of(images)})",
            fix="name the folder that holds train/, or call the class folders otherwise",
        )


def _refuse_empty(folder: Path, images: dict[str, list[str]]) -> None:
    empty = [name for name, paths in images.items() if not paths]
    if not empty:
        return
    others = f", as in {first_of(empty[1:])}" if len(empty) > 1 else ""
    raise InputError(
        folder / empty[0],
        expected="images",
        received=f"none{others}",
        fix="add some, or remove the folder",
    )


def _inner(images: dict[str, list[str]]) -> dict[str, list[str]]:
    """Of each class folder, the folders in it that hold images; "." is the class folder itself."""
    return {
        name: sorted(
            {PurePosixPath(path).parts[0] if "/" in path else "." for path in paths}
        )
        for name, paths in images.items()
    }


def _refuse_inner_splits(folder: Path, images: dict[str, list[str]]) -> None:
    """Refuses cat/train and cat/test: the images of test would train."""
    for name, inner in _inner(images).items():
        splits = [each for each in inner if split_of(each)]
        if splits and splits == [each for each in inner if each != "."]:
            raise InputError(
                folder / name,
                expected="images of one class, which all train",
                received=f"parts of a data set in it ({first_of(splits)})",
                fix="put each part on top: train/<class>/ and test/<class>/",
            )


def _refuse_two_depths(folder: Path, images: dict[str, list[str]]) -> None:
    """Refuses pets/cat, pets/dog, cars/van, cars/taxi: is the class pets, or cat?"""
    inner = _inner(images)
    names = [name for each in inner.values() for name in each]
    # Ann and Bob in each class are no classes, and a folder in each says what the class says.
    if "." in names or len(set(names)) < len(names) or len(names) == len(inner):
        return
    outer = max(inner, key=lambda name: len(inner[name]))
    raise InputError(
        folder,
        expected="images in class folders",
        received=f"two depths of folders ({outer}/{inner[outer][0]}/): the class may be"
        f" {outer!r} or {inner[outer][0]!r}",
        fix=f"say {OUTER} for {outer!r}, or {INNER} for {inner[outer][0]!r}",
    )


def _on_names(part: str, images: dict[str, list[str]]) -> list[str]:
    odd = [name for name in images if split_of(name) or is_structure(name)]
    if not odd:
        return []
    verb = "is read as a class" if len(odd) == 1 else "are read as classes"
    return [
        f"{', '.join(f'{part}/{name}/' for name in odd[:3])} {verb} like the others"
    ]


def _on_depth(part: str, images: dict[str, list[str]]) -> list[str]:
    deeper = [
        f"{part}/{name}/{path}"
        for name, paths in images.items()
        for path in paths
        if "/" in path
    ]
    if not deeper:
        return []
    text = f"{len(deeper):,} images lie in folders inside class folders, as {deeper[0]}"
    return [f"{text}: their class is the outer folder"]
