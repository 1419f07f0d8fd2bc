"""Pixels to 8 bits, by the range that they fill: values of 16 bits, floats, or 0 and 1 alone.

A camera of 12 bits writes files of 16 bits with values to 4,095: by the range of the file they are
nearly black. The range is chosen for each image, never for a set: one image is then the same in
train and test, and to the drawing page and the server, which see no set. A sheet of paper is near
the top of its range, so drawings lose nothing by it; a dark photograph of 16 bits gets brighter.
"""

from typing import cast

import numpy as np
from PIL import Image

from croquis.prepare.strips import strips

RANGES = (255, 1023, 4095, 16383, 65535)  # of 8, 10, 12, 14 and 16 bits
MASK = "8-bit, read as 1-bit"  # of an image of 0 and 1, which is as good as black
_NARROW = 64  # what Pillow leaves of 14 bits or less in files of 16, at most


class Unscalable(Exception):
    """Pixels of a range that is none of RANGES; the text says which."""


def is_deep(image: Image.Image) -> bool:
    """Whether a file that is not loaded yet has 16 bits a channel, whatever Pillow makes of it."""
    return any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))


def channel_ranges(image: Image.Image) -> tuple[tuple[int, int], ...]:
    """The least and the greatest value of each channel, of 8-bit images of several channels."""
    # Pillow's type covers images of one channel, too, whose range stands alone.
    return cast("tuple[tuple[int, int], ...]", image.getextrema())


def to_eight_bits(image: Image.Image, notes: list[str]) -> Image.Image:
    """Mode L for the modes of deep gray (I, I;16, F) and for masks of 0 and 1; others stay.

    Args:
        image: loaded.
        notes: gets a note on what was done, if anything.

    Raises:
        Unscalable: if values are negative, beyond 16 bits, or no numbers.
    """
    if image.mode == "L" and image.getextrema() == (0, 1):
        notes.append(MASK)
        return image.point([0] + [255] * 255)
    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    least, most = _range(image)
    top = 1 if image.mode == "F" and most <= 1 else _top(least, most)
    notes.append(
        f"floats, read as 0 to {top}" if image.mode == "F" else _words(top)
    )
    if least < 0:
        raise Unscalable(f"pixels from {least:.4g} to {most:.4g}, below 0")
    pixels = np.empty((image.height, image.width), np.uint8)
    for rows in strips(*pixels.shape):
        pixels[rows] = _scale(_values(image, rows), top)
    return Image.fromarray(pixels)


def _values(image: Image.Image, rows: slice) -> np.ndarray:
    part = image.crop((0, rows.start, image.width, rows.stop))
    return np.asarray(part).astype(np.float64)


def _range(image: Image.Image) -> tuple[float, float]:
    """The least and the greatest value of an image of one channel."""
    least = np.inf
    most = -np.inf
    for rows in strips(image.height, image.width):
        values = _values(image, rows)
        if not np.isfinite(values).all():
            raise Unscalable("floating-point pixels with nan or inf")
        least = min(least, float(values.min()))
        most = max(most, float(values.max()))
    return least, most


def widen(image: Image.Image, content: bytes, notes: list[str]) -> Image.Image:
    """An image of 16 bits a channel, colour or alpha among them, whose values fill a few of them.

    Pillow keeps the upper byte alone, which is almost nothing of 12 bits; OpenCV reads them all.

    Args:
        image: as Pillow reads it.
        content: the bytes of its file.
        notes: gets a note on what was done, if anything.
    """
    if image.mode not in ("RGB", "RGBA", "LA"):
        return image
    bands = zip(image.getbands(), channel_ranges(image), strict=True)
    if max(high for band, (_, high) in bands if band != "A") >= _NARROW:
        return image
    values = _all_bits(content, image.size)
    if values is None:
        return image
    colour = values[..., 2::-1]
    alpha = values[..., 3:]
    if colour.shape[2] != 3 or colour.max() > RANGES[-2]:
        return image
    top = _top(colour.min(), colour.max())
    notes.append(_words(top))
    # An alpha of 12 bits as well, or one that is its own.
    top_of_alpha = top if alpha.max(initial=0) <= top else RANGES[-1]
    parts = [_scale(colour, top), _scale(alpha, top_of_alpha)]
    return Image.fromarray(np.ascontiguousarray(np.concatenate(parts, axis=2)))


def _all_bits(content: bytes, size: tuple[int, int]) -> np.ndarray | None:
    """(H, W, C) uint16 in OpenCV's order of channels; None where that reads something else.

    Args:
        content: of a file.
        size: width and height of the image, as Pillow has it.
    """
    import cv2  # for these rare files alone

    values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16:
        return None
    return np.atleast_3d(values) if values.shape[:2] == size[::-1] else None


def _top(least: float, most: float) -> int:
    for top in RANGES:
        if most <= top:
            return top
    raise Unscalable(f"pixels from {least:.0f} to {most:.0f}, not 0 to 65535")


def _scale(values: np.ndarray, top: int) -> np.ndarray:
    return np.rint(values / (top / 255)).astype(np.uint8)  # 65535 = 257 * 255


def _words(top: int) -> str:
    bits = top.bit_length()
    return "16-bit" if bits == 16 else f"16-bit, read as {bits}-bit"
