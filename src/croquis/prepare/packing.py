"""All images into a few big arrays and an index; each file is decoded once, in parallel."""

import hashlib
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from pydantic import Field

from croquis.core.cpu_count import cpu_count
from croquis.core.errors import InputError
from croquis.core.params import Section
from croquis.core.progress import progress
from croquis.core.symmetries import symmetric_digest
from croquis.dataset.first_bytes import HEAD
from croquis.dataset.image_notes import (
    BETWEEN,
    BLANK,
    OK,
    ON_BLACK,
    UNREADABLE,
    has_note,
)
from croquis.dataset.left_out import first_few
from croquis.prepare.decoding import FITS, Decoded, Fit, decode, gray_of, squash
from croquis.prepare.depth import MASK
from croquis.prepare.opening import EMPTY, Unreadable, refuse_format
from croquis.prepare.paper import BLANK_BELOW
from croquis.prepare.rows import RowWriter

T = TypeVar("T")
R = TypeVar("R")
REPLACE = "replace the files, or -S prepare.bad_test=blank"
GRAY_SIDE = 224  # of what dedup compares: its thresholds were measured at this size
# What is said of images whose status has such a note; the status stands in index.csv.
ODD = {
    BLANK: f"images are blank (no two pixels differ by {BLANK_BELOW} of 255)",
    UNREADABLE: "images cannot be read, and are white sheets",
    ON_BLACK: "images have white ink on clear paper, and are laid on black",
    MASK: "images have values of 0 and 1 alone, and are read as black and white",
    **{
        f"16-bit, read as {bits}-bit": f"images of 16 bits have {bits} at most, and are read so"
        for bits in (8, 10, 12, 14)
    },
}
COLUMNS = [
    "id", "split", "label", "class_name", "path", "sha256", "digest", "source_id", "width",
    "height", "status",
]  # fmt: skip


class PrepareParams(Section):
    """Size and geometry of the stored images, and what to do with unreadable test images."""

    image_size: int = Field(
        default=96,
        ge=8,
        le=8_192,  # 25,000 images of that side take 5 TB
        description="The side of stored images, in pixels; no member may be larger.",
    )
    fit: Fit = Field(
        default="pad",
        description="pad adds a white border, squash loses the aspect, "
        "ink cuts to the drawing and pads.",
    )
    bad_test: Literal["error", "blank"] = Field(
        default="error",
        description="A test image that cannot be read: error stops, blank is a white sheet.",
    )


@dataclass(frozen=True)
class Packed:
    """What the stage says of the images beside the arrays.

    Attributes:
        index: the rows of index.csv, in the arrays' order.
        quarantine: the rows of quarantine.csv: training images that cannot be read.
        colour: whether the stored images have three channels.
    """

    index: pd.DataFrame
    quarantine: pd.DataFrame
    colour: bool

    def notes(self, listed: Path) -> list[str]:
        """What people should know about the images; `listed` has all that cannot be read."""
        notes = []
        if len(self.quarantine):
            reasons = (
                self.quarantine["path"] + " (" + self.quarantine["reason"] + ")"
            )
            words = "training images are left out, as they cannot be read"
            if len(reasons) == 1:
                words = "training image is left out, as it cannot be read"
            named = f"{first_few(list(reasons))}; {listed} has them all"
            notes.append(f"{len(reasons):,} {words}: {named}")
        for status, words in ODD.items():
            paths = self.index.loc[has_note(self.index, status), "path"]
            if len(paths):
                count = f"{len(paths):,} of {len(self.index):,}"
                notes.append(f"{count} {words}: {first_few(list(paths))}")
        return notes


class PackedSheet(NamedTuple):
    """What the arrays and the index keep of one file."""

    pixels: np.ndarray  # (S, S) or (S, S, 3)
    gray: np.ndarray  # (224, 224)
    facts: dict[str, str | int]  # columns of index.csv


