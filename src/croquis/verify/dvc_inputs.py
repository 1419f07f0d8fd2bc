"""Whether what a stage is about to read holds what DVC takes it to hold.

DVC remembers the hash of a file by its inode, size and time of the last write. An output that was
damaged and has its time, or was brought from a damaged object, is up to date for DVC.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from croquis.core.errors import InputError
from croquis.verify.contents import ReadBefore


def refuse_damaged(stage: Any) -> None:
    """Raises InputError if a file that the stage reads is not what DVC would record.

    Each file is read once, and again when it was touched: md5 takes 1.6 s a GB.

    Args:
        stage: of DVC.
    """
    before = ReadBefore()
    for path in _files(stage):
        _, remembered = stage.repo.state.get(str(path.absolute()), stage.repo.fs)
        if remembered and remembered.name == "md5":
            if before.md5(path) != remembered.value:
                before.save()
                _refuse(stage.addressing, path)
    before.save()


def _files(stage: Any) -> Iterator[Path]:
    """All data that it reads; code is small, and DVC's state knows it, too."""
    for dep in stage.deps:
        if dep.protocol != "local" or not dep.fs_path:
            continue
        place = Path(os.path.relpath(dep.fs_path))
        if place.is_file():
            yield place
        for here, _, names in os.walk(place):
            yield from (Path(here, name) for name in sorted(names))


def _refuse(name: str, path: Path) -> None:
    raise InputError(
        path,
        expected=f"what DVC would record as read by {name}",
        received="other content under the same time and size: it was damaged",
        fix="`croquis verify --fix` takes the right one from DVC's cache, or says what makes it"
        " anew",
    )
