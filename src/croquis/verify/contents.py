"""The md5 of files, read in threads; and what was read before, for those who look again."""

import contextlib
import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from croquis.core.cpu_count import cpu_count
from croquis.core.files import file_digest

READ_BEFORE = Path(".resume/verified.json")
# Inode, bytes, time of the last write and of the last change of anything, both in ns. A program can
# set back the former; the latter is the kernel's, which sets it at each write, right or new link.
Mark = tuple[int, int, int, int]


def mark_of(path: Path) -> Mark:
    """What changes with each write to a file."""
    state = os.stat(path)
    return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


class ReadBefore:
    """The md5 of files that were read before, as long as nobody touched them since.

    Args:
        place: where it is kept from one run to the next.
    """

    def __init__(self, place: Path = READ_BEFORE) -> None:
        self._place = place
        self._notes = _read(place)
        self._changed = False

    def md5(self, path: Path) -> str:
        """The md5 of the file, which is read only if it was not, or was touched since."""
        mark = mark_of(path)
        return self.recall(path, mark) or self.note(
            path, mark, file_digest(path, "md5")
        )

    def recall(self, path: Path, mark: Mark) -> str:
        """The md5 of a file that has this mark; empty if it was not read, or was touched since."""
        before, md5 = self._notes.get(os.path.abspath(path), ((), ""))
        return md5 if before == mark else ""

    def note(self, path: Path, mark: Mark, md5: str) -> str:
        """Notes the md5 of a file that had this mark before it was read."""
        self._notes[os.path.abspath(path)] = (mark, md5)
        self._changed = True
        return md5

    def forget(self) -> None:
        """Has every file read again: no time tells of what a disk lost."""
        self._notes = {}

    def save(self) -> None:
        """Keeps it for the next run; a full disk costs no more than reading again."""
        if not self._changed:
            return
        draft = self._place.with_name(f".{self._place.name}.{os.getpid()}")
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(self._notes), encoding="utf-8")
            os.replace(draft, self._place)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink()


@dataclass(frozen=True)
class Contents:
    """What files hold.

    Attributes:
        md5s: of each file that was read; empty where it cannot be.
        unread: the files that were not read, as they are more than was asked for.
        unread_bytes: of these.
    """

    md5s: dict[Path, str]
    unread: frozenset[Path]
    unread_bytes: int


def read_contents(
    paths: Iterable[Path],
    before: ReadBefore | None = None,
    limit: int | None = None,
) -> Contents:
    """The md5 of each file, small ones first; links to one file are read once.

    Args:
        paths: of files that exist.
        before: what need not be read again; None: all is read.
        limit: of bytes to read; None: all.
    """
    marks = {path: mark_of(path) for path in paths}
    md5s: dict[Path, str] = {}
    to_read: dict[Mark, list[Path]] = {}
    for path in sorted(marks, key=lambda path: marks[path][1]):
        mark = marks[path]
        if before and (md5 := before.recall(path, mark)):
            md5s[path] = md5
        else:
            to_read.setdefault(mark, []).append(path)
    total = 0
    chosen = []
    for mark in to_read:
        total += mark[1]
        if limit is None or total <= limit:
            chosen.append(mark)
    with ThreadPoolExecutor(min(8, cpu_count())) as pool:
        digests = pool.map(lambda mark: _md5(to_read[mark][0]), chosen)
        for mark, md5 in zip(chosen, digests, strict=True):
            md5s |= dict.fromkeys(to_read[mark], md5)
    if before:
        for path in set(md5s) & set(marks):
            before.note(path, marks[path], md5s[path])
    unread = frozenset(marks) - set(md5s)
    unread_bytes = sum(mark[1] for mark in set(to_read) - set(chosen))
    return Contents(md5s, unread, unread_bytes)


def _md5(path: Path) -> str:
    try:
        return file_digest(path, "md5")
    except OSError:  # a bad sector, or no right to read it
        return ""


def _read(place: Path) -> dict[str, tuple[Mark, str]]:
    try:
        notes = json.loads(place.read_text(encoding="utf-8"))
        return {path: (tuple(mark), md5) for path, (mark, md5) in notes.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # a note that was cut off says nothing
