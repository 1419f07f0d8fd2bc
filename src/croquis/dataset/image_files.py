"""The files of a folder that are images, in an order that people expect."""

import re
from pathlib import Path

from croquis.dataset.hidden_files import is_hidden

# Of files that are images.
SUFFIXES = frozenset(
    ".jpg .jpeg .jfif .png .bmp .gif .tif .tiff .webp .ppm .pgm .pbm".split()
)


def images_in(folder: Path) -> list[str]:
    """The files in `folder`, at any depth, that are called like images, in natural order."""
    images = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    visible = (
        path for path in images if not is_hidden(path.name) and path.is_file()
    )
    names = (path.relative_to(folder).as_posix() for path in visible)
    return sorted(names, key=natural)


def natural(name: str) -> list[str | int]:
    """A sort key that puts 2.png before 10.png."""
    parts = re.split(r"(\d+)", name)  # every second one is a number
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]
