"""A folder of somebody's images, copied without what nobody means to hand in."""

import os
import shutil
from pathlib import Path

from croquis.core.errors import InputError
from croquis.core.progress import progress
from croquis.dataset.hidden_files import is_hidden


def copy_tree(source: Path, place: Path) -> None:
    """Copies what is not hidden or junk; links become what they point to, unless that is a loop.

    Raises:
        InputError: if something else than files and folders is there, such as a pipe, a device
            (which has no end), or a link that leads nowhere.
    """
    files = []
    for here, folders, names in os.walk(source, followlinks=True):
        inside = place / Path(here).relative_to(source)
        inside.mkdir()
        folders[:] = [
            name for name in sorted(folders) if _to_copy(Path(here, name))
        ]
        files += [
            (Path(here, name), inside / name)
            for name in names
            if not is_hidden(name)
        ]
    for file, _ in files:
        _refuse_special(file, source)
    for file, copy in progress(files, "copy", unit="file"):
        shutil.copyfile(file, copy)


def _refuse_special(file: Path, source: Path) -> None:
    if file.is_file():
        return
    received = "a pipe, a socket or a device" if file.exists() else "no file"
    if file.is_symlink():
        received = f"a link to {received}"
    raise InputError(
        file.relative_to(source),
        expected="a file, or a link to one",
        received=received,
        fix=f"remove it from {source}",
    )


def _to_copy(folder: Path) -> bool:
    return not (
        is_hidden(folder.name) or (folder.is_symlink() and _leads_back(folder))
    )


def _leads_back(link: Path) -> bool:
    """Whether it points to a folder that the way to it came through, by other links or not."""
    way = [step.resolve() for step in link.parents]
    return link.resolve() in {
        place for step in way for place in (step, *step.parents)
    }
