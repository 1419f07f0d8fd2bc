"""Where a data set begins in somebody's folder: the competition layout, or class folders."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from croquis.core.errors import InputError
from croquis.dataset.folders.disagreement import disagrees
from croquis.dataset.folders.exports import refuse_export
from croquis.dataset.folders.label_files import candidates, labels_table_in
from croquis.dataset.folders.seen import describe, first_of
from croquis.dataset.folders.split_names import is_structure, splits_among
from croquis.dataset.hidden_files import is_hidden
from croquis.dataset.image_files import is_image

LAYOUT = "one folder with train.csv, with train/<class>/, or with class folders"
ADD_LABELS = (
    "add train.csv (image_path,class_name), or say where the class is in the names, with"
    " data.label_pattern"
)
NAMED = 3  # folders that an error names


def find_root(folder: Path, where: str, *, by_pattern: bool = False) -> Path:
    """The one folder, at or under `folder`, that holds train.csv, or train/ with class folders.

    The outermost counts, as a class may be called "train". Where there is none, the one folder of
    bare class folders; then the one with a table of labels of another name.

    Args:
        folder: of somebody.
        where: what to call it in errors.
        by_pattern: whether labels stand in the images' names, so that no class needs a folder.

    Raises:
        InputError: if there is none, or several.
    """
    roots = list(_outermost(folder, lambda here: is_layout(here, by_pattern)))
    are_bare = not roots
    if not roots:
        roots = list(_outermost(folder, _holds_classes))
    if not roots:
        roots = list(_outermost(folder, has_table))
    if not roots and by_pattern:
        roots = list(_outermost(folder, _holds_images))
    if by_pattern and are_bare and len(roots) > 1:  # pets/cat/, cars/van/
        roots = _without_splits(folder)
    if are_bare and len(roots) == 1:
        _refuse_other_labels(folder, roots[0], where)
    if len(roots) == 1:
        _refuse_lone_table(folder, roots[0], where)
        return roots[0]
    if not roots:
        refuse_export(folder, where)
        raise _nothing(folder, where)
    names = [path.relative_to(folder).as_posix() for path in roots]
    received = f"{len(roots)} of them ({', '.join(names[:NAMED])})"
    fix = "name or pack the one that is meant, or put all images into one train/"
    if are_bare:
        fix = (
            "name or pack the one that is meant, or put them into train/ if all are"
        )
    raise InputError(where, expected=LAYOUT, received=received, fix=fix)


def _refuse_other_labels(folder: Path, root: Path, where: str) -> None:
    """Refuses class folders where a table above them says other classes of the same images."""
    if has_table(root):
        return
    above = [folder, *(folder / part for part in root.relative_to(folder).parents)]
    for table in [path for place in above for path in candidates(place)]:
        if disagrees(table, root, is_sure=True):
            name = table.relative_to(folder).as_posix()
            inside = root.relative_to(folder).as_posix()
            raise InputError(
                where,
                expected="labels in a table, or in the names of folders",
                received=f"both, which differ: {name}, and the folders in {inside}/",
                fix=f"call the table train.csv, if it is right; else take {name} out",
            )


def _refuse_lone_table(folder: Path, root: Path, where: str) -> None:
    """Refuses a table of labels in a folder without images, where the images lie beside that."""
    if root == folder or holds_any_image(root):
        return
    if holds_any_image(folder):
        inside = root.relative_to(folder).as_posix()
        raise InputError(
            where,
            expected="the table of labels beside its images, or beside the folder of them",
            received=f"one in {inside}/, where no image is",
            fix=f"put the table of {inside}/ one folder up, beside the folder of images",
        )


def is_layout(folder: Path, by_pattern: bool = False) -> bool:
    """Whether train.csv, or train/ with class folders, stands right in `folder`.

    Args:
        folder: that may be a root.
        by_pattern: as of `find_root`.
    """
    if (folder / "train.csv").is_file() or folders_in(folder / "train"):
        return True
    names = [path.name for path in folders_in(folder)]
    splits = splits_among(names)
    trains = [folder / name for name in names if splits.get(name) == "train"]
    others = [folder / name for name in names if name not in splits]
    is_alone = not any(map(_holds_images, others))
    if any(map(_holds_inner_images, trains)):
        # Training/ may be a class among others, with a further folder in it.
        return is_alone or not any(map(_holds_images, trains))
    if not by_pattern or not any(map(_holds_images, trains)):
        return False
    return len(splits) > 1 or is_alone


def has_table(folder: Path) -> bool:
    """Whether a table of labels, of whatever name, stands with its images in `folder`."""
    return labels_table_in(folder) is not None


def folders_in(folder: Path) -> list[Path]:
    """The folders right in `folder` that somebody means to hand in; none where it is no folder."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:  # Path.is_dir would ask for each image, too
        names = [entry.name for entry in entries if entry.is_dir()]
    return sorted(folder / name for name in names if not is_hidden(name))


