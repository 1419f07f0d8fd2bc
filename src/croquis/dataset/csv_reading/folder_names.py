"""The names that are in a folder: what a table means is proven by the files that it names."""

import os
import unicodedata
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from croquis.dataset.hidden_files import is_hidden

MOST_NAMES = 500_000  # of a folder that somebody keeps all kinds of things in


def names_under(folder: Path) -> frozenset[str]:
    """The names of files and folders under `folder`, with suffixes and without, as NFC."""
    return frozenset(
        unicodedata.normalize("NFC", name)
        for path, _ in islice(_paths(folder), MOST_NAMES)
        for name in (path.name, path.stem)
    )


def files_under(folder: Path) -> frozenset[str]:
    """How a table may name the files under `folder`, as NFC.

    By their names or by the ends of their paths, with suffixes or without.
    """
    return frozenset(
        unicodedata.normalize("NFC", name)
        for path, is_file in islice(_paths(folder), MOST_NAMES)
        if is_file
        for name in _ends(path)
    )


def plain_path(cell: str) -> str:
    """A cell of a table as `files_under` would have it."""
    path = cell.strip().replace("\\", "/").removeprefix("./")
    return unicodedata.normalize("NFC", path)


def _paths(folder: Path) -> Iterator[tuple[PurePosixPath, bool]]:
    """Files and folders, relative to `folder`, and whether each is a file."""
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not is_hidden(name)]
        base = PurePosixPath(Path(here).relative_to(folder).as_posix())
        yield from ((base / name, False) for name in folders)
        yield from ((base / name, True) for name in files)


def _ends(path: PurePosixPath) -> Iterator[str]:
    """a/b.png and b.png, a/b and b."""
    for form in (path, path.with_suffix("")):
        for start in range(len(form.parts)):
            yield "/".join(form.parts[start:])
