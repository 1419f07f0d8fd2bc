"""Sheets of many small images in one file each, for pages that show a part of them at a time."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from croquis.core.progress import progress
from croquis.images.pixels import Pixels

SIDE = 80  # pixels of an image
COLUMNS = 10
PER_SHEET = 50


def write_sheets(
    folder: Path, name: str, pixels: Pixels, ids: Sequence[str]
) -> None:
    """Writes <name>-0.webp and so on, PER_SHEET images each, in the order of `ids`."""
    rows = pixels.rows(ids)
    starts = range(0, len(rows), PER_SHEET)
    for number, start in enumerate(
        progress(starts, f"report: {name}", unit="sheet")
    ):
        small = [
            shrink(pixels.array[row]) for row in rows[start : start + PER_SHEET]
        ]
        # method 1 of 6: half the time of 4, a tenth more bytes
        Image.fromarray(sprite_sheet(small)).save(
            folder / f"{name}-{number}.webp", quality=60, method=1
        )


def sprite_sheet(images: Sequence[np.ndarray]) -> np.ndarray:
    """Images of (SIDE, SIDE) or (SIDE, SIDE, 3) uint8, COLUMNS in a row, on white paper."""
    height = -(-len(images) // COLUMNS) * SIDE
    paper = np.full((height, COLUMNS * SIDE, *images[0].shape[2:]), 255, np.uint8)
    for place, image in enumerate(images):
        top = SIDE * (place // COLUMNS)
        left = SIDE * (place % COLUMNS)
        paper[top : top + SIDE, left : left + SIDE] = image
    return paper


def shrink(image: np.ndarray) -> np.ndarray:
    """A stored image at SIDE; areas are averaged, so that thin strokes stay."""
    interpolation = cv2.INTER_AREA if len(image) > SIDE else cv2.INTER_LINEAR
    return cv2.resize(np.asarray(image), (SIDE, SIDE), interpolation=interpolation)