def holds_any_image(folder: Path) -> bool:
    """Whether an image is in `folder`, at any depth."""
    return _holds_images(folder) or any(map(holds_any_image, folders_in(folder)))


def _holds_inner_images(folder: Path) -> bool:
    return any(map(holds_any_image, folders_in(folder)))


def odd_splits(names: list[str]) -> list[str]:
    """Of the names of bare class folders, those that are rather parts of a data set.

    One class may be called train, among other vehicles, and one valid, beside invalid.
    """
    splits = splits_among(names)
    kinds = set(splits.values())
    if all(name in splits or is_structure(name) for name in names):
        return list(splits)
    if kinds == {"train"} and len(splits) == 1:
        return []
    if kinds == {"val"} and any("invalid" in name.casefold() for name in names):
        return []
    return list(splits)


def _outermost(folder: Path, begins: Callable[[Path], bool]) -> Iterator[Path]:
    for here, folders, _ in os.walk(folder):
        if begins(Path(here)):
            folders.clear()
            yield Path(here)
        folders[:] = sorted(name for name in folders if not is_hidden(name))


def _holds_classes(folder: Path) -> bool:
    inside = folders_in(folder)
    names = [path.name for path in inside]
    if len(inside) < 2 or _has_csv(folder):
        return False
    if odd_splits(names) or all(map(is_structure, names)):
        return False
    return all(map(_is_class, inside))


def _is_class(folder: Path) -> bool:
    """Whether images are right in `folder`, or in the one folder images/ inside it."""
    inside = folders_in(folder)
    if not _holds_images(folder) and len(inside) == 1:
        return is_structure(inside[0].name) and _holds_images(inside[0])
    return _holds_images(folder)


def _holds_images(folder: Path) -> bool:
    return any(map(is_image, folder.iterdir()))


def _nothing(folder: Path, where: str) -> InputError:
    """What to do where no root is, by what is there."""
    place = _widest(folder)
    names = [path.name for path in folders_in(place) if holds_any_image(path)]
    splits = splits_among(names)
    odd = odd_splits(names)
    flat = [name for name in names if splits.get(name) == "train"]
    received = f"none, but {describe(place)}"
    expected = LAYOUT
    fix = "name or pack the folder that holds it, or see Layouts in docs/data.md"
    if flat:
        labels = f"labels of the images in {flat[0]}/"
        expected = f"{labels}: train.csv beside it, or class folders in it"
        fix = ADD_LABELS
    elif names and not set(names) - set(splits):
        expected = "images that train, in train/ or named in train.csv"
        fix = "put them into train/<class>/"
    elif len(names) > 1 and odd:
        expected = f"{', '.join(odd[:NAMED])} beside train/, or class folders alone"
        fix = "put the class folders into train/; there, any name is a class"
    elif inner := _splits_inside(place, names):
        expected = "the parts of the data set on top, as train/<class>/"
        fix = f"put the images of {inner} into {_of_part(inner)}, and so on"
    elif len(names) > 1 and all(map(is_structure, names)):
        expected = f"class folders (no class is called {names[0]})"
        fix = "put the images of each class into a folder of its own"
    elif len(names) > 1 and _has_csv(place):
        expected = "class folders alone, or a table of labels called train.csv"
        fix = "put the class folders into train/, or rename the table"
    elif len(names) > 1 and (without := _without_images(place)):
        expected = "images right in each class folder, or class folders in train/"
        fix = f"take out {first_of(without)}, or put the class folders into train/"
    elif _holds_images(place) or len(names) == 1:
        fix = f"{ADD_LABELS}; or put each class into a folder"
    return InputError(where, expected=expected, received=received, fix=fix)


def _splits_inside(place: Path, names: list[str]) -> str:
    """The first part of a data set in class folders, as cup/train/ and cup/test/; "" for none."""
    for name in names:
        inside = [path.name for path in folders_in(place / name)]
        if len(inside) > 1 and set(splits_among(inside)) == set(inside):
            return f"{name}/{inside[0]}/"
    return ""


def _of_part(inner: str) -> str:
    """cup/train/ the other way round: train/cup/."""
    name, part, _ = inner.split("/")
    return f"{part}/{name}/"


def _without_images(place: Path) -> list[str]:
    """The folders beside class folders that hold no image themselves, as docs/ does not."""
    inside = folders_in(place)
    others = [path for path in inside if not _is_class(path)]
    return [f"{path.name}/" for path in others] if len(others) < len(inside) else []


def _without_splits(folder: Path) -> list[Path]:
    """The outermost folder with more than one in it, and the folders in it if these are parts."""
    place = _widest(folder)
    inside = folders_in(place)
    return inside if splits_among(path.name for path in inside) else [place]


def _has_csv(folder: Path) -> bool:
    return any(path.suffix == ".csv" for path in folder.iterdir())


def _widest(folder: Path) -> Path:
    """The outermost folder with more in it than one folder."""
    while True:
        inside = [path for path in folder.iterdir() if not is_hidden(path.name)]
        if len(inside) != 1 or not inside[0].is_dir():
            return folder
        folder = inside[0]