def pack(
    images: pd.DataFrame,
    raw: Path,
    settings: PrepareParams,
    pixels: Path,
    gray224: Path,
) -> Packed:
    """Writes (N, S, S) or (N, S, S, 3) to `pixels` and (N, 224, 224) to `gray224`, both uint8 .npy.

    Unreadable training images are left out.

    Args:
        images: the rows of a Layout.
        raw: the folder that their paths start from.
        settings: image size S, geometry, and the fate of unreadable test images.
        pixels: gets three channels if a single image has colour.
        gray224: squashed, for dedup.

    Raises:
        InputError: if a test image, the source of a derived one, or a whole class is unreadable.
    """
    if settings.bad_test == "error":
        _check_tests(images, raw)
    kept: list[dict[str, Any]] = []
    lost: list[dict[str, Any]] = []
    # Filters are global to all threads: set here once, they silence Pillow in each of them.
    with (
        warnings.catch_warnings(),
        RowWriter(pixels) as wide,
        RowWriter(gray224) as small,
    ):
        warnings.simplefilter("ignore")
        for row, sheet in _sheets(images, raw, settings):
            if isinstance(sheet, str):
                lost.append(row | {"reason": sheet})
                continue
            kept.append(row | sheet.facts)
            wide.append(sheet.pixels)
            small.append(sheet.gray)
    quarantine = pd.DataFrame(lost, columns=["id", "path", "reason", "split"])
    index = pd.DataFrame(kept, columns=COLUMNS)
    _check_losses(images, index, quarantine, raw)
    return Packed(
        index, quarantine.drop(columns="split"), colour=len(wide.shape) == 3
    )


def _sheets(
    images: pd.DataFrame, raw: Path, settings: PrepareParams
) -> Iterator[tuple[dict[str, Any], PackedSheet | str]]:
    """Each row of a Layout with its file as stored, or why it cannot be."""
    rows = [
        {str(key): value for key, value in row.items()}
        for row in images.to_dict("records")
    ]
    sheets = _map_in_order(lambda row: _read_sheet(row, raw, settings), rows)
    shown = progress(sheets, "prepare", len(rows), "image")
    return zip(rows, shown, strict=True)


def _read_sheet(
    row: dict[str, Any], raw: Path, settings: PrepareParams
) -> PackedSheet | str:
    content = (raw / row["path"]).read_bytes()
    try:
        refuse_format(content, row["path"])
        image = decode(content)
    except Unreadable as error:
        if row["split"] == "train" or settings.bad_test == "error":
            return str(error)
        image = Decoded(np.full((1, 1), 255, np.uint8), UNREADABLE)
    gray = gray_of(image.pixels)
    height, width = gray.shape
    fitted = FITS[settings.fit](image.pixels, settings.image_size)
    facts: dict[str, str | int] = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "digest": symmetric_digest(gray),
        "width": width,
        "height": height,
        "status": _status(image.status, gray, fitted),
    }
    return PackedSheet(fitted, squash(gray, GRAY_SIDE), facts)


def _status(decoded: str, gray: np.ndarray, fitted: np.ndarray) -> str:
    """As it came an image may be blank, or become so: a hair on a large sheet fades away."""
    contrast = min(np.ptp(gray), np.ptp(gray_of(fitted)))
    if decoded == UNREADABLE or contrast >= BLANK_BELOW:
        return decoded
    return BLANK if decoded == OK else decoded + BETWEEN + BLANK


def _map_in_order(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """`work` of each item on all cores, in order; a few wait ahead, so that memory stays small."""
    threads = cpu_count()
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > 4 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _check_tests(images: pd.DataFrame, raw: Path) -> None:
    """Refuses test images whose first bytes say that they cannot be read, before hours of work."""
    tests = images[images["split"] == "test"]
    reasons = [_early_reason(raw / path) for path in tests["path"]]
    lost = tests.assign(reason=reasons)
    _refuse(lost[lost["reason"] != ""], raw, "readable test images", REPLACE)


def _early_reason(file: Path) -> str:
    if file.stat().st_size == 0:
        return EMPTY
    try:
        with file.open("rb") as content:
            refuse_format(content.read(HEAD), file.name)
    except Unreadable as error:
        return str(error)
    return ""


def _check_losses(
    images: pd.DataFrame, index: pd.DataFrame, lost: pd.DataFrame, raw: Path
) -> None:
    _refuse(lost[lost["split"] == "test"], raw, "readable test images", REPLACE)
    sources = lost[lost["id"].isin(images["source_id"])]
    fix = "replace them, or drop both"
    _refuse(sources, raw, "readable sources of derived images", fix)
    emptied = sorted(set(images["class_name"]) - set(index["class_name"]))
    if emptied:
        of_first = images.loc[images["class_name"] == emptied[0], "id"]
        reason = lost.loc[lost["id"].isin(of_first), "reason"].iloc[0]
        raise InputError(
            raw,
            expected="a readable image of each class",
            received=f"none of {', '.join(map(repr, emptied[:3]))}",
            fix=f"replace its files ({reason})",
        )


def _refuse(lost: pd.DataFrame, raw: Path, expected: str, fix: str) -> None:
    if len(lost):
        rows = lost[["path", "reason"]].to_numpy()[:3]
        first = ", ".join(f"{path} ({reason})" for path, reason in rows)
        received = f"{len(lost):,} that are not: {first}"
        raise InputError(raw, expected=expected, received=received, fix=fix)
