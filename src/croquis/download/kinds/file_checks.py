"""Whether a file that is here is an archive; what else it is, and what to do with that, is said."""

import lzma
import shlex
import zlib
from pathlib import Path
from typing import IO

from croquis.core.errors import InputError
from croquis.download.kinds.file_kinds import (
    DISK_IMAGE,
    EMPTY,
    HEAD,
    LONGEST_NOTE,
    PACKED,
    ZEROS,
    ZIPS,
    FileKind,
    is_archive,
    is_tar_header,
    kind_by_name,
    kind_of_bytes,
    shown_start,
)
from croquis.download.kinds.zip_checks import zip_end
from croquis.download.unpackers import open_unpacked

ARCHIVE = "a .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz"
ENDS_READ = 2**20  # bytes at a file's end that are looked at
DMG_TRAILER = 512
ISO_AT = 32769
UNKNOWN_FIX = "name an archive, or the folder of the images"


def refuse_other_file(path: Path, where: str, name: str) -> None:
    """Raises InputError where a file is no archive that we read.

    Args:
        path: of the file.
        where: what to call it in the error.
        name: of the file as a person knows it: its end may say more than its bytes.
    """
    kind = kind_of_file(path, name)
    if kind is not None:
        fix = kind.fix_of(shlex.quote(name))
        raise InputError(where, expected=ARCHIVE, received=kind.name, fix=fix)


def kind_of_file(path: Path, name: str) -> FileKind | None:
    """What a file is; None for an archive that we read, or try to."""
    size = path.stat().st_size
    if not size:
        return EMPTY
    with path.open("rb") as file:
        head = file.read(LONGEST_NOTE)
        if is_archive(head):
            is_packed = head.startswith(PACKED) and not is_tar_header(head)
            return _kind_inside(path) if is_packed else None
        if not any(head) and not any(_end(file, size, ENDS_READ)):
            return ZEROS
        if _is_disk_image(file, size):
            return DISK_IMAGE
    if zip_end(path) is not None:
        return None  # a program that unpacks itself
    unknown = FileKind(shown_start(head), UNKNOWN_FIX)
    return kind_of_bytes(head) or kind_by_name(name) or unknown


def _kind_inside(path: Path) -> FileKind | None:
    """What is packed alone in a .gz, .bz2 or .xz; None for a tar, and for damage."""
    try:
        with open_unpacked(path) as stream:
            inside = stream.read(HEAD)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return None  # unpacking says what is wrong with it
    if is_tar_header(inside) or not any(inside):
        return None
    packed = "a zip" if inside.startswith(ZIPS) else "one file"
    return FileKind(
        f"{packed} packed once more, and no tar",
        "unpack it (`gunzip`, `bunzip2` or `unxz`), and name what comes out",
    )


def _end(file: IO[bytes], size: int, count: int) -> bytes:
    file.seek(max(0, size - count))
    return file.read(count)


def _is_disk_image(file: IO[bytes], size: int) -> bool:
    """Whether it is a .dmg, which says so at its end, or an .iso."""
    if _end(file, size, DMG_TRAILER).startswith(b"koly"):
        return True
    file.seek(ISO_AT)
    return file.read(5) == b"CD001"
