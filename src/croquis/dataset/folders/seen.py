"""What lies in a folder, in a few words of an error."""

from collections.abc import Iterable
from pathlib import Path

from croquis.dataset.hidden_files import is_hidden
from croquis.dataset.image_files import natural

NAMED = 3  # names of each kind
MOST = 4  # folders and files


def first_of(names: Iterable[str], most: int = NAMED) -> str:
    """The first few of some names, and how many more there are."""
    every = list(names)
    more = len(every) - most
    return ", ".join(every[:most]) + (f" and {more:,} more" if more > 0 else "")


def describe(folder: Path, leave_out: Iterable[str] = ()) -> str:
    """The first few folders and files in `folder`, and what each of these folders holds.

    Args:
        folder: of somebody.
        leave_out: names in it to be silent of.
    """
    inside = [path for path in _visible(folder) if path.name not in set(leave_out)]
    folders = [path for path in inside if path.is_dir()]
    files = [path.name for path in inside if not path.is_dir()]
    parts = [f"{path.name}/ with {_content(path)}" for path in folders[:MOST]]
    if len(folders) > MOST:
        parts.append(f"{len(folders) - MOST:,} more folders")
    if files:
        parts.append(_counted(files))
    return "; ".join(parts) or "nothing"


def _content(folder: Path) -> str:
    inside = _visible(folder)
    folders = [f"{path.name}/" for path in inside if path.is_dir()]
    files = [path.name for path in inside if not path.is_dir()]
    parts = []
    if folders:
        noun = "folder" if len(folders) == 1 else "folders"
        parts.append(f"{len(folders):,} {noun} ({first_of(folders, 2)})")
    if files:
        parts.append(_counted(files, 2))
    return " and ".join(parts) or "nothing"


def _counted(files: list[str], most: int = NAMED) -> str:
    noun = "file" if len(files) == 1 else "files"
    return f"{len(files):,} {noun} ({first_of(files, most)})"


def _visible(folder: Path) -> list[Path]:
    paths = (path for path in folder.iterdir() if not is_hidden(path.name))
    return sorted(paths, key=lambda path: natural(path.name))
