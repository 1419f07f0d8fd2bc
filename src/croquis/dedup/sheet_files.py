"""Pairs of sheets, which stand for all images that are equal to them, as pairs of images.

A derived image (one with a source_id) joins nobody but its source, so which image stands for a
sheet depends on whom it may join: the originals of two sheets meet, and so do those of one family.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.core.symmetries import INVERSE, NAMES
from croquis.tables.components import families

ORIGINALS = -1  # whom an original may join: any other
_INVERSE = np.array([NAMES.index(INVERSE[name]) for name in NAMES])


@dataclass(frozen=True)
class Kin:
    """What images derive from.

    Attributes:
        family: (N,) int: a source and all that derives from it.
        derived: (N,) bool.
    """

    family: np.ndarray
    derived: np.ndarray

    def may_join(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Whether images may share a group: originals, or those of one family; (P,) bool."""
        both = ~self.derived[a] & ~self.derived[b]
        return both | (self.family[a] == self.family[b])


def kin_of(images: pd.DataFrame) -> Kin:
    """By id and source_id; without that column there are originals alone."""
    if "source_id" not in images:
        return Kin(np.arange(len(images)), np.zeros(len(images), bool))
    images = images[["id", "source_id"]].reset_index(
        drop=True
    )  # its index is rows of pixels
    derived = (images["source_id"] != "").to_numpy()
    return Kin(families(images["id"], images["source_id"]), derived)


def identity_sides(
    thing: np.ndarray, label: np.ndarray, flat: np.ndarray, kin: Kin
) -> np.ndarray:
    """Which of the images that are one thing may share a group, (N,) int.

    Originals may, and what is derived from one of them. A blank sheet tells nothing of what was
    drawn, so only those of a class do, as they must not be in training and be scored at once.

    Args:
        thing: (N,) int, equal images.
        label: (N,) int.
        flat: (N,) bool.
        kin: of the images.
    """
    sources = pd.MultiIndex.from_arrays([thing[~kin.derived], kin.family[~kin.derived]])
    of_source = pd.MultiIndex.from_arrays([thing, kin.family]).isin(sources)
    apart = kin.derived & ~(of_source & ~flat)
    # Labels are below the families' numbers, once these are shifted.
    shift = int(label.max(initial=0)) + 1
    return np.where(apart, shift + kin.family, np.where(flat, label, ORIGINALS))


def as_images(
    pairs: pd.DataFrame, sheet: np.ndarray, label: np.ndarray | None, kin: Kin
) -> pd.DataFrame:
    """Pairs of sheets as pairs of images: the first of each sheet, of each sort that may join.

    A derived image and an original of another family may not, and are pairs all the same: what
    trains beside what it looks like has to be known.

    Args:
        pairs: a `search.pair_table` of sheets, with further columns.
        sheet: (N,) the sheet of each image.
        label: (N,) where only images of one class are compared.
        kin: of the images.
    """
    pairs = pairs.reset_index(drop=True).rename_axis("row").reset_index()
    originals, derived = _firsts(sheet, label, kin)
    kinds = [(originals, originals)]
    if kin.derived.any():
        relatives = _relatives(sheet, label, kin)
        kinds += [(relatives, relatives), (originals, derived), (derived, originals)]
    parts = []
    for one, other in kinds:
        on = [name for name in ("role", "label") if name in one and name in other]
        left = pairs.merge(one.rename(columns={"sheet": "a", "place": "one"}), on="a")
        keys = {"left_on": ["b", *on], "right_on": ["sheet", *on]}
        both = left.merge(
            other.rename(columns={"place": "other"}), suffixes=("", "_other"), **keys
        )
        parts.append(both)
    return _ordered(pd.concat(parts, ignore_index=True), list(pairs.columns[1:]))


def _firsts(
    sheet: np.ndarray, label: np.ndarray | None, kin: Kin
) -> tuple[pd.DataFrame, ...]:
    """The first original of each sheet, and the first of each family derived; of each label."""
    table = pd.DataFrame(
        {"sheet": sheet, "place": np.arange(len(sheet)), "family": kin.family}
    )
    if label is not None:
        table["label"] = label
    of = [name for name in ("sheet", "label") if name in table]
    originals = table[~kin.derived].drop_duplicates(of).drop(columns="family")
    derived = table[kin.derived].drop_duplicates([*of, "family"]).drop(columns="family")
    return originals, derived


def _relatives(sheet: np.ndarray, label: np.ndarray | None, kin: Kin) -> pd.DataFrame:
    """The first of each sheet and family, of families that have derived images."""
    table = pd.DataFrame(
        {"sheet": sheet, "place": np.arange(len(sheet)), "role": kin.family}
    )
    if label is not None:
        table["label"] = label
    table = table[np.isin(kin.family, kin.family[kin.derived])]
    return table.drop_duplicates(
        [name for name in ("sheet", "role", "label") if name in table]
    )


def _ordered(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """With the images for the sheets, a < b, each pair once; turned pairs need the inverse turn."""
    # Of no rows pandas knows no type.
    one, other, symmetry = (
        table[name].to_numpy(np.int64) for name in ("one", "other", "symmetry")
    )
    table = table.assign(
        a=np.minimum(one, other),
        b=np.maximum(one, other),
        symmetry=np.where(one > other, _INVERSE[symmetry], symmetry),
    )
    return (
        table[columns]
        .sort_values(["a", "b"], ignore_index=True)
        .drop_duplicates(["a", "b"])
    )
