"""Families of images: a source and all that derives from it; and who may join whom."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.tables.components import families

ORIGINALS = -1  # the side of originals that are equal: any may join any


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
    # Their index is the row of the pixels, not the position.
    images = images[["id", "source_id"]].reset_index(drop=True)
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
    sources = pd.MultiIndex.from_arrays(
        [thing[~kin.derived], kin.family[~kin.derived]]
    )
    of_source = pd.MultiIndex.from_arrays([thing, kin.family]).isin(sources)
    apart = kin.derived & ~(of_source & ~flat)
    # Labels are below the families' numbers, once these are shifted.
    shift = int(label.max(initial=0)) + 1
    return np.where(apart, shift + kin.family, np.where(flat, label, ORIGINALS))
