"""Loaded pixels on opaque paper, as an array: clear parts become white, or black below white."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from croquis.dataset.image_notes import ON_BLACK
from croquis.prepare.strips import strips

# Of 255: the least contrast of a drawing, from its darkest to its lightest pixel.
BLANK_BELOW = 16
CLEAR_LEFT_OUT = "alpha left out, as all is clear"
ON_WHITE = "alpha on white"


def lay_on_paper(image: Image.Image, notes: list[str]) -> np.ndarray:
    """The image opaque: (H, W) uint8 of opaque gray, else (H, W, 3).

    convert("L") would drop alpha, which turns clear paper black. All is done in strips.
    """
    paper = _choose_paper(image, notes) if image.has_transparency_data else None
    if image.mode == "CMYK":
        notes.append("cmyk")
    if image.mode in ("1", "L") and not image.has_transparency_data:
        return _filled(image, "L", None)
    return _filled(image, "RGB", paper)


def _filled(image: Image.Image, mode: str, paper: str | None) -> np.ndarray:
    channels = () if mode == "L" else (3,)
    pixels = np.empty((image.height, image.width, *channels), np.uint8)
    for rows in strips(image.height, image.width):
        part = _rows_of(image, rows)
        if image.has_transparency_data:
            part = part.convert("RGBA")
        if paper is not None:
            part = _composite(part, paper)
        pixels[rows] = np.asarray(part.convert(mode))
    return pixels


def drop_equal_channels(pixels: np.ndarray) -> np.ndarray:
    """(H, W) where all channels agree, else the pixels as they are."""
    if pixels.ndim == 2:
        return pixels
    for rows in strips(*pixels.shape[:2]):
        red = pixels[rows, :, 0]
        for channel in (1, 2):
            if not (red == pixels[rows, :, channel]).all():
                return pixels
    return np.ascontiguousarray(pixels[..., 0])


def _choose_paper(image: Image.Image, notes: list[str]) -> str | None:
    """White; black where white hides the ink; none where all is clear, or nothing is.

    Some programs write an alpha of 0 throughout, and mean the colours.
    """
    *colours, (least, most) = _channel_ranges(image)
    if least == 255:
        return None
    if most == 0 and any(low < high for low, high in colours):
        notes.append(CLEAR_LEFT_OUT)
        return None
    contrast = _contrast(image, "white")
    faint = contrast < BLANK_BELOW and contrast < _contrast(image, "black")
    if faint or _hidden_by_white(image):
        notes.append(ON_BLACK)
        return "black"
    notes.append(ON_WHITE)
    return "white"


def _rows_of(image: Image.Image, rows: slice) -> Image.Image:
    return image.crop((0, rows.start, image.width, rows.stop))


def _parts(image: Image.Image) -> Iterator[Image.Image]:
    """RGBA, a strip after the other."""
    for rows in strips(image.height, image.width):
        yield _rows_of(image, rows).convert("RGBA")


def _channel_ranges(image: Image.Image) -> list[tuple[int, int]]:
    """The least and the greatest value of red, green, blue and alpha."""
    ranges = np.array(
        [part.getextrema() for part in _parts(image)]
    )  # (strips, 4, 2)
    least = ranges[..., 0].min(axis=0).tolist()
    most = ranges[..., 1].max(axis=0).tolist()
    return list(zip(least, most, strict=True))


def _composite(image: Image.Image, paper: str) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, paper), image)


def _contrast(image: Image.Image, paper: str) -> int:
    """Between the darkest and the lightest pixel of an image on paper."""
    least = 255
    most = 0
    for part in _parts(image):
        gray = np.asarray(_composite(part, paper).convert("L"))
        least = min(least, int(gray.min()))
        most = max(most, int(gray.max()))
    return most - least


def _hidden_by_white(image: Image.Image) -> bool:
    """Whether most of the ink of an image, and most of its outline, is as good as white.

    The outline alone would be wrong for stickers, colours with a white rim; the ink alone for a
    white animal with a black outline. Both stay on white.
    """
    return _mostly_light(_ink(image)) and _mostly_light(_outlines(image))


def _mostly_light(amounts: np.ndarray) -> bool:
    total, light = amounts
    return bool(2 * light > total)


def _ink(image: Image.Image) -> np.ndarray:
    """All ink of an image, and the light one; (2,)."""
    ink = np.zeros(2, np.int64)
    for rows in strips(image.height, image.width):
        alpha, light = _alpha_and_light(image, rows)
        ink += alpha.sum(), (alpha * light).sum()
    return ink


def _outlines(image: Image.Image) -> np.ndarray:
    """The same of its outline, down and across; (2,)."""
    outlines = np.zeros(2, np.int64)
    for rows in strips(image.height, image.width):
        alpha, light = _alpha_and_light(image, rows)
        outlines += _outline(alpha.T, light.T)
        # Down from the last row of the strip above.
        rows = slice(max(0, rows.start - 1), rows.stop)
        outlines += _outline(*_alpha_and_light(image, rows))
    return outlines


def _alpha_and_light(
    image: Image.Image, rows: slice
) -> tuple[np.ndarray, np.ndarray]:
    """Of some rows, their alpha and where their ink is as good as white."""
    part = _rows_of(image, rows).convert("RGBA")
    light = np.asarray(part.convert("L")) > 255 - BLANK_BELOW
    return np.asarray(part)[..., 3].astype(np.int64), light


def _outline(alpha: np.ndarray, light: np.ndarray) -> tuple[int, int]:
    """The steps of `alpha` from row to row in all, and of these the ones with light ink."""
    step = alpha[1:] - alpha[:-1]
    lighter = np.where(step > 0, light[1:], light[:-1])  # of the one with more ink
    return int(np.abs(step).sum()), int((np.abs(step) * lighter).sum())
