"""Has DVC write dvc.lock and its notes on processes whole or not at all.

DVC opens both anew and then writes: dvc.lock, by a slow writer, after each stage. A kill or a full
disk in between leaves a part of it, and no later run can read that.
"""

import contextlib
import functools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

WRITTEN_WHOLE = {"dvc.lock", "rwlock"}


def write_whole() -> None:
    """From now on, in this process.

    The method is DVC's, and no promise of it: test_dvc_contract.py holds what is used of it.
    """
    from dvc_objects.fs.local import LocalFileSystem

    local: Any = LocalFileSystem
    open_file = local.open

    @functools.wraps(open_file)
    def open_whole(system: Any, path: Any, mode: str = "r", **options: Any) -> Any:
        if mode.startswith("w") and Path(path).name in WRITTEN_WHOLE:
            return _replaced(Path(path), mode, options.get("encoding"))
        return open_file(system, path, mode=mode, **options)

    local.open = open_whole


@contextlib.contextmanager
def _replaced(path: Path, mode: str, encoding: str | None) -> Iterator[IO[Any]]:
    """A file that takes the place of `path` when the block ends well."""
    place = path.resolve()  # behind a link it is the file that is replaced
    _remove_drafts(place)
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        with draft.open(mode, encoding=encoding) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if place.exists():
            shutil.copymode(place, draft)
        os.replace(draft, place)
    finally:
        draft.unlink(missing_ok=True)


def _remove_drafts(place: Path) -> None:
    """Those of killed DVCs: none lives that writes it, as DVC takes a lock before it does."""
    for draft in place.parent.glob(f".{place.name}.*"):
        if draft.suffix[1:].isdigit():
            draft.unlink(missing_ok=True)
