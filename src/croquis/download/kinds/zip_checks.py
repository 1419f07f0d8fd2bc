"""Zips that Python opens, but reads wrong or not at all: several in one, parts, odd packings."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from croquis.core.errors import InputError
from croquis.download.kinds.file_kinds import PART, TORCH, FileKind
from croquis.tables.zip_files import BOUNDED

END = b"PK\x05\x06"  # begins the record at a zip's end
END_BYTES = 22
MOST_COMMENT = 2**16
LOCATOR = b"PK\x06\x07"  # says where the numbers of a zip over 4 GB are
LOCATOR_BYTES = 20
LARGE_END_BYTES = 56
ENCRYPTED = 0x1
FIRST = b"PK\x03\x04"
MORE = b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ"
TAR_MAGIC = b"ustar"
TAR_MAGIC_AT = 257
# Out of zipfile these come in one piece, so that no limit can stop them.
HIDING = "bzip2 or lzma, which may hide a bomb"
# What a packer may use besides deflate, by its number in the file.
METHODS = {
    1: "Shrink", 6: "Implode", 10: "TERSE", 12: HIDING, 14: HIDING, 18: "TERSE",
    20: "zstd", 93: "zstd", 94: "MP3", 95: "xz", 96: "JPEG", 97: "WavPack", 98: "PPMd",
    99: "AES",
}  # fmt: skip
DEFLATE64 = 9
AES = 99


OFFICE = FileKind(
    "a file of Office, as .xlsx or .docx",
    "save its table as csv beside the images, and name the folder",
)


class ZipEnd(NamedTuple):
    """The record at the end of a zip.

    Attributes:
        start: where it begins in the file.
        disk: the number of the last part, from 0; 0 for a zip in one file.
        directory_end: where the directory of names should end, by the zip's own words.
        behind: the bytes behind it and its comment, as far as they tell what they are.
    """

    start: int
    disk: int
    directory_end: int
    behind: bytes


def zip_end(path: Path) -> ZipEnd | None:
    """The record at the end of a zip; None where there is none: it is no zip, or not whole."""
    size = path.stat().st_size
    with path.open("rb") as file:
        first = max(0, size - END_BYTES - MOST_COMMENT)
        file.seek(first)
        tail = file.read()
    place = tail.rfind(END)
    record = tail[place : place + END_BYTES]
    if place < 0 or len(record) < END_BYTES:
        return None
    numbers = [
        int.from_bytes(record[start : start + 4], "little") for start in (12, 16)
    ]
    comment = int.from_bytes(record[20:22], "little")
    return ZipEnd(
        start=first + place,
        disk=int.from_bytes(record[4:6], "little") % 0xFFFF,
        directory_end=sum(numbers),
        behind=tail[place + END_BYTES + comment :][:512],
    )


def refuse_several(path: Path, where: str) -> None:
    """Raises InputError where a file is a part of a zip, or holds more than one archive.

    Python reads the last of two zips that were joined by `cat`, and says nothing of the first.
    """
    end = zip_end(path)
    if end is None:
        return  # whoever opens it says what is missing
    if end.disk:
        raise InputError(
            where,
            expected="a zip in one file",
            received=f"the last of {end.disk + 1} parts",
            fix=PART.fix,
        )
    tar_behind = end.behind[TAR_MAGIC_AT:].startswith(TAR_MAGIC)
    if tar_behind or end.behind.startswith(MORE) or _has_zip_before(path, end):
        raise InputError(
            where,
            expected="one archive",
            received="two or more, as where they were joined by `cat`",
            fix="unpack each of them by hand, and name the folder",
        )


def _has_zip_before(path: Path, end: ZipEnd) -> bool:
    """Whether the bytes before a zip, of which it knows nothing, are a zip of their own."""
    with path.open("rb") as file:
        file.seek(max(0, end.start - LOCATOR_BYTES))
        large = file.read(LOCATOR_BYTES).startswith(LOCATOR)
        if large and end.directory_end >= 0xFFFFFFFF:
            return False  # its numbers are in another record
        records = LOCATOR_BYTES + LARGE_END_BYTES if large else 0
        before = end.start - records - end.directory_end
        if before < END_BYTES:
            return False
        file.seek(0)
        begins = file.read(len(FIRST)) == FIRST
        file.seek(max(0, before - END_BYTES - MOST_COMMENT))
        tail = file.read(before - file.tell())
    return begins and END in tail


def refuse_unreadable(
    infos: Sequence[zipfile.ZipInfo], where: str, file: str
) -> None:
    """Raises InputError where a file in a zip needs a password, or is packed in an odd way.

    Args:
        infos: all that the zip holds.
        where: what to call it in errors.
        file: its name, quoted for a shell.
    """
    kind = _other_kind([info.filename for info in infos])
    if kind is not None:
        expected = "an archive of images"
        raise InputError(where, expected=expected, received=kind.name, fix=kind.fix)
    for info in infos:
        secret = bool(info.flag_bits & ENCRYPTED) or info.compress_type == AES
        if info.compress_type in BOUNDED and not secret:
            continue
        by_hand = f"unpack it with `7z x {file}`"
        if secret:
            by_hand += " and its password"
        raise InputError(
            where,
            expected="a zip packed by deflate, as is usual",
            received=f"{info.filename!r}, {_oddity(info, secret=secret)}",
            fix=f"{by_hand}, and name the folder",
        )


def _other_kind(names: Sequence[str]) -> FileKind | None:
    """What a zip is that no person has packed; None for an archive."""
    if "[Content_Types].xml" in names:
        return OFFICE
    folder = names[0].partition("/")[0] if names else ""
    if f"{folder}/data.pkl" in names and f"{folder}/version" in names:
        return TORCH
    return None


def _oddity(info: zipfile.ZipInfo, *, secret: bool) -> str:
    if secret:
        return "which is encrypted (password required)"
    if info.compress_type == DEFLATE64:
        return "packed by Deflate64, as Windows does over 2 GB"
    name = METHODS.get(info.compress_type, f"method {info.compress_type}")
    return f"packed by {name}"
