"""Pointers of Git LFS in a data set: GitHub's zip of a repository has them in place of images."""

import os
from pathlib import Path

from croquis.core.errors import InputError
from croquis.core.text import counted
from croquis.dataset.image_files import SUFFIXES
from croquis.download.kinds.file_kinds import LFS, kind_of_bytes

MOST_BYTES = 1024  # by Git LFS's own rules a pointer has fewer
TABLES = (".csv", ".tsv")
NAMED = 3
FIX = (
    "say `git lfs pull` in a clone of its repository, and name the clone: a zip of it from"
    " GitHub has no such files"
)


def refuse_pointers(folder: Path, where: str) -> list[str]:
    """A line where a few images are pointers of Git LFS; none where there are none.

    Args:
        folder: a copy of the data set.
        where: what to call it in the error.

    Raises:
        InputError: if a table is one, or most of the images.
    """
    images = 0
    pointers: list[Path] = []
    for here, _, names in os.walk(folder):
        for name in names:
            suffix = Path(name).suffix.lower()
            images += suffix in SUFFIXES
            if (suffix in SUFFIXES or suffix in TABLES) and _is_pointer(
                Path(here, name)
            ):
                pointers.append(Path(here, name).relative_to(folder))
    if not pointers:
        return []
    first = ", ".join(path.as_posix() for path in sorted(pointers)[:NAMED])
    more = ", ..." if len(pointers) > NAMED else ""
    what = f"{counted(len(pointers), 'pointer')} of Git LFS in place of files"
    has_table = any(path.suffix.lower() in TABLES for path in pointers)
    if has_table or 2 * len(pointers) > images:
        received = f"{what} ({first}{more})"
        raise InputError(where, expected="images", received=received, fix=FIX)
    return [f"{what}: {first}{more}; {FIX}"]


def _is_pointer(path: Path) -> bool:
    if path.stat().st_size > MOST_BYTES:
        return False
    return kind_of_bytes(path.read_bytes()) == LFS
