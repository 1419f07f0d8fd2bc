"""One image: from a file's bytes to upright 8-bit pixels on paper, and onto a square sheet."""

import io
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from croquis.dataset.image_notes import ON_BLACK, join_notes
from croquis.prepare.depth import (
    Unscalable,
    channel_ranges,
    is_deep,
    to_eight_bits,
    widen,
)

ORIENTATION = 0x0112  # EXIF's tag for how the camera was held; 1 is upright
# Of 255: the least contrast of a drawing, from its darkest to its lightest pixel.
BLANK_BELOW = 16
_LEAST_INK = 16  # of 255
_INK_SHARE = 0.1  # of the darkest stroke
_MARGIN = 0.04  # of the side, all around


class Unreadable(Exception):
    """The bytes are no image; the text says why."""


class Decoded(NamedTuple):
    """Upright pixels, (H, W) uint8 where all channels agree, else (H, W, 3); 255 is white."""

    pixels: np.ndarray
    status: str  # of image_notes.py: what decoding had to do


def decode(content: bytes) -> Decoded:
    """The image in a file's bytes.

    Raises:
        Unreadable: if Pillow cannot read it to its last row, or holds it for a bomb.
    """
    if not content:
        raise Unreadable("empty file")
    try:
        with Image.open(io.BytesIO(content)) as file:
            notes: list[str] = []
            deep = is_deep(file)
            image = _turn_upright(_load_first_frame(file, notes), notes)
            image = widen(image, content, notes) if deep else image
            image = _lay_on_paper(to_eight_bits(image, notes), notes)
            return Decoded(_pixels_of(image), join_notes(notes))
    except Unscalable as error:
        raise Unreadable(str(error)) from None
    except Image.UnidentifiedImageError:
        raise Unreadable("not an image in a known format") from None
    except MemoryError:
        raise
    except (
        Exception
    ) as error:  # Pillow's readers raise a dozen kinds on damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise Unreadable(reason) from error


def gray_of(pixels: np.ndarray) -> np.ndarray:
    """Luminance, (H, W) or (H, W, 3) to (H, W) uint8."""
    if pixels.ndim == 2:
        return pixels
    return np.asarray(Image.fromarray(pixels).convert("L"))


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
    ink = 255 - gray_of(pixels).astype(np.int16)
    drawn = ink > max(_LEAST_INK, _INK_SHARE * ink.max())
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


def _turn_upright(image: Image.Image, notes: list[str]) -> Image.Image:
    try:
        if image.getexif().get(ORIENTATION) not in range(2, 9):
            return image
        image = ImageOps.exif_transpose(image)
        notes.append("exif-turned")
    except Exception:  # damaged EXIF raises anything, and costs no pixel
        notes.append("exif unreadable")
    return image


def _lay_on_paper(image: Image.Image, notes: list[str]) -> Image.Image:
    """Mode L or RGB; convert("L") would drop alpha, which turns clear paper black."""
    if image.has_transparency_data:
        image = _flatten_alpha(image.convert("RGBA"), notes)
    if image.mode == "CMYK":
        notes.append("cmyk")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _flatten_alpha(image: Image.Image, notes: list[str]) -> Image.Image:
    """An RGBA image on white; on black where white hides it; its colours where all of it is clear.

    Some programs write an alpha of 0 throughout, and mean the colours.
    """
    *colours, (least, most) = channel_ranges(image)
    if least == 255:
        return image
    if most == 0 and any(low < high for low, high in colours):
        notes.append("alpha left out, as all is clear")
        return image.convert("RGB")
    on_white = _composite(image, "white")
    on_black = _composite(image, "black")
    contrast = _contrast(on_white)
    faint = contrast < BLANK_BELOW and contrast < _contrast(on_black)
    if faint or _hidden_by_white(image):
        notes.append(ON_BLACK)
        return on_black
    notes.append("alpha on white")
    return on_white


def _composite(image: Image.Image, paper: str) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, paper), image)


def _hidden_by_white(image: Image.Image) -> bool:
    """Whether most of the ink of an RGBA image, and most of its outline, is as good as white.

    The outline alone would be wrong for stickers, colours with a white rim; the ink alone for a
    white animal with a black outline. Both stay on white.
    """
    light = np.asarray(image.convert("L")) > 255 - BLANK_BELOW
    alpha = np.asarray(image)[..., 3].astype(np.int64)
    if 2 * (alpha * light).sum() <= alpha.sum():
        return False
    down, hidden_down = _outline(alpha, light)
    across, hidden_across = _outline(alpha.T, light.T)
    return 2 * (hidden_down + hidden_across) > down + across


def _outline(alpha: np.ndarray, light: np.ndarray) -> tuple[int, int]:
    """The steps of `alpha` from row to row in all, and of these the ones with light ink."""
    step = alpha[1:] - alpha[:-1]
    lighter = np.where(step > 0, light[1:], light[:-1])  # of the one with more ink
    return int(np.abs(step).sum()), int((np.abs(step) * lighter).sum())


def _contrast(image: Image.Image) -> int:
    return int(np.ptp(np.asarray(image.convert("L"))))


def _pixels_of(image: Image.Image) -> np.ndarray:
    """(H, W) where all channels agree, else (H, W, 3)."""
    pixels = np.asarray(image)
    if pixels.ndim == 3:
        red = pixels[..., 0]
        if (red == pixels[..., 1]).all() and (red == pixels[..., 2]).all():
            return np.ascontiguousarray(red)
    return pixels
