"""Files whose names are whole paths of Windows, as a zip of an old packer leaves them on Linux."""

import os
from pathlib import Path

from croquis.core.errors import InputError
from croquis.dataset.hidden_files import is_hidden
from croquis.dataset.naming.missing_files import as_text


def windows_paths(folder: Path) -> list[Path]:
    """The files whose names are paths with backslashes, if there is no folder beside them.

    A backslash is a letter as others on Linux, so it means a folder only where none is there: right
    in `folder`, or in the one folder around everything.
    """
    while True:
        visible = [path for path in folder.iterdir() if _is_visible(path.name)]
        inside = [path for path in visible if path.is_dir()]
        if not inside:
            return sorted(path for path in visible if "\\" in path.name)
        if len(visible) > 1:
            return []
        folder = inside[0]


def _is_visible(name: str) -> bool:
    """Whether a name is not hidden; that of a path, as .\\a\\0.png, may begin with a dot."""
    return not is_hidden(name.split("\\")[-1])


def split_windows_paths(folder: Path, where: object) -> list[str]:
    """Moves such files into the folders that their names mean; a note, if there are any.

    Args:
        folder: a copy, never a person's own files.
        where: what to call it in errors.

    Raises:
        InputError: if a path leads out of the folder, or two files have one path.
    """
    paths = windows_paths(folder)
    for path in paths:
        move_inside(path, path.name, where)
    if not paths:
        return []
    first = as_text(paths[0].name)
    return [f"{len(paths):,} names have backslashes, as {first}: read as folders"]


def move_inside(path: Path, name: str, where: object) -> None:
    """Renames a file or folder; backslashes in the new name make folders beside it.

    Raises:
        InputError: if the name leads out of the folder, or is taken.
    """
    parts = [part for part in name.split("\\") if part not in ("", ".")]
    if ".." in parts or not parts:
        raise InputError(
            where,
            expected="entries that stay inside",
            received=repr(name),
            fix="do not trust this archive; ask its publisher",
        )
    target = path.parent.joinpath(*parts)
    if path.is_dir() and target.is_dir() and not os.listdir(path):
        path.rmdir()  # what is inside it has been there before
        return
    if os.path.lexists(target):
        raise InputError(
            where,
            expected="file names in UTF-8, each once",
            received=f"{as_text('/'.join(parts))} twice, once in another encoding or form",
            fix="unpack it by hand, rename or remove one of the two, and name the folder",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
