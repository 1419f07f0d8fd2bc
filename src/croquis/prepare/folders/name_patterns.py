"""Training images whose names say their classes, as in cat.0.jpg."""

import re
import unicodedata
from pathlib import Path, PurePosixPath

from croquis.core.errors import InputError
from croquis.dataset.folders.seen import first_of
from croquis.dataset.folders.split_names import split_of
from croquis.dataset.image_files import images_in
from croquis.dataset.patterns import search_in_time
from croquis.prepare.folders.class_folders import LabelledImage, same_name


def images_by_pattern(
    raw: Path, part: str, pattern: str
) -> tuple[list[LabelledImage], list[str]]:
    """The images in `raw / part`, each of the class that the pattern's group is in its path there.

    Args:
        raw: the data set.
        part: the folder in it, such as train; paths are those inside it.
        pattern: a regular expression with one group, searched anywhere in a path.

    Raises:
        InputError: if it is not in each path.
    """
    paths = images_in(raw / part)
    with search_in_time("data.label_pattern", pattern):
        classes = [_class_of(path, pattern) for path in paths]
    lost = [path for path, name in zip(paths, classes, strict=True) if not name]
    if lost:
        raise InputError(
            "data.label_pattern",
            expected=f"a class in the path of each of the {len(paths):,} images in {part}/",
            received=f"none in {len(lost):,} ({first_of(lost)})",
            fix=f"widen {pattern!r}, or take these images out",
        )
    rows = [
        LabelledImage(name, f"{part}/{path}")
        for name, path in zip(classes, paths, strict=True)
        if name
    ]
    counted = f"{len(rows):,} images of {part}/ by data.label_pattern"
    first = f", as {rows[0].path} is {rows[0].class_name!r}" if rows else ""
    _refuse_parts(rows, part)
    names = set(image.class_name for image in rows)
    return rows, [
        f"{counted}: {len(names):,} classes ({first_of(sorted(names))}){first}"
    ]


def _class_of(path: str, pattern: str) -> str:
    """The class in a path as people see it: macOS writes a letter and its accent apart, and Hangul.

    "" where the pattern is not in it.
    """
    composed = unicodedata.normalize("NFC", path)
    match = re.search(unicodedata.normalize("NFC", pattern), composed)
    return same_name(match[1] or "") if match else ""


def _refuse_parts(images: list[LabelledImage], part: str) -> None:
    """Refuses images in a folder such as test/ inside train/, unless that is their class."""
    inner = [
        image.path
        for image in images
        for name in PurePosixPath(image.path).parts[1:-1]
        if split_of(name) not in (None, "train")
        and same_name(name) != image.class_name
    ]
    if inner:
        raise InputError(
            "data.label_pattern",
            expected=f"images that train in {part}/",
            received=f"{len(inner):,} in folders that are other parts ({first_of(inner)})",
            fix="put the parts side by side, as train/ and test/",
        )
