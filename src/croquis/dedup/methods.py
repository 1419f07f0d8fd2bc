"""The four tests of `dedup.methods`, each over all sheets at once: ink, structure, pixels, moves.

A sheet is a gray image of 224 px. Equal images are one sheet, so that each is compared once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.core.symmetries import NAMES
from croquis.dedup.measures import ink
from croquis.dedup.measures.search import best_symmetries, pair_table
from croquis.dedup.measures.search_timings import Tally
from croquis.dedup.measures.ssim import ssim_pairs
from croquis.dedup.measures.variants import variant_pairs
from croquis.dedup.settings import DedupParams, Method


@dataclass(frozen=True)
class Sheets:
    """What the tests work on: sheets, in the order of the first image of each.

    Attributes:
        settings: of the stage.
        gray: (N, 224, 224) uint8.
        rows: (S,) the rows of all sheets in it, those of training images first.
        sheet: (T,) of each training image.
        labels: (T,) theirs.
        ink: of all sheets, (S, 64 * 64).
        blurred: of the training images' sheets, (C, 32 * 32).
        flat: (S,) bool, those with no ink to compare.
        tally: what it costs.
    """

    settings: DedupParams
    gray: np.ndarray
    rows: np.ndarray
    sheet: np.ndarray
    labels: np.ndarray
    ink: np.ndarray
    blurred: np.ndarray
    flat: np.ndarray
    tally: Tally

    @classmethod
    def of(
        cls,
        images: pd.DataFrame,
        sheet: np.ndarray,
        gray: np.ndarray,
        settings: DedupParams,
        tally: Tally,
    ) -> "Sheets":
        """The sheets of some images, with their ink.

        Args:
            images: split and label, training images first; its index is the row in `gray`.
            sheet: (I,) of `exact.sheet_numbers`, of each image.
            gray: (N, 224, 224) uint8.
            settings: of the stage.
            tally: counts.
        """
        train = int((images["split"] == "train").sum())
        count = (
            int(sheet[:train].max(initial=-1)) + 1
        )  # sheets with a training image
        firsts = np.unique(sheet, return_index=True)[1]
        rows = images.index.to_numpy()[firsts]
        vectors, _ = ink.ink_vectors(gray, rows)
        flat = np.asarray(~vectors.any(axis=1))
        blurred = ink.blurred_vectors(gray, rows[:count])
        blurred[flat[:count]] = 0  # like nothing here too
        labels = images["label"].to_numpy()[:train]
        return cls(
            settings,
            gray,
            rows,
            sheet[:train],
            labels,
            vectors,
            blurred,
            flat,
            tally,
        )

    @property
    def count(self) -> int:
        """The sheets of training images."""
        return len(self.blurred)

    @property
    def names(self) -> tuple[str, ...]:
        """The symmetries to look under."""
        return NAMES if self.settings.symmetries else NAMES[:1]


def compare_sheets(sheets: Sheets, identical: pd.DataFrame) -> pd.DataFrame:
    """The pairs of sheets that the methods of the settings find, each under the first that does.

    Args:
        sheets: what is compared.
        identical: the pairs that need no test, with tier.
    """
    pairs = identical
    # In the order of the tiers, whatever the order in params.yaml.
    for method, compare in METHODS.items():
        if method in sheets.settings.methods:
            new = compare(sheets, pairs).assign(tier=method)
            pairs = pd.concat([pairs, new])
    return pairs.iloc[len(identical) :].sort_values(["a", "b"], ignore_index=True)


def _compare_ink(sheets: Sheets, decided: pd.DataFrame) -> pd.DataFrame:
    with sheets.tally.step("copy"):
        return ink.cosine_pairs(
            sheets.ink,
            names=sheets.names,
            at_least=sheets.settings.copy_min,
            decided=decided,
            tally=sheets.tally,
            step="copy",
            firsts=sheets.count,
        )


def _compare_structure(sheets: Sheets, decided: pd.DataFrame) -> pd.DataFrame:
    if sheets.settings.ssim_scope == "class":
        return _compare_structure_in_classes(sheets, decided)
    return ssim_pairs(
        sheets.gray,
        sheets.rows[: sheets.count],
        None,
        names=sheets.names,
        at_least=sheets.settings.ssim_min,
        decided=decided,
        tally=sheets.tally,
        flat=sheets.flat[: sheets.count],
    )


def _compare_structure_in_classes(
    sheets: Sheets, decided: pd.DataFrame
) -> pd.DataFrame:
    """A sheet is there once for each class it is of."""
    members = pd.DataFrame({"sheet": sheets.sheet, "label": sheets.labels})
    members = members.drop_duplicates().sort_values(["sheet", "label"])
    sheet = members["sheet"].to_numpy()
    pairs = ssim_pairs(
        sheets.gray,
        sheets.rows[sheet],
        members["label"].to_numpy(),
        names=sheets.names,
        at_least=sheets.settings.ssim_min,
        decided=_of_members(decided, members),
        tally=sheets.tally,
        flat=sheets.flat[sheet],
    )
    return best_symmetries(pairs.assign(a=sheet[pairs["a"]], b=sheet[pairs["b"]]))


def _of_members(pairs: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """Pairs of sheets as pairs of `members` of one class, by their positions."""
    members = members.assign(place=np.arange(len(members)))
    ends = pairs[["a", "b"]].merge(members, left_on="a", right_on="sheet")
    ends = ends.merge(members, left_on=["b", "label"], right_on=["sheet", "label"])
    return pair_table(ends["place_x"], ends["place_y"])


def _compare_raw_pixels(sheets: Sheets, decided: pd.DataFrame) -> pd.DataFrame:
    with sheets.tally.step("cosine"):
        vectors = ink.paper_vectors(sheets.gray, sheets.rows[: sheets.count])
        # White paper is no copy of other white paper.
        vectors[sheets.flat[: sheets.count]] = 0
        return ink.cosine_pairs(
            vectors,
            names=sheets.names,
            at_least=sheets.settings.cosine_min,
            decided=decided,
            tally=sheets.tally,
            step="cosine",
        )


def _compare_moved(sheets: Sheets, decided: pd.DataFrame) -> pd.DataFrame:
    settings = sheets.settings
    with sheets.tally.step("variant"):
        return variant_pairs(
            sheets.gray,
            sheets.rows[: sheets.count],
            sheets.ink[: sheets.count],
            sheets.blurred,
            names=sheets.names,
            blurred_min=settings.blurred_min,
            aligned_min=settings.aligned_min,
            most=settings.variants_per_image * len(sheets.labels),
            decided=decided,
            tally=sheets.tally,
        )


# Each takes the sheets and the pairs that are decided already, and finds a `pair_table`.
METHODS: dict[Method, Callable[[Sheets, pd.DataFrame], pd.DataFrame]] = {
    "copy": _compare_ink,
    "ssim": _compare_structure,
    "cosine": _compare_raw_pixels,
    "variant": _compare_moved,
}
