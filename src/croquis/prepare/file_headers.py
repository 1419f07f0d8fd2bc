"""What a file's headers promise, looked at before Pillow follows them.

Pillow reads all tags of EXIF and TIFF, and each may claim the same bytes: 60,000 tags of a file of
8 MB would be 500 GB. It decodes a progressive JPEG as often as the file has scans. And it decodes
the image in an icon before it says how large that is.
"""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image

# Of TIFF, and of EXIF in any format; Pillow reads those of the wrong byte order, too.
_HEAD = re.compile(rb"(?:II|MM)(?:[*+]\0|\0[*+])")
_EXIF_OF_JPEG = re.compile(rb"\xff\xe1(..)Exif\0\0", re.DOTALL)
_MANY_HEADS = 10_000  # a page each in TIFF files of slices
_MANY_TAGS = 200_000
_EXIF_BYTES = 2**20  # JPEG has 64 KB of it, other formats little more
_SUB_TABLES = (0x8769, 0x8825, 0xA005)  # Exif, GPS, and interoperability
_UNITS = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
}
_SCANS = 1_000  # libjpeg writes 10, the most careful programs some 20
_JPEG = b"\xff\xd8\xff"
_SCAN = b"\xff\xda"
_ICON = b"\0\0\1\0"
_PNG = b"\x89PNG\r\n\x1a\n"
_TILE_SIDES = (322, 323)  # TIFF's tags for width and height of a tile


class TooMuch(Exception):
    """Headers that promise more than any honest file has."""


def check_headers(content: bytes, pixels: int) -> None:
    """Looks at what Pillow would unpack as soon as it opens the file.

    Args:
        content: of the file.
        pixels: that an image may have.

    Raises:
        TooMuch: if the file's metadata, scans or inner images are beyond reason.
    """
    _check_tables(content)
    if content.startswith(_JPEG):
        _check_scans(content)
        _check_exif(b"".join(_exif_parts(content)))
    if content.startswith(_ICON):
        _check_icon(content, pixels)


def check_metadata(image: Image.Image, pixels: int) -> None:
    """Looks at what Pillow would unpack with the first pixel of an opened image.

    Raises:
        TooMuch: as above.
    """
    exif = image.info.get("exif")
    if isinstance(exif, bytes):
        _check_exif(exif.removeprefix(b"Exif\0\0"))
    profile = image.info.get("Raw profile type exif")
    if isinstance(profile, str):
        lines = "".join(profile.split("\n")[3:])
        _check_exif(_from_hex(lines).removeprefix(b"Exif\0\0"))
    _check_tile(image, pixels)


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:  # Pillow cannot read it either
        return b""


def _exif_parts(content: bytes) -> Iterator[bytes]:
    """The pieces of EXIF in a JPEG, which Pillow joins."""
    for match in _EXIF_OF_JPEG.finditer(content):
        (length,) = struct.unpack(">H", match[1])
        yield content[match.end() : match.start() + 2 + length]


def _check_exif(exif: bytes) -> None:
    if len(exif) > _EXIF_BYTES:
        raise TooMuch(f"EXIF of {len(exif):,} bytes; save the image without it")
    _check_tables(exif)


def _check_scans(content: bytes) -> None:
    # Pixels never hold these two bytes; other metadata may, by chance.
    scans = content.count(_SCAN)
    if scans > _SCANS + len(content) // 10_000:
        raise TooMuch(f"JPEG of {scans:,} scans; save it anew")


def _check_icon(content: bytes, pixels: int) -> None:
    """Of each image in an icon, as PNG or as a bitmap without its file header."""
    (count,) = struct.unpack_from("<H", content.ljust(6, b"\0"), 4)
    for place in range(count):
        entry = content[6 + 16 * place : 22 + 16 * place]
        if len(entry) < 16:
            return
        (start,) = struct.unpack_from("<I", entry, 12)
        head = content[start : start + 24]
        if len(head) < 24:
            continue
        kind = ">II" if head.startswith(_PNG) else "<ii"
        offset = 16 if head.startswith(_PNG) else 4
        width, height = struct.unpack_from(kind, head, offset)
        if abs(width * height) > pixels:
            raise TooMuch(f"an icon of {width:,} x {height:,} pixels")


def _check_tile(image: Image.Image, pixels: int) -> None:
    """Of a TIFF, whose tiles may be larger than itself, and are unpacked whole."""
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        return
    width, height = (int(tags.get(tag, 1)) for tag in _TILE_SIDES)
    if width * height > pixels:
        raise TooMuch(f"TIFF of tiles of {width:,} x {height:,} pixels")


class _Table(NamedTuple):
    """One table of tags.

    Attributes:
        tags: how many.
        size: of their values, in bytes, each counted as often as it is named.
        inner: where further tables begin.
    """

    tags: int
    size: int
    inner: list[int]


def _check_tables(content: bytes) -> None:
    """Of each table of tags in the file: honest values do not overlap."""
    tags = 0
    for place, match in enumerate(_HEAD.finditer(content)):
        start = match.start()
        for table in _tables(memoryview(content)[start:]):
            tags += table.tags
            if table.size > 2 * (len(content) - start):
                received = f"{table.size:,} bytes in a file of {len(content):,}"
                raise TooMuch(f"metadata of {received}; save the image without it")
        if place > _MANY_HEADS or tags >= _MANY_TAGS:
            raise TooMuch(
                "too many tables of metadata; save the image without them"
            )


def _tables(content: memoryview) -> Iterator[_Table]:
    """The first table behind a TIFF header, and those it names."""
    order = "<" if content[:1] == b"I" else ">"
    big = content[2:3] == b"+"  # of files beyond 4 GB; Pillow looks no further
    pointer = f"{order}Q" if big else f"{order}I"
    waiting = list(_read(pointer, content, 8 if big else 4))
    seen: set[int] = set()
    while waiting:
        start = waiting.pop()
        if start in seen or len(seen) > 8:
            continue
        seen.add(start)
        table = _table(content, start, order, big)
        yield table
        waiting += table.inner


def _table(content: memoryview, start: int, order: str, big: bool) -> _Table:
    layout = struct.Struct(f"{order}HHQQ" if big else f"{order}HHII")
    counter = f"{order}Q" if big else f"{order}H"
    (count,) = _read(counter, content, start) or (0,)
    start += struct.calcsize(counter)
    count = min(count, max(0, len(content) - start) // layout.size, _MANY_TAGS)
    inline = 8 if big else 4
    size = 0
    inner = []
    entries = content[start : start + count * layout.size]
    for tag, kind, amount, value in layout.iter_unpack(entries):
        length = amount * _UNITS.get(kind, 0)
        # Short values stand in the entry, and Pillow leaves out what is not in the file.
        if inline < length <= len(content) - value:
            size += length
        if tag in _SUB_TABLES:
            inner.append(value)
    return _Table(count, size, inner)


def _read(kind: str, content: memoryview, start: int) -> tuple[int, ...]:
    """The number at a place of the file; none where the file has ended."""
    if start + struct.calcsize(kind) > len(content):
        return ()
    return struct.unpack_from(kind, content, start)
