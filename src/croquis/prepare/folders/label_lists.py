"""The labels of a flat folder of images that stand in a list beside them, as in Tiny-ImageNet."""

from pathlib import Path, PurePosixPath

from croquis.core.errors import InputError
from croquis.dataset.folders.seen import first_of
from croquis.dataset.image_files import images_in
from croquis.prepare.folders.class_folders import LabelledImage


def images_by_list(raw: Path, part: str) -> tuple[list[LabelledImage], list[str]]:
    """The images of `raw / part` with their classes in its list; none where it has no list.

    A list is <part>_annotations.txt: in each line the image's name, a tab, and its class.

    Raises:
        InputError: if an image is not in the list.
    """
    path = list_of(raw, part)
    if path is None:
        return [], []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    cells = [line.split("\t") for line in lines if "\t" in line]
    class_of = {name: label for name, label, *_ in cells}
    names = images_in(raw / part)
    lost = [name for name in names if PurePosixPath(name).name not in class_of]
    if lost:
        raise InputError(
            path,
            expected=f"a line for each of the {len(names):,} images in {part}/",
            received=f"none for {len(lost):,} ({first_of(lost)})",
            fix="add the lines, or take the images out",
        )
    rows = [
        LabelledImage(class_of[PurePosixPath(name).name], f"{part}/{name}")
        for name in names
    ]
    return rows, [f"{part}/: their classes are read from {path.name}"]


def list_of(raw: Path, part: str) -> Path | None:
    """The list of labels in `raw / part`; None where there is none."""
    path = raw / part / f"{part}_annotations.txt"
    return path if path.is_file() else None
