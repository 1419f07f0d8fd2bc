"""Whether objects of DVC's cache, and the outputs here, hold what dvc.lock says."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from croquis.check.dvc_cache import Cache, is_inside, is_name
from croquis.check.outputs import in_lock
from croquis.core.pipeline import DVC_YAML
from croquis.scoring.dvc_records import uncached
from croquis.verify.contents import Contents, ReadBefore, read_contents


@dataclass(frozen=True)
class Expected:
    """What dvc.lock says.

    Attributes:
        outputs: the md5 of each output that DVC's cache holds; a folder's ends with .dir.
        files: the md5 of each file of an output; of a folder, if its listing is right.
    """

    outputs: Mapping[str, str]
    files: Mapping[str, str]

    def names(self) -> set[str]:
        """The objects that it is in."""
        folders = {md5 for md5 in self.outputs.values() if md5.endswith(".dir")}
        return folders | set(self.files.values())

    def paths_of(self, name: str) -> tuple[str, ...]:
        """The outputs and files that an object is of; none, if dvc.lock does not name it."""
        both = {**self.outputs, **self.files}
        return tuple(path for path, md5 in both.items() if md5 == name)


@dataclass(frozen=True)
class Survey:
    """What was looked at, and what is wrong.

    Attributes:
        expected: what dvc.lock says.
        intact: names of the objects that hold what their names say.
        damaged: names of those that do not, or are no files.
        missing: names of those that the cache does not have.
        edited: files in the places of outputs that are not as dvc.lock has them.
        linked: files there that are hard links to objects.
        size: of the objects, in bytes.
        unread: how many objects and files were not read.
        unread_bytes: of these.
    """

    expected: Expected
    intact: frozenset[str]
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    edited: tuple[str, ...]
    linked: tuple[str, ...]
    size: int
    unread: int
    unread_bytes: int

    def text_of(self, name: str) -> str:
        """An object as a person reads it: what it is of, and where it lies in the cache."""
        paths = self.expected.paths_of(name)
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        what = f"{paths[0]}{more}" if paths else "a result of an older run"
        return f"{what} (object {name[:2]}/{name[2:]})"


def survey(
    *,
    every: bool = False,
    before: ReadBefore | None = None,
    limit: int | None = None,
) -> Survey:
    """Reads the objects that dvc.lock names, and the files in the places of its outputs.

    Args:
        every: also objects that dvc.lock does not name: those of older runs and of experiments.
        before: what need not be read again; None: all is read.
        limit: of bytes to read, small files first; None: all.
    """
    cache = Cache()
    expected = expected_by_lock(cache)
    names = {*expected.names(), *(cache.names() if every else ())}
    there = {name for name in names if cache.place(name).is_file()}
    odd = {name for name in names - there if os.path.lexists(cache.place(name))}
    paths = {path for path in map(Path, expected.files) if path.is_file()}
    contents = read_contents([*map(cache.place, there), *paths], before, limit)
    read = {name for name in there if cache.place(name) in contents.md5s}
    intact = _intact(sorted(read), cache, contents)
    return Survey(
        expected=expected,
        intact=intact,
        damaged=tuple(sorted((read - intact) | odd)),
        missing=tuple(sorted(names - there - odd)),
        edited=tuple(_edited(expected.files, contents)),
        linked=tuple(_linked(expected.files, cache)),
        size=sum(cache.place(name).stat().st_size for name in there),
        unread=len(contents.unread),
        unread_bytes=contents.unread_bytes,
    )


def expected_by_lock(cache: Cache) -> Expected:
    """What dvc.lock says of the outputs that DVC's cache holds."""
    in_git = uncached(DVC_YAML.read_bytes() if DVC_YAML.is_file() else b"")
    locked = in_lock().items()
    outputs = {
        path: md5
        for path, md5 in locked
        if is_name(md5) and is_inside(path) and path not in in_git
    }
    listings = {md5 for md5 in outputs.values() if md5.endswith(".dir")}
    # Only a listing that is right says what lies in its folder.
    places = map(cache.place, listings)
    contents = read_contents(place for place in places if place.is_file())
    intact = _intact(listings, cache, contents)
    return Expected(outputs, dict(_files(outputs, intact, cache)))


def _intact(
    names: Iterable[str], cache: Cache, contents: Contents
) -> frozenset[str]:
    """The objects that hold what their names say."""
    return frozenset(
        name
        for name in names
        if contents.md5s.get(cache.place(name)) == name.removesuffix(".dir")
    )


def _files(
    outputs: Mapping[str, str], intact: frozenset[str], cache: Cache
) -> Iterator[tuple[str, str]]:
    for path, md5 in outputs.items():
        if not md5.endswith(".dir"):
            yield path, md5
        elif md5 in intact:
            for name, each in (cache.listing(md5) or {}).items():
                if is_name(each) and is_inside(name):
                    yield f"{path}/{name}", each


def _edited(files: Mapping[str, str], contents: Contents) -> Iterator[str]:
    for path, md5 in files.items():
        if contents.md5s.get(Path(path), md5) != md5:
            yield path


def _linked(files: Mapping[str, str], cache: Cache) -> Iterator[str]:
    """Not symbolic links, which a person has to ask for."""
    for path, md5 in files.items():
        place = cache.place(md5)
        both = Path(path).is_file() and place.is_file()
        if both and not Path(path).is_symlink() and Path(path).samefile(place):
            yield path
