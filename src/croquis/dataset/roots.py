"""Where a data set begins in somebody's folder: the competition layout, or class folders."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from croquis.core.errors import InputError
from croquis.dataset.hidden_files import is_hidden
from croquis.dataset.image_files import SUFFIXES

LAYOUT = "one folder with train.csv, with train/<class>/, or with class folders"


def find_root(folder: Path, where: str) -> Path:
    """The one folder, at or under `folder`, that holds train.csv, or train/ with class folders.

    The outermost counts, as a class may be called "train". Where there is none, the one folder of
    bare class folders.

    Raises:
        InputError: if there is none, or several.
    """
    roots = list(_outermost(folder, is_layout))
    if not roots:
        roots = list(_outermost(folder, _holds_classes))
    if len(roots) == 1:
        return roots[0]
    names = [path.relative_to(folder).as_posix() for path in roots]
    received = f"{len(roots)} of them ({', '.join(names[:3])})" if roots else "none"
    fix = "name or pack the folder that holds it"
    raise InputError(where, expected=LAYOUT, received=received, fix=fix)


def is_layout(folder: Path) -> bool:
    """Whether train.csv, or train/ with class folders, stands right in `folder`."""
    return (folder / "train.csv").is_file() or bool(folders_in(folder / "train"))


def folders_in(folder: Path) -> list[Path]:
    """The folders right in `folder` that somebody means to hand in; none where it is no folder."""
    if not folder.is_dir():
        return []
    inside = (path for path in folder.iterdir() if path.is_dir())
    return sorted(path for path in inside if not is_hidden(path.name))


def _outermost(folder: Path, begins: Callable[[Path], bool]) -> Iterator[Path]:
    for here, folders, _ in os.walk(folder):
        if begins(Path(here)):
            folders.clear()
            yield Path(here)
        folders[:] = sorted(name for name in folders if not is_hidden(name))


def _holds_classes(folder: Path) -> bool:
    inside = folders_in(folder)
    csv = any(path.suffix == ".csv" for path in folder.iterdir())
    return not csv and len(inside) > 1 and all(map(_holds_images, inside))


def _holds_images(folder: Path) -> bool:
    return any(path.suffix.lower() in SUFFIXES for path in folder.iterdir())
