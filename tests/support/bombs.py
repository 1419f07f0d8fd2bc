"""Small files that claim, repeat or unpack to far more than they are."""

import io
import struct
import zlib

from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
POSTSCRIPT = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
)


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The bytes of a file of this image."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    """A part of a PNG."""
    checksum = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def png(
    width: int, height: int, *, colour: int = 0, depth: int = 8, before: bytes = b""
) -> bytes:
    """A black PNG of any size; `colour` 0 is gray, 2 RGB, 6 RGBA with half an alpha."""
    pixel = {0: b"\0", 2: b"\0\0\0", 6: b"\0\0\0\x80"}[colour] * (depth // 8)
    row = b"\0" + pixel * width
    packer = zlib.compressobj(1)
    at_once = max(1, 2**22 // len(row))
    body = b""
    for top in range(0, height, at_once):
        body += packer.compress(row * min(at_once, height - top))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = chunk(b"IHDR", head) + before + chunk(b"IDAT", body + packer.flush())
    return SIGNATURE + parts + chunk(b"IEND", b"")


def overlapping_tags(tags: int, size: int, *, kind: int = 1) -> bytes:
    """A TIFF's table, as EXIF has it, whose values are all the same `size` bytes.

    Args:
        tags: how many.
        size: in bytes.
        kind: of the values, 1 for bytes, 5 for fractions.
    """
    count = size if kind == 1 else size // 8
    entries = b"".join(
        struct.pack("<HHII", 0x9000 + tag, kind, count, 8) for tag in range(tags)
    )
    head = b"II*\0" + struct.pack("<IH", 8, tags)
    return (head + entries).ljust(size + 8, b"\0")


def with_exif(jpeg: bytes, exif: bytes) -> bytes:
    """A JPEG with EXIF in as many parts as it takes."""
    parts = b""
    for start in range(0, len(exif), 60_000):
        part = b"Exif\0\0" + exif[start : start + 60_000]
        parts += b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part
    # Behind the start marker; without JFIF's own part, which tells the resolution.
    return jpeg[:2] + parts + jpeg[20:]


def icon(inner: bytes) -> bytes:
    """An icon that holds one image, said to be of 16 x 16 pixels."""
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inner), 22)
    return b"\0\0\1\0\1\0" + entry + inner


def scanned(times: int) -> bytes:
    """A progressive JPEG with its last scan again and again."""
    content = saved(Image.new("L", (64, 64), 90), "JPEG", progressive=True)
    last = content[content.rfind(b"\xff\xda") : -2]
    return content[:-2] + last * times + content[-2:]


def tiled(width: int, height: int) -> bytes:
    """A TIFF of 16 x 16 pixels in one tile of another size."""
    tags = {
        256: 16, 257: 16, 258: 8, 259: 8, 262: 1, 277: 1,
        322: width, 323: height, 324: 200, 325: 4,
    }  # fmt: skip
    entries = b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()
    )
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return head.ljust(200, b"\0") + zlib.compress(bytes(64))
