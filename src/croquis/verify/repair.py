"""Puts damaged objects and edited outputs right; what is replaced is moved away, never deleted."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5 as new_md5
from pathlib import Path

from croquis.check.dvc_cache import Cache
from croquis.core.files import atomic_write, file_digest
from croquis.verify.survey import Expected, Survey

MOVED = Path(".undo")  # in .gitignore and .dvcignore
READ_ONLY = 0o444  # as DVC leaves its objects


@dataclass(frozen=True)
class Repairs:
    """What was done.

    Attributes:
        aside: where the damaged objects are now, by name.
        renewed: objects that were made anew from outputs that are right.
        moved: where the edited files are now.
        lost: outputs that no object and no file has any more.
    """

    aside: dict[str, Path]
    renewed: tuple[str, ...]
    moved: dict[str, Path]
    lost: tuple[str, ...]


def repair(seen: Survey) -> Repairs:
    """Sets damaged objects aside and makes them anew where an output has their content.

    Edited files are moved away, and come back from the cache where it has them.
    """
    cache = Cache()
    aside = {name: set_aside(name, cache) for name in seen.damaged}
    gone = [*seen.damaged, *seen.missing]
    renewed = tuple(name for name in gone if renew(name, seen.expected, cache))
    folder = _new_folder(MOVED)
    moved = {path: folder / path for path in seen.edited}
    for path, place in moved.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, place)
    for path in moved:
        _bring_back(path, cache.place(seen.expected.files[path]))
    lost = [
        path
        for name in {*gone, *map(seen.expected.files.__getitem__, moved)}
        if not cache.place(name).is_file()
        for path in seen.expected.paths_of(name)
    ]
    return Repairs(aside, renewed, moved, tuple(sorted(set(lost))))


def set_aside(name: str, cache: Cache) -> Path:
    """Moves an object to where DVC does not look; it may be an edit that somebody wanted."""
    folder = cache.folder / "damaged"
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / name
    number = 1
    while os.path.lexists(place):
        place = folder / f"{name}-{number}"
        number += 1
    os.replace(cache.place(name), place)
    inside = place.is_relative_to(Path.cwd())
    return place.relative_to(Path.cwd()) if inside else place


def renew(name: str, expected: Expected, cache: Cache) -> bool:
    """Whether an object that the cache lacks was made anew from a file that has its content."""
    for path in expected.paths_of(name):
        if name.endswith(".dir"):
            text = _listing(Path(path))
            if new_md5(text, usedforsecurity=False).hexdigest() + ".dir" == name:
                with _draft(name, cache) as draft:
                    draft.write_bytes(text)
                return True
        elif Path(path).is_file() and file_digest(Path(path), "md5") == name:
            with _draft(name, cache) as draft:
                shutil.copyfile(path, draft)
                if file_digest(draft, "md5") != name:
                    raise OSError(f"{path} changed while it was read")
            return True
    return False


@contextmanager
def _draft(name: str, cache: Cache) -> Iterator[Path]:
    """A file that takes the place of an object when it is whole."""
    place = cache.place(name)
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = cache.folder / f".{name}.{os.getpid()}"
    try:
        yield draft
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.chmod(READ_ONLY)
        os.replace(draft, place)
    finally:
        draft.unlink(missing_ok=True)


def _listing(folder: Path) -> bytes:
    """What DVC writes for a folder of these files."""
    files = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file()
    }
    entries = [
        {"md5": file_digest(files[name], "md5"), "relpath": name}
        for name in sorted(files)
    ]
    return json.dumps(entries, sort_keys=True).encode()


def _new_folder(parent: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = parent / stamp
    number = 1
    while folder.exists():
        folder = parent / f"{stamp}-{number}"
        number += 1
    return folder


def _bring_back(path: str, place: Path) -> None:
    """A copy, as an edit through a link would change the object, too."""
    if place.is_file():
        with atomic_write(Path(path)) as draft:
            shutil.copyfile(place, draft)
