"""Exports for detection, as of YOLO, Roboflow, COCO and VOC: they have boxes, and no classes."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from croquis.core.errors import InputError
from croquis.dataset.hidden_files import is_hidden
from croquis.dataset.image_files import SUFFIXES

DEPTH = 4  # folders down, where the signs of an export are looked for
SIGNS = {
    "COCO": re.compile(r".*\.coco\.json|instances_.*\.json|_annotations\.coco.*"),
    "YOLO": re.compile(r"_darknet\.labels|obj\.(data|names)|data\.ya?ml"),
    "TFRecord": re.compile(r".*\.tfrecords?|.*_label_map\.pbtxt"),
    "Roboflow": re.compile(r"_annotations\.(csv|txt)|_classes\.csv"),
}
FIX = (
    "export it for classification: a folder a class (in Roboflow 'Folder Structure'), or images"
    " cut out by their boxes"
)


def refuse_export(folder: Path, where: object) -> None:
    """Raises InputError where `folder`, in which no classes are, is an export for detection.

    Args:
        folder: of somebody, in which no other layout was recognised.
        where: as in InputError.
    """
    for kind, sign in _signs(folder):
        raise InputError(
            where,
            expected="one class for each image",
            received=f"an export for detection ({kind}: {sign})",
            fix=FIX,
        )


def _signs(folder: Path) -> Iterator[tuple[str, str]]:
    for here, folders, files in os.walk(folder):
        place = Path(here).relative_to(folder)
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        if len(place.parts) >= DEPTH:
            folders.clear()
        for name in sorted(files):
            for kind, pattern in SIGNS.items():
                if pattern.fullmatch(name.casefold()):
                    yield kind, (place / name).as_posix()
        yield from _pairs(Path(here), place, folders)
        yield from _beside(place, files)


def _pairs(
    here: Path, place: Path, folders: list[str]
) -> Iterator[tuple[str, str]]:
    """Folders of boxes beside folders of images: labels/ and images/, or as VOC calls them."""
    called = {name.casefold(): name for name in folders}
    for boxes, images, kind in (
        ("labels", "images", "YOLO"),
        ("annotations", "jpegimages", "VOC"),
        ("annotations", "images", "VOC"),
    ):
        if boxes in called and images in called:
            texts = (here / called[boxes]).rglob("*")
            if any(path.suffix.lower() in (".txt", ".xml") for path in texts):
                yield kind, (place / called[boxes]).as_posix() + "/"


def _beside(place: Path, files: list[str]) -> Iterator[tuple[str, str]]:
    """A text or XML of boxes beside each image: 0.jpg and 0.xml."""
    images = {
        Path(name).stem for name in files if Path(name).suffix.lower() in SUFFIXES
    }
    for suffix, kind in ((".xml", "VOC"), (".txt", "YOLO"), (".json", "labelme")):
        boxes = [name for name in files if name.endswith(suffix)]
        paired = [name for name in boxes if Path(name).stem in images]
        if paired and len(paired) * 2 >= len(images):
            yield kind, f"{(place / min(paired)).as_posix()} beside an image"
