"""A few training images of each class, for the person who wonders what a guess looks like."""

import functools
from pathlib import Path

import numpy as np
from PIL import Image

from croquis.images.pixels import Pixels
from croquis.serving.sheets import data_url
from croquis.tables.fold_tables import read_index

SIDE = 96  # pixels; they are shown at half of it, sharp on a phone


class Examples:
    """The first training images of each class that are no turned copies of each other.

    Args:
        index: index.csv.
        pixels: pixels.npy.
        count: of each class, at most.
    """

    def __init__(self, index: Path, pixels: Path, *, count: int = 3) -> None:
        table = read_index(index)
        self._array = Pixels.open(index, pixels).array
        train = table[table["split"] == "train"].drop_duplicates(
            ["label", "digest"]
        )
        first = train.groupby("label").head(count)
        self._rows = {
            label: rows.tolist()
            for label, rows in first.groupby("label").groups.items()
        }
        self.of = functools.cache(self._of)

    def _of(self, label: int) -> tuple[str, ...]:
        return tuple(
            data_url(small(self._array[row], SIDE)) for row in self._rows[label]
        )


def small(sheet: np.ndarray, side: int) -> np.ndarray:
    """A square image at most `side` pixels wide."""
    if len(sheet) <= side:
        return np.asarray(sheet)
    return np.asarray(
        Image.fromarray(sheet).resize((side, side), Image.Resampling.BICUBIC)
    )
