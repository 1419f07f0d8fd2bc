"""Hashes of big files, remembered: several trainings read the same pixels, and hash them once.

A note is named by what tells a file from all others and from itself before a change: its size, the
time of its last change and its inode. The path is no part of it: checkouts hold links to one file.
"""

import contextlib
import functools
import hashlib
import os
import time
from pathlib import Path

from croquis.core.files import atomic_write, file_digest, root

BIG = 2**24  # bytes, from which a note is cheaper than the hash
RECENT = 2 * 10**9  # ns; a file may change again within one tick of a disk's clock
KEPT = 50  # notes; those not written for longest go


def known_digest(path: Path, digest_size: int = 64) -> str:
    """The blake2b of a file in hexadecimal, from a note in .resume if it is as it was then.

    Args:
        path: of the file.
        digest_size: bytes of the hash.
    """
    algorithm = functools.partial(hashlib.blake2b, digest_size=digest_size)
    before = path.stat()
    if before.st_size < BIG:
        return file_digest(path, algorithm)
    note = _note_of(before, digest_size)
    known = _read(note)
    if known is not None and len(known) == 2 * digest_size:
        return known
    digest = file_digest(path, algorithm)
    after = path.stat()
    settled = time.time_ns() - after.st_mtime_ns > RECENT
    if settled and _note_of(after, digest_size) == note:
        with contextlib.suppress(OSError):  # a convenience: it is hashed again
            _remember(note, digest)
    return digest


def _note_of(state: os.stat_result, digest_size: int) -> Path:
    signs = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
    name = "-".join(map(str, (*signs, digest_size)))
    return root() / ".resume" / "digests" / name


def _read(note: Path) -> str | None:
    """The hash in a note; None without one, or where it is damaged."""
    try:
        text = note.read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    digest, _, check = text.partition(" ")
    # As a flipped bit of a hash looks like another hash.
    return digest if check == _check(digest) else None


def _remember(note: Path, digest: str) -> None:
    with atomic_write(note) as draft:
        draft.write_text(f"{digest} {_check(digest)}", encoding="ascii")
    notes = [path for path in note.parent.iterdir() if path.name[0] != "."]
    times = {path: path.stat().st_mtime_ns for path in notes}
    for old in sorted(times, key=times.__getitem__)[:-KEPT]:
        old.unlink(missing_ok=True)


def _check(digest: str) -> str:
    return hashlib.blake2b(digest.encode(), digest_size=4).hexdigest()
