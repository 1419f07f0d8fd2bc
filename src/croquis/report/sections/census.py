"""What the images are like: sizes, shapes and ink, and the palest and darkest of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup

from croquis.core.progress import progress
from croquis.dataset.image_notes import BLANK, has_note
from croquis.report import plots
from croquis.report.page_data import ImageData
from croquis.report.thumbnails import Thumbnail, Thumbnails

# Images whose ink is measured: 15,000 of 448 px would be read for a minute.
MAX_MEASURED = 4_000
ENDS = 8  # palest, darkest and blank images shown
SIZES = 6  # sizes named


@dataclass(frozen=True)
class Census:
    """Statistics of the training images.

    Attributes:
        sizes: the commonest (width, height) as they came, with their counts.
        other: how many images have another size.
        charts: caption and chart of what varies.
        palest: images with least ink.
        darkest: those with most.
        blank: those of train and test without contrast, the first of them.
        blank_count: how many there are.
        measured: of how many images the ink is known.
        ink: mean share of ink, 0 is white paper.
    """

    sizes: list[tuple[str, int]]
    other: int
    charts: list[tuple[str, Markup]]
    palest: list[Thumbnail]
    darkest: list[Thumbnail]
    blank: list[Thumbnail]
    blank_count: int
    measured: int
    ink: float


def census(data: ImageData, thumbnails: Thumbnails) -> Census:
    """Sizes are those of the files; ink is that of the stored images, white borders included."""
    train = data.index[data.index["split"] == "train"]
    ids, ink = _ink(train["id"].to_numpy(dtype=str), data)
    order = np.lexsort((ids, ink))
    sizes = _sizes(train)
    blank = data.index.loc[has_note(data.index, BLANK), "id"].tolist()
    return Census(
        sizes=sizes[:SIZES],
        other=sum(count for _, count in sizes[SIZES:]),
        charts=_charts(train, ink),
        palest=thumbnails.of(ids[order[:ENDS]].tolist()),
        darkest=thumbnails.of(ids[order[::-1][:ENDS]].tolist()),
        blank=thumbnails.of(blank[:ENDS]),
        blank_count=len(blank),
        measured=len(ids),
        ink=float(ink.mean()),
    )


def _sizes(train: pd.DataFrame) -> list[tuple[str, int]]:
    """Each size with its count, the commonest first; of equals the larger one."""
    counts = train.groupby(["width", "height"], as_index=False).size()
    counts = counts.sort_values(
        ["size", "width", "height"], ascending=False, kind="stable"
    )
    names = counts["width"].astype(str) + " by " + counts["height"].astype(str)
    return list(zip(names.tolist(), counts["size"].tolist(), strict=True))


def _ink(ids: np.ndarray, data: ImageData) -> tuple[np.ndarray, np.ndarray]:
    """Ids at even distances, (n,), and the share of ink of their images, (n,)."""
    places = np.linspace(0, len(ids) - 1, min(MAX_MEASURED, len(ids))).astype(int)
    chosen = np.sort(ids)[places]
    rows = progress(data.pixels.rows(chosen).tolist(), "report: ink", unit="image")
    return chosen, np.array(
        [1 - data.pixels.array[row].mean() / 255 for row in rows]
    )


def _charts(train: pd.DataFrame, ink: np.ndarray) -> list[tuple[str, Markup]]:
    longest = train[["width", "height"]].max(axis=1).to_numpy()
    aspect = np.log2(train["width"].to_numpy() / train["height"].to_numpy())
    measures = {
        "longer side as it came, in pixels": longest,
        "width : height, as a power of two": aspect,
        "share of ink": ink,
    }
    return [
        (caption, plots.histogram(values, label=caption))
        for caption, values in measures.items()
        if np.ptp(values) > 0
    ]
