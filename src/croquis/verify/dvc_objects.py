"""Has DVC look at the content of each object that it is about to use.

DVC takes an object for right as long as its mode is read-only. Root writes to it all the same, and
so does an editor through a hard link; disks and copies of disks make mistakes, too.
"""

import contextlib
import functools
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

from croquis.check.dvc_cache import Cache, is_name
from croquis.verify.contents import READ_BEFORE, ReadBefore
from croquis.verify.dvc_files import note_copies, sweep_copies
from croquis.verify.repair import renew, set_aside
from croquis.verify.survey import expected_by_lock

FULL = 16 * 2**20  # bytes free that count as none


class ObjectGuard:
    """Compares each object of the project's cache with its name before DVC uses it.

    Args:
        project: its folder.
    """

    def __init__(self, project: Path) -> None:
        self._project = project.absolute()
        with contextlib.chdir(project):
            self._cache = Cache()
        self._objects = str(self._cache.place("")) + os.sep
        self._before = ReadBefore(self._project / READ_BEFORE)
        self._copies: set[str] = set()
        self._asked: set[str] = set()
        self._one_at_a_time = threading.RLock()

    def watch(self) -> None:
        """Has each object looked at when this process first asks for its place.

        It also takes away what copies left that never ended.
        Once, as a run makes objects by links and changes of mode, which look like edits. The method
        is no promise of DVC: test_dvc_contract.py holds what is used of it.
        """
        from dvc_data.hashfile.db.local import LocalHashFileDB

        self._copies = note_copies()
        sweep_copies(self._cache)
        oid_to_path = LocalHashFileDB.oid_to_path

        @functools.wraps(oid_to_path)
        def asked_path(database: Any, oid: str) -> str:
            place = oid_to_path(database, oid)
            if place.startswith(self._objects):  # not those of a remote
                self._look_once(oid)
            return place

        LocalHashFileDB.oid_to_path = asked_path  # type: ignore[method-assign]  # on purpose

    def _look_once(self, name: str) -> None:
        with self._one_at_a_time:
            if name in self._asked:
                return
            self._asked.add(name)
            if is_name(name) and os.path.lexists(self._cache.place(name)):
                self.put_right(name)

    def put_right(self, name: str) -> None:
        """Sets an object aside that is damaged, and makes it anew from an output that is right.

        Where there is none, DVC finds no object: it pulls it, or the stage runs again.
        """
        place = self._cache.place(name)
        right = name.removesuffix(".dir")
        if place.is_file() and self._before.md5(place) == right:
            return
        with contextlib.chdir(self._project):
            expected = expected_by_lock(self._cache)
            aside = set_aside(name, self._cache)
            is_renewed = renew(name, expected, self._cache)
        path = next(iter(expected.paths_of(name)), "a result of an older run")
        then = (
            "made anew from the output, which is right"
            if is_renewed
            else "it comes from a remote, or its stage runs again"
        )
        print(
            f"croquis: {path}: its object in DVC's cache was damaged or edited; {then};"
            f" what it held is in {aside}",
            file=sys.stderr,
        )

    def close(self, *, failed: bool) -> None:
        """Keeps what was read for the next process, and removes copies that never ended.

        Args:
            failed: whether DVC did not do what it was asked for.
        """
        folder = self._cache.folder
        if failed and folder.is_dir():
            free = shutil.disk_usage(folder).free
            if free < FULL:
                print(_full_text(folder, free), file=sys.stderr)
        self._before.save()
        sweep_copies(self._cache, self._copies)


def _full_text(folder: Path, free: int) -> str:
    return (
        f"croquis: the disk of {folder} is full, {free / 1e6:.0f} MB are free: what did not fit"
        " is not recorded, and its half was removed; free some space, and give the same command"
        " again"
    )
