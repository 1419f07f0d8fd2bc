"""The one place that opens an image of a stranger: which formats, how large, how much reading.

Pillow tries some forty formats on any file, whatever its name: PostScript among them, which it
hands to Ghostscript. Here are those that people keep images in, and that Pillow decodes itself.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from PIL import Image

from croquis.dataset.first_bytes import (
    HEAD,
    NOT_READ,
    SAVE,
    image_format,
    strange_content,
)
from croquis.prepare.file_headers import TooMuch, check_headers, check_metadata

# In Pillow's order. JPEG is MPO as well, the two images of a stereo camera or a phone.
FORMATS = (
    "BMP", "DIB", "GIF", "JPEG", "PPM", "PNG",
    "AVIF", "ICO", "JPEG2000", "PCX", "TGA", "TIFF", "WEBP",
)  # fmt: skip
_QUICK = (
    "PNG",
    "JPEG",
    "GIF",
    "BMP",
    "WEBP",
)  # they begin with the size of the image
# How often an honest file is read, at most: metadata part by part, pixels in blocks.
_READS = 50_000
_BYTES_A_READ = 64  # of a long animation, each part of which is passed over
_PASSES = 8  # over the whole file
# Bytes a pixel: four for Pillow and three for the array, fewer where a pixel is one number.
_COLOUR_BYTES = 7.0
_MODE_BYTES = {
    "1": 2.0,
    "L": 2.0,
    "P": 4.0,
    "I;16": 4.0,
    "I;16B": 4.0,
    "I": 6.0,
    "F": 6.0,
}
_SCANNED_BYTES = (
    6  # the numbers of a progressive JPEG, at whatever size it is decoded
)
# These decoders hold copies of their own, as measured.
_DECODER_BYTES = {"AVIF": 14.0, "JPEG2000": 24.0, "WEBP": 17.0}
_RUNS = ("BMP", "DIB")  # Pillow reads their runs of equal pixels byte by byte

EMPTY = "empty file"


class Unreadable(Exception):
    """The bytes are no image; the text says why."""


class TooLarge(Unreadable):
    """An image beyond the limits, of which no pixel was read.

    Attributes:
        expected: what would have been read.
        received: the size of this image.
    """

    def __init__(self, expected: str, received: str) -> None:
        super().__init__(
            f"expected {expected}, received {received}; make it smaller"
        )
        self.expected = expected
        self.received = received


class Limits(NamedTuple):
    """How large an image may be; a drawing of a few bytes can claim any size."""

    pixels: int
    side: int  # in pixels
    aspect: int  # of the longer side to the shorter
    memory: int | None = None  # bytes; a JPEG beyond it is decoded at half its size


# Pillow's own limit of area, the longest side that JPEG knows, and the longest scroll.
TRAINING = Limits(pixels=178_956_970, side=65_535, aspect=5_000)


@contextmanager
def open_image(content: bytes, limits: Limits) -> Iterator[Image.Image]:
    """The image in a file's bytes, with none of its pixels read yet.

    Raises:
        Unreadable: if its format is not read, or it is larger than `limits`. While the image
            is open, also if reading it takes more steps than any honest file does.
    """
    try:
        check_headers(content, limits.pixels)
        file = _CountedFile(content)
        with _identify(file) as image:
            _check_size(image, limits)
            check_metadata(image, limits.pixels)
            if image.format in _RUNS:
                file.reads_left += 2 * len(content)
            yield image
    except TooMuch as error:
        raise Unreadable(str(error)) from None


def refuse_format(content: bytes, name: str) -> None:
    """Raises Unreadable for an image of a format that is not read, though Pillow may open it.

    A camera's raw file is a TIFF to Pillow, which would find a thumbnail in it.

    Args:
        content: of the file, or its first HEAD bytes.
        name: of the file.
    """
    suffix = os.path.splitext(name)[1].lower()
    image = image_format(content[:HEAD], suffix)
    if image in NOT_READ:
        raise Unreadable(_not_read(image))


def stated_pixels(head: bytes) -> int | None:
    """The pixels that an image claims in the first bytes of its file; None if it does not."""
    try:
        with _identify(io.BytesIO(head), _QUICK) as image:
            return image.width * image.height
    except Exception:  # another format, or no image
        return None


def halve_large_jpeg(image: Image.Image, limits: Limits) -> None:
    """Has a JPEG that would take too much memory decoded at half its size.

    Raises:
        TooLarge: if another image would take as much.
    """
    if limits.memory is None:
        return
    width, height = image.size
    most = int(limits.memory / _bytes_a_pixel(image))
    if width * height <= most:
        return
    halved = image.format in ("JPEG", "MPO")
    if halved and image.info.get("progressive"):
        most = limits.memory // _SCANNED_BYTES
        halved = width * height <= most
    if not halved:
        expected = f"at most {most:,} pixels in {image.format} of mode {image.mode}"
        raise TooLarge(expected, f"{width:,} x {height:,}")
    image.draft(None, (width // 2, height // 2))


def _bytes_a_pixel(image: Image.Image) -> float:
    """The most memory that decoding takes at a time."""
    if image.format in _DECODER_BYTES:
        return _DECODER_BYTES[image.format]
    cost = _MODE_BYTES.get(image.mode, _COLOUR_BYTES)
    # A progressive JPEG is held twice: the numbers of all its scans, and the pixels.
    return 1.5 * cost if image.info.get("progressive") else cost


def _identify(file: io.BytesIO, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    try:
        return Image.open(file, formats=formats)
    except Image.UnidentifiedImageError:
        reason = _foreign_format(file.getvalue()[:HEAD])
        raise Unreadable(reason) from None


def _foreign_format(head: bytes) -> str:
    """Why the bytes are no image; a format that is not read is named, but not tried."""
    image = image_format(head)
    if image in NOT_READ:
        return _not_read(image)
    prefix = head[:16]  # as Pillow does
    for name, (_, accept) in Image.OPEN.items():
        if name not in FORMATS and accept is not None and accept(prefix) is True:
            return f"{name} is not read; {SAVE}"
    return strange_content(head) or "not an image in a known format"


def _not_read(image: str) -> str:
    """Why an image of one of NOT_READ is none here, and what helps."""
    return f"{image} is not read; {NOT_READ[image]}"


def _check_size(image: Image.Image, limits: Limits) -> None:
    width, height = image.size
    received = f"{width:,} x {height:,}"
    if width * height > limits.pixels:
        raise TooLarge(f"an image of at most {limits.pixels:,} pixels", received)
    if max(width, height) > limits.side:
        raise TooLarge(f"sides of at most {limits.side:,} pixels", received)
    if max(width, height) > limits.aspect * min(width, height):
        raise TooLarge(
            f"a side at most {limits.aspect:,} times as long as the other", received
        )


class _CountedFile(io.BytesIO):
    """Bytes that are read as a file, though not without end.

    A file of a megabyte can have a hundred thousand parts that Pillow walks one by one, or tags
    that each point to the same megabyte.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.reads_left = _READS + len(content) // _BYTES_A_READ
        self._bytes_left = 2**20 + _PASSES * len(content)

    def read(self, size: int | None = -1, /) -> bytes:
        """As of any file.

        Raises:
            TooMuch: if the file was read too often.
        """
        part = super().read(size)
        self.reads_left -= 1
        self._bytes_left -= len(part)
        if self.reads_left < 0 or self._bytes_left < 0:
            raise TooMuch("a file of too many small parts; save it anew as PNG")
        return part
