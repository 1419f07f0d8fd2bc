"""One image: from a file's bytes to upright 8-bit pixels on paper, and onto a square sheet."""

import io
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from croquis.dataset.statuses import ON_BLACK, join_notes
from croquis.prepare.depth import Unscalable, in_eight_bits, is_deep, widen

ORIENTATION = 0x0112  # EXIF's tag for how the camera was held; 1 is upright
BLANK_BELOW = (
    16  # of 255: the least contrast, from the darkest to the lightest, of a drawing
)
_LEAST_INK = 16
_INK_SHARE = 0.1  # of 255, and of the darkest stroke
_MARGIN = 0.04  # of the side, all around


class Unreadable(Exception):
    """The bytes are no image; the text says why."""


class Decoded(NamedTuple):
    """Upright pixels, (H, W) uint8 where all channels agree, else (H, W, 3); 255 is white."""

    pixels: np.ndarray
    status: str  # of statuses.py: what decoding had to do


def decode(content: bytes) -> Decoded:
    """The image in a file's bytes.

    Raises:
        Unreadable: if Pillow cannot read it to its last row, or holds it for a bomb.
    """
    if not content:
        raise Unreadable("empty file")
    try:
        with Image.open(io.BytesIO(content)) as image:
            notes: list[str] = []
            deep = is_deep(image)
            image = _upright(_first_frame(image, notes), notes)
            image = widen(image, content, notes) if deep else image
            image = _on_paper(in_eight_bits(image, notes), notes)
            return Decoded(_channels(image), join_notes(notes))
    except Unscalable as error:
        raise Unreadable(str(error)) from None
    except Image.UnidentifiedImageError:
        raise Unreadable("not an image in a known format") from None
    except MemoryError:
        raise
    except Exception as error:  # Pillow's readers raise a dozen kinds on damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise Unreadable(reason) from error


def gray_of(pixels: np.ndarray) -> np.ndarray:
    """Luminance, (H, W) or (H, W, 3) to (H, W) uint8."""
    return (
        pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))
    )


def pad(pixels: np.ndarray, side: int) -> np.ndarray:
    """The image centred on a white square sheet, aspect kept; (side, side) or (side, side, 3)."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    # A line one pixel high stays one pixel high: 0 would be no image at all.
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    sheet = np.full((side, side, *pixels.shape[2:]), 255, np.uint8)
    top = (side - shape[0]) // 2
    left = (side - shape[1]) // 2
    sheet[top : top + shape[0], left : left + shape[1]] = _resized(pixels, *shape)
    return sheet


def squash(pixels: np.ndarray, side: int) -> np.ndarray:
    """The image stretched to a square, aspect lost; (side, side) or (side, side, 3)."""
    return _resized(pixels, side, side)


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


def _resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    if pixels.shape[:2] == (height, width):
        return pixels
    # Pillow's bicubic is anti-aliased: nearest would lose strokes one pixel wide.
    small = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(small)


def _first_frame(image: Image.Image, notes: list[str]) -> Image.Image:
    if (frames := getattr(image, "n_frames", 1)) > 1:
        notes.append(f"first of {frames} frames")
        image.seek(0)
    image.load()
    return image


def _upright(image: Image.Image, notes: list[str]) -> Image.Image:
    try:
        if image.getexif().get(ORIENTATION) not in range(2, 9):
            return image
        image = ImageOps.exif_transpose(image)
        notes.append("exif-turned")
    except Exception:  # damaged EXIF raises anything, and costs no pixel
        notes.append("exif unreadable")
    return image


def _on_paper(image: Image.Image, notes: list[str]) -> Image.Image:
    """Mode L or RGB; convert("L") would drop alpha, which turns clear paper black."""
    if image.has_transparency_data:
        image = _opaque(image.convert("RGBA"), notes)
    if image.mode == "CMYK":
        notes.append("cmyk")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _opaque(image: Image.Image, notes: list[str]) -> Image.Image:
    """An RGBA image on white; on black where white hides it; its colours where all of it is clear.

    Some programs write an alpha of 0 throughout, and mean the colours.
    """
    *colours, (least, most) = image.getextrema()
    if least == 255:
        return image
    if most == 0 and any(low < high for low, high in colours):
        notes.append("alpha left out, as all is clear")
        return image.convert("RGB")
    on_white, on_black = (
        Image.alpha_composite(Image.new("RGBA", image.size, paper), image)
        for paper in ("white", "black")
    )
    faint = _contrast(on_white) < BLANK_BELOW and _contrast(on_white) < _contrast(
        on_black
    )
    if faint or _hidden_by_white(image):
        notes.append(ON_BLACK)
        return on_black
    notes.append("alpha on white")
    return on_white


def _hidden_by_white(image: Image.Image) -> bool:
    """Whether most of the ink of an RGBA image, and most of its outline, is as good as white.

    The outline alone would be wrong for stickers, colours with a white rim; the ink alone for a
    white animal with a black outline. Both stay on white.
    """
    light = np.asarray(image.convert("L")) > 255 - BLANK_BELOW
    alpha = np.asarray(image)[..., 3].astype(np.int64)
    if 2 * (alpha * light).sum() <= alpha.sum():
        return False
    steps = hidden = 0
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        step = alpha[one] - alpha[other]
        lighter = np.where(
            step > 0, light[one], light[other]
        )  # of the one with more ink
        steps += int(np.abs(step).sum())
        hidden += int((np.abs(step) * lighter).sum())
    return 2 * hidden > steps


def _contrast(image: Image.Image) -> int:
    low, high = image.convert("L").getextrema()
    return high - low


def _channels(image: Image.Image) -> np.ndarray:
    pixels = np.asarray(image)
    if pixels.ndim == 3:
        red = pixels[..., 0]
        if (red == pixels[..., 1]).all() and (red == pixels[..., 2]).all():
            return np.ascontiguousarray(red)
    return pixels
