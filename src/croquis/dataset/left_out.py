"""What is said of files that are left out: how many, why, and the first few."""

import os
from collections.abc import Iterable, Sequence

from croquis.dataset.hidden_files import is_junk, is_of_tools
from croquis.dataset.image_files import ALL_SUFFIXES

NAMED_FILES = 3  # that a line names; it counts the rest


def first_few(names: Sequence[str]) -> str:
    """The first names, and how many more there are; on one line, whatever is in them."""
    more = len(names) - NAMED_FILES
    first = ", ".join(map(_on_one_line, names[:NAMED_FILES]))
    return f"{first} and {more:,} more" if more > 0 else first


def left_out_note(names: Sequence[str], why: str) -> list[str]:
    """The one line that says of files that they are left out; none where there are none.

    Args:
        names: of the files, the first few of which are named.
        why: what they are, as "images in train/ are not named in train.csv"; of one, it is put
            into the singular.
    """
    if not names:
        return []
    if len(names) == 1:
        why = why.replace("images", "image", 1).replace(" are ", " is ", 1)
    return [f"{len(names):,} {why} and left out: {first_few(names)}"]


def note_on_tools(names: Iterable[str]) -> list[str]:
    """Of the images among these paths that lie in folders of systems and tools."""
    images = filter(is_image_of_tools, names)
    return left_out_note(
        sorted(images), "images are in folders of a system or a tool,"
    )


def is_image_of_tools(name: str) -> bool:
    """Whether a path is that of an image in such a folder, and no half of a file of macOS."""
    above, _, last = name.rpartition("/")
    suffix = os.path.splitext(last)[1].lower()
    in_folder = is_of_tools(name) or is_junk(above)
    return in_folder and not is_junk(last) and suffix in ALL_SUFFIXES


def _on_one_line(name: str) -> str:
    """A name as it is; escaped where it has line ends, other bytes than UTF-8, or the like."""
    return name if name.isprintable() else ascii(name)[1:-1]
