"""A folder of somebody's pictures, copied without what nobody means to hand in."""

import os
import shutil
from pathlib import Path

from croquis.data.junk import is_hidden


def copy_tree(source: Path, place: Path) -> None:
    """Copies what is not hidden or junk; links become what they point to, unless that is a loop."""
    for here, folders, names in os.walk(source, followlinks=True):
        inside = place / Path(here).relative_to(source)
        inside.mkdir()
        folders[:] = [name for name in sorted(folders) if _wanted(Path(here, name))]
        for name in names:
            if not is_hidden(name):
                shutil.copyfile(Path(here, name), inside / name)


def _wanted(folder: Path) -> bool:
    here = folder.parent.resolve()
    loop = folder.is_symlink() and folder.resolve() in (here, *here.parents)
    return not (is_hidden(folder.name) or loop)
