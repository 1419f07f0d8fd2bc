"""Which images are one: by their bytes, their native pixels, or the gray sheet that tests see."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.core.symmetries import symmetric_digest
from croquis.dedup.families import identity_sides, kin_of
from croquis.dedup.measures.exact import best_symmetry, pixel_keys, spanning_pairs
from croquis.dedup.measures.search import pair_table
from croquis.tables.components import components

# The tiers of `Identity.keys`, and of what `_foreign` pairs.
KINDS = np.array(["bytes", "pixels", "pixels", "pixels"])
FOREIGN = 3


def describe_images(
    gray: np.ndarray, labels: np.ndarray | None = None
) -> pd.DataFrame:
    """The table that `find_copies` needs of images that are nowhere on disk, as in a notebook.

    Args:
        gray: (N, S, S) uint8.
        labels: (N,) int, their classes; without them all are of class 0.
    """
    return pd.DataFrame(
        {
            "id": [f"{place:06d}" for place in range(len(gray))],
            "split": "train",
            "label": 0 if labels is None else labels,
            "source_id": "",
            "sha256": [
                hashlib.sha256(sheet.tobytes()).hexdigest() for sheet in gray
            ],
            "digest": [symmetric_digest(sheet) for sheet in gray],
            "width": gray.shape[2],
            "height": gray.shape[1],
        }
    )


@dataclass(frozen=True)
class Identity:
    """What is equal among N images, training images first.

    Attributes:
        keys: equal where the bytes, the gray sheets, or the native pixels are, each (N,) int.
            Blank sheets have a key of their own each, below 0: only bytes and pixels count there.
        images: their table.
        sheet: (N,) int, by which gray 224 px are equal.
        flat: (N,) bool.
        gray: (M, 224, 224) uint8.
    """

    keys: list[np.ndarray]
    images: pd.DataFrame
    sheet: np.ndarray
    flat: np.ndarray
    gray: np.ndarray

    @classmethod
    def of(
        cls,
        images: pd.DataFrame,
        sheet: np.ndarray,
        flat: np.ndarray,
        gray: np.ndarray,
        *,
        symmetries: bool,
    ) -> "Identity":
        """Of a table with sha256 and digest, whose index is the row in `gray`.

        Args:
            images: training images first.
            sheet: (N,) of `exact.sheet_numbers`.
            flat: (S,) bool, which sheets are blank.
            gray: (M, 224, 224) uint8.
            symmetries: whether a turned image is the same.
        """
        digests = images["digest"].to_numpy()
        rows = images.index.to_numpy()
        keys = [
            pd.factorize(images["sha256"])[0],
            np.where(flat[sheet], -1, sheet),
            pixel_keys(digests, sheet, gray, rows, symmetries=symmetries),
        ]
        return cls(keys, images, sheet, flat[sheet], gray)

    def between_sheets(self, count: int) -> pd.DataFrame:
        """The pairs of sheets of one image in several positions, which need no test."""
        kinds = pd.DataFrame({"key": self.keys[2], "sheet": self.sheet})
        kinds = kinds.drop_duplicates()
        kinds = kinds[kinds["key"].duplicated(keep=False)]
        both = kinds.merge(kinds, on="key").query("sheet_x < sheet_y")
        pairs = pair_table(both["sheet_x"], both["sheet_y"])
        pairs = pairs[pairs["b"] < count].drop_duplicates(["a", "b"])
        return pairs.assign(tier="pixels")

    def pairs(self, train: int) -> pd.DataFrame:
        """A spanning set of equal images, k - 1 of k, with tier, symmetry and ink.

        Only what may share a group is paired. Beside these: each derived image with an original
        that is equal to it and not its source, and each test image with an equal training image.

        Args:
            train: how many training images there are.
        """
        joined = [*self._of_train(train), self._of_test(train)]
        table = pd.concat([pairs for pairs, _ in joined], ignore_index=True)
        kind = np.concatenate([kind for _, kind in joined])
        ends = zip(table["a"], table["b"], strict=True)
        symmetry = np.array([self._symmetry(a, b) for a, b in ends], np.int64)
        return table.assign(symmetry=symmetry, tier=KINDS[kind], ink=1.0)

    def _of_train(self, train: int) -> list[tuple[pd.DataFrame, np.ndarray]]:
        """Equal training images that may share a group; derived ones with a strange original."""
        keys = [key[:train] for key in self.keys]
        images = self.images[:train]
        flat = self.flat[:train]
        kin = kin_of(images)
        thing = _things(keys)
        side = identity_sides(thing, images["label"].to_numpy(), flat, kin)
        strange = kin.derived & (side >= 0) & ~flat
        return [
            spanning_pairs([_both(key, side) for key in keys]),
            _foreign(thing, strange, ~kin.derived),
        ]

    def _of_test(self, train: int) -> tuple[pd.DataFrame, np.ndarray]:
        """Each test image with the first training image of its strongest key that has one."""
        match = np.full(len(self.sheet) - train, -1)
        kind = np.zeros(len(match), np.int64)
        for number, key in enumerate(self.keys):
            first = pd.Series(np.arange(train)).groupby(key[:train]).first()
            # Below 0 is equal to nothing, and to no other below 0.
            asked = np.where(key[train:] < 0, -2, key[train:])
            equal = first.reindex(asked).fillna(-1).to_numpy()
            new = (match < 0) & (equal >= 0)
            match[new] = equal[new]
            kind[new] = number
        there = match >= 0
        return pair_table(match[there], np.flatnonzero(there) + train), kind[there]

    def _symmetry(self, a: int, b: int) -> int:
        if self.sheet[a] == self.sheet[b]:
            return 0
        rows = self.images.index
        return best_symmetry(self.gray[rows[a]], self.gray[rows[b]])


def _things(keys: list[np.ndarray]) -> np.ndarray:
    pairs, _ = spanning_pairs(keys)
    return components(len(keys[0]), pairs["a"].to_numpy(), pairs["b"].to_numpy())


def _both(key: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Equal where both are, (N,) int; below 0 where `key` is."""
    codes = pd.MultiIndex.from_arrays([key, side]).factorize()[0]
    return np.where(key < 0, -1, codes)


def _foreign(
    thing: np.ndarray, strange: np.ndarray, original: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray]:
    """Each `strange` image with the first original of its thing, if it has one."""
    places = np.arange(len(thing))
    first = pd.Series(places[original]).groupby(thing[original]).first()
    match = first.reindex(thing[strange]).to_numpy()
    there = ~np.isnan(match)
    one = match[there].astype(np.int64)
    other = places[strange][there]
    pairs = pair_table(np.minimum(one, other), np.maximum(one, other))
    return pairs, np.full(len(one), FOREIGN)
