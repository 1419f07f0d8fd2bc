"""What a file is, by its first bytes: a suffix is a name, and proves nothing."""

import re
import struct
from typing import NamedTuple

HEAD = 1024  # bytes; an SVG may begin with a licence, others need at most 132
SAVE = "save it as PNG"
# Images of formats that are not read, and what helps.
NOT_READ = {
    "HEIC": f"{SAVE}, as with `heif-convert` or `magick mogrify -format png`",
    "SVG": f"{SAVE}, as with `rsvg-convert` or `inkscape --export-type=png`",
    "camera raw": f"{SAVE}, as with `darktable-cli`",
    "DICOM": f"{SAVE}, as with `dcmj2pnm`",
    "JPEG XL": f"{SAVE}, as with `djxl`",
    "EPS": SAVE,
    "PSD": SAVE,
    "XCF": SAVE,
}
# A camera's raw files begin as TIFF, and hold a small JPEG that is not the image.
_RAW = frozenset(".arw .cr2 .cr3 .dng .nef .nrw .orf .pef .raf .rw2 .srw".split())
_TGA = frozenset(".tga .icb .vda .vst".split())
_BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # their sizes, in bytes
_BITS = (1, 4, 8, 16, 24, 32)  # of a pixel
_PORTABLE = re.compile(rb"P[1-6][ \t\r\n]+(#|\d)|Pf[ \t\r\n]+\d")
_XML = (b"<?xml", b"<!--", b"<!doctype svg", b"<svg")
_HEIC_BRANDS = (b"hei", b"hev", b"mif1", b"msf1")
_PLAIN = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG2000",
    b"\xff\x4f\xff\x51": "JPEG2000",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL",
    b"8BPS": "PSD",
    b"%!PS": "EPS",
    b"\xc5\xd0\xd3\xc6": "EPS",
    b"gimp xcf": "XCF",
}


def image_format(head: bytes, suffix: str = "") -> str | None:
    """The format of the image that a file begins, as Pillow calls it; None if it is no image.

    Args:
        head: the first HEAD bytes.
        suffix: of the file's name, in small letters: TGA has no mark of its own.
    """
    if suffix in _RAW:
        return "camera raw"
    for mark, name in _PLAIN.items():
        if head.startswith(mark):
            return name
    return (
        _of_boxes(head)
        or _of_web(head)
        or _of_windows(head)
        or _of_few_marks(head, suffix)
    )


def strange_content(head: bytes) -> str | None:
    """What often lies under an image's name and is none, with what helps; None for the rest."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS, and not the image; run `git lfs pull`"
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page; download the image again"
    if head.startswith((b"PK\3\4", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf")):
        return "an archive; unpack it"
    if head.startswith(b"%PDF"):
        return "a PDF; save its pages as PNG, as with `pdftoppm -png`"
    if head[:1] == b"\0" and not head.strip(b"\0"):
        return "nothing but zeros, as after a broken copy; copy it again"
    return None


def _of_boxes(head: bytes) -> str | None:
    """AVIF and HEIC are boxes as videos are; their brands tell them apart."""
    if head[4:8] != b"ftyp":
        return None
    (size,) = struct.unpack(">I", head[:4])
    brands = head[8 : max(12, min(size, len(head)))]
    words = [brands[start : start + 4] for start in range(0, len(brands), 4)]
    if any(word in (b"avif", b"avis") for word in words):
        return "AVIF"
    if words[0].startswith(_HEIC_BRANDS):
        return "HEIC"
    return "camera raw" if words[0] == b"crx " else None


def _of_web(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return "SVG" if text.startswith(_XML) and b"<svg" in text else None


class _BitmapHeader(NamedTuple):
    size: int
    width: int
    height: int
    planes: int
    bits: int


def _of_windows(head: bytes) -> str | None:
    """Bitmaps with and without a file's header, and icons."""
    if head[:2] == b"BM" and _is_bitmap(head[14:]):
        return "BMP"
    if _is_bitmap(head):
        return "DIB"
    is_icon = (
        head[:4] == b"\0\0\1\0" and head[4:6] != b"\0\0" and head[9:10] == b"\0"
    )
    return "ICO" if is_icon else None


def _is_bitmap(head: bytes) -> bool:
    if len(head) < 16:
        return False
    size = struct.unpack("<I", head[:4])[0]
    layout = "<IHHHH" if size == 12 else "<IiiHH"
    header = _BitmapHeader(*struct.unpack_from(layout, head))
    return (
        header.size in _BITMAP_HEADERS
        and header.width > 0
        and header.height != 0
        and header.planes == 1
        and header.bits in _BITS
    )


def _of_few_marks(head: bytes, suffix: str) -> str | None:
    """Formats whose mark is a byte or two: the rest of the header has to be one of theirs."""
    if _PORTABLE.match(head):
        return "PPM"
    if head[128:132] == b"DICM":
        return "DICOM"
    if suffix == ".jxl" and head[:2] == b"\xff\x0a":
        return "JPEG XL"
    if _is_paintbrush(head):
        return "PCX"
    return "TGA" if suffix in _TGA and _is_targa(head) else None


def _is_paintbrush(head: bytes) -> bool:
    return (
        len(head) > 128
        and head[0] == 10
        and head[1] in (0, 2, 3, 4, 5)
        and head[2] == 1
        and head[3] in (1, 2, 4, 8)
        and head[65] in (1, 2, 3, 4)
    )


def _is_targa(head: bytes) -> bool:
    if len(head) < 18:
        return False
    width, height = struct.unpack_from("<HH", head, 12)
    return (
        head[1] in (0, 1)
        and head[2] in (1, 2, 3, 9, 10, 11)
        and width > 0
        and height > 0
        and head[16] in (1, 8, 15, 16, 24, 32)
    )
