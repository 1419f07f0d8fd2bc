"""The part of an archive that has come so far: the next run goes on after a drop or a kill."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from croquis.core.addresses import address
from croquis.core.errors import InputError
from croquis.core.files import write_json

FOLDER = Path(".resume/download")  # in the folder where the stage runs
OLD_SECONDS = 7 * 24 * 3600  # parts of other sources go after a week


class PartFile:
    """The bytes of a source that are here, and what the server said of the whole.

    Attributes:
        path: of the bytes.
        total: of the whole, in bytes; None where the server does not say.
        resumed: whether it was gone on with: what was here may be damaged, or of another file.
    """

    def __init__(self, source: str, folder: Path = FOLDER) -> None:
        # By the address without secrets: a signed one has another signature tomorrow.
        name = hashlib.blake2b(address(source).encode(), digest_size=8).hexdigest()
        self.path = folder / name
        self.total: int | None = None
        self._note = folder / f"{name}.json"
        self._etag = ""
        self._modified = ""
        self._began_here = (
            False  # by this process: no other file can have come since
        )
        _make_folder(folder)
        self._read_note()
        self.resumed = self.size > 0

    @property
    def size(self) -> int:
        """How many bytes are here."""
        return self.path.stat().st_size if _is_own_file(self.path) else 0

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A lock on the folder: two processes would write into one file, by turns.

        Raises:
            InputError: if another one has it.
        """
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise InputError(
                f"{self.path.parent}",
                expected="one download at a time",
                received="another one that runs",
                fix="wait until it has ended, then give the same command again",
            ) from error
        finally:
            os.close(folder)

    def range_headers(self) -> dict[str, str]:
        """What asks a server for the rest; nothing where that might be of another file."""
        validator = self._etag or self._modified
        same_file = validator or (self._began_here and self.total is not None)
        if not self.size or not same_file:
            return {}
        condition = {"If-Range": validator} if validator else {}
        return {"Range": f"bytes={self.size}-", **condition}

    def begin(self, headers: Mapping[str, str], total: int | None) -> None:
        """Starts anew, with what the head of an answer says of the whole."""
        self.remove()
        self._note_validators(
            headers.get("ETag", ""), headers.get("Last-Modified", "")
        )
        self.total = total
        self._began_here = True
        self.resumed = False
        self._note.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()
        note = {"etag": self._etag, "modified": self._modified, "total": total}
        write_json(self._note, note)

    def is_of(self, headers: Mapping[str, str]) -> bool:
        """Whether an answer with a part of the file is of the same one."""
        etag = headers.get("ETag", "")
        return not self._etag or not etag or etag == self._etag

    @contextmanager
    def open_at_end(self) -> Iterator[IO[bytes]]:
        """The file, to be written on; what has come is there even after an error."""
        with self.path.open("ab") as file:
            yield file

    def remove(self) -> None:
        """Removes the bytes and the note, and parts of other sources that are old."""
        _remove(self.path)
        _remove(self._note)
        for other in self.path.parent.glob("*"):
            if (
                other.is_file()
                and time.time() - other.stat().st_mtime > OLD_SECONDS
            ):
                other.unlink(missing_ok=True)

    def _read_note(self) -> None:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            self._note_validators(str(note["etag"]), str(note["modified"]))
            self.total = None if note["total"] is None else int(note["total"])
            readable = _is_own_file(self.path) and (self.total or 0) >= 0
        except (
            OSError,
            ValueError,
            TypeError,
            LookupError,
            OverflowError,
            RecursionError,
        ):
            readable = False
        if not readable:  # without the note nobody knows of what it is a part
            self.remove()
            self.total = None
            self._note_validators("", "")

    def _note_validators(self, etag: str, modified: str) -> None:
        """Keeps what tells whether the file is the same, as far as a header can hold it."""
        # One that begins with W/ says that two files mean the same, not that bytes are equal.
        self._etag = etag if re.fullmatch(r'"[ -~]{0,200}"', etag) else ""
        is_date = re.fullmatch(r"[A-Za-z0-9 ,:+-]{1,40}", modified)
        self._modified = modified if is_date else ""


def _is_own_file(path: Path) -> bool:
    """Whether it is a file and no link, whose target would be written to."""
    return path.is_file() and not path.is_symlink()


def _remove(path: Path) -> None:
    """Whatever somebody has put there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(
            f"{folder}",
            expected="a folder, or nothing",
            received="a file in its place",
            fix=f"remove {folder.parts[0]}",
        ) from error
