"""One image: from a file's bytes to upright 8-bit pixels on paper, and onto a square sheet."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from croquis.dataset.image_notes import join_notes
from croquis.prepare.depth import Unscalable, is_deep, to_eight_bits, widen
from croquis.prepare.file_headers import TooMuch
from croquis.prepare.opening import (
    EMPTY,
    TRAINING,
    Limits,
    Unreadable,
    halve_large_jpeg,
    open_image,
)
from croquis.prepare.paper import drop_equal_channels, lay_on_paper
from croquis.prepare.strips import strips

ORIENTATION = 0x0112  # EXIF's tag for how the camera was held; 1 is upright
# By EXIF's orientation; 5 and 7 are mirrored as well.
_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels),
}
_LEAST_INK = 16  # of 255
_INK_SHARE = 0.1  # of the darkest stroke
_MARGIN = 0.04  # of the side, all around


class Decoded(NamedTuple):
    """Upright pixels, (H, W) uint8 where all channels agree, else (H, W, 3); 255 is white."""

    pixels: np.ndarray
    status: str  # of image_notes.py: what decoding had to do


def decode(content: bytes, limits: Limits = TRAINING) -> Decoded:
    """The image in a file's bytes.

    Args:
        content: of a file of one of FORMATS.
        limits: how large the image may be.

    Raises:
        Unreadable: if Pillow cannot read it to its last row, or it is beyond the limits.
    """
    if not content:
        raise Unreadable(EMPTY)
    try:
        with open_image(content, limits) as file:
            return _decode_opened(file, content, limits)
    except (MemoryError, Unreadable):
        raise
    except Unscalable as error:
        raise Unreadable(str(error)) from None
    except (
        Exception
    ) as error:  # Pillow's readers raise a dozen kinds on damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise Unreadable(reason) from error


def _decode_opened(file: Image.Image, content: bytes, limits: Limits) -> Decoded:
    notes: list[str] = []
    deep = is_deep(file)
    halve_large_jpeg(file, limits)
    image = _load_first_frame(file, notes)
    orientation = _orientation(image, notes)
    image = widen(image, content, notes) if deep else image
    image = to_eight_bits(image, notes)
    pixels = lay_on_paper(image, notes)
    image.close()  # its memory is needed
    pixels = drop_equal_channels(pixels)
    return Decoded(_turn(pixels, orientation), join_notes(notes))


def gray_of(pixels: np.ndarray) -> np.ndarray:
    """Luminance, (H, W) or (H, W, 3) to (H, W) uint8."""
    if pixels.ndim == 2:
        return pixels
    gray = np.empty(pixels.shape[:2], np.uint8)
    for rows in strips(*pixels.shape[:2]):
        gray[rows] = np.asarray(Image.fromarray(pixels[rows]).convert("L"))
    return gray


def pad(pixels: np.ndarray, side: int) -> np.ndarray:
    """The image centred on a white square sheet, aspect kept; (side, side) or (side, side, 3)."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    # A line one pixel high stays one pixel high: 0 would be no image at all.
    height = max(1, round(height * scale))
    width = max(1, round(width * scale))
    sheet = np.full((side, side, *pixels.shape[2:]), 255, np.uint8)
    top = (side - height) // 2
    left = (side - width) // 2
    sheet[top : top + height, left : left + width] = _resize(pixels, height, width)
    return sheet


def squash(pixels: np.ndarray, side: int) -> np.ndarray:
    """The image stretched to a square, aspect lost; (side, side) or (side, side, 3)."""
    return _resize(pixels, side, side)


def crop_to_ink(pixels: np.ndarray, side: int) -> np.ndarray:
    """The box of the ink with a margin, centred on white; (side, side) or (side, side, 3).

    Ink is at least a tenth as dark as the darkest stroke: the ripples of JPEG around strokes are
    none, and faint drawings have some. A white sheet stays whole.
    """
    ink = 255 - gray_of(pixels)
    drawn = ink > max(_LEAST_INK, _INK_SHARE * int(ink.max()))
    rows = np.flatnonzero(drawn.any(axis=1))
    columns = np.flatnonzero(drawn.any(axis=0))
    if not len(rows):
        return pad(pixels, side)
    box = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    margin = max(1, round(_MARGIN * side))
    sheet = np.full((side, side, *pixels.shape[2:]), 255, np.uint8)
    sheet[margin:-margin, margin:-margin] = pad(box, side - 2 * margin)
    return sheet


# pad: aspect kept; squash: aspect lost; ink: as pad, but the sheet around the drawing cut away.
Fit = Literal["pad", "squash", "ink"]
FITS = {"pad": pad, "squash": squash, "ink": crop_to_ink}


def _resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    if pixels.shape[:2] == (height, width):
        return pixels
    if (
        pixels.ndim == 3
    ):  # a channel at a time: Pillow would take four bytes a pixel
        channels = [
            _resize(np.ascontiguousarray(pixels[..., channel]), height, width)
            for channel in range(pixels.shape[2])
        ]
        return np.stack(channels, axis=2)
    # Pillow's bicubic is anti-aliased: nearest would lose strokes one pixel wide.
    small = Image.fromarray(pixels).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    return np.asarray(small)


def _load_first_frame(image: Image.Image, notes: list[str]) -> Image.Image:
    if (frames := getattr(image, "n_frames", 1)) > 1:
        notes.append(f"first of {frames} frames")
        image.seek(0)
    image.load()
    return image


def _orientation(image: Image.Image, notes: list[str]) -> int:
    """How the camera was held, from 1 to 8."""
    try:
        orientation = image.getexif().get(ORIENTATION)
        if orientation not in _TURNS:
            return 1
        # Of one pixel: it fails where Pillow cannot write this EXIF anew, as it always did.
        ImageOps.exif_transpose(image.crop((0, 0, 1, 1)))
        notes.append("exif-turned")
        return int(orientation)
    except TooMuch:
        raise
    except Exception:  # damaged EXIF raises anything, and costs no pixel
        notes.append("exif unreadable")
        return 1


def _turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels upright: their array is a third smaller than Pillow's image of them."""
    if orientation not in _TURNS:
        return pixels
    return np.ascontiguousarray(_TURNS[orientation](pixels))
