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
    images = [
        name
        for name in names
        if is_of_tools(name)
        and not is_junk(name)
        and os.path.splitext(name)[1].lower() in ALL_SUFFIXES
    ]
    return left_out_note(
        sorted(images), "images are in folders of a system or a tool,"
    )


def _on_one_line(name: str) -> str:
    """A name as it is; escaped where it has line ends, other bytes than UTF-8, or the like."""
    return name if name.isprintable() else ascii(name)[1:-1]
