"""Small copies of the stored images, written into the page itself as data URIs."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from croquis.images.pixels import Pixels

# Pixels. A thumbnail then weighs at most 12 KB, and the page's hundred or so stay under 2 MB.
THUMB_SIDE = 96


@dataclass(frozen=True)
class Thumbnail:
    """What a page shows of an image: its class, its id, and the pixels as a data URI."""

    id: str
    class_name: str
    uri: str


class Thumbnails:
    """Thumbnails by id, `side` pixels at most; `index` is index.csv."""

    def __init__(
        self, pixels: Pixels, index: pd.DataFrame, side: int = THUMB_SIDE
    ) -> None:
        self._pixels = pixels
        self._side = side
        self._names = dict(zip(index["id"], index["class_name"], strict=True))

    def of(self, ids: Sequence[str]) -> list[Thumbnail]:
        """The thumbnails of `ids` in their order."""
        rows = self._pixels.rows(ids)
        return [
            Thumbnail(
                name,
                self._names[name],
                data_uri(self._pixels.array[row], self._side),
            )
            for name, row in zip(ids, rows, strict=True)
        ]


def data_uri(pixels: np.ndarray, side: int = THUMB_SIDE) -> str:
    """An image of (S, S) or (S, S, 3) uint8, shrunk to `side`, as `data:image/..;base64,..`.

    Gray is kept as it is (png); colour, three times as big, is pressed (jpeg).
    """
    image = Image.fromarray(np.asarray(pixels))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if pixels.ndim == 2:
        image.save(buffer, "png", optimize=True)
        return _uri(buffer, "png")
    image.save(buffer, "jpeg", quality=85)
    return _uri(buffer, "jpeg")


def webp(pixels: np.ndarray, *, quality: int) -> str:
    """Pixels of (H, W) or (H, W, 3) uint8 as `data:image/webp;base64,...`."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "webp", quality=quality, method=4)
    return _uri(buffer, "webp")


def _uri(buffer: io.BytesIO, kind: str) -> str:
    return (
        f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
    )
