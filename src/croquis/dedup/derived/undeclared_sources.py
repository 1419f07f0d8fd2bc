"""Files named as those that have a source_id are, and have none: a column filled in halfway.

What has a source_id shows how the names are to be read, so no edges need to confirm it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.dedup.derived.file_names import READINGS, propose_sources
from croquis.dedup.families import Kin

FEWEST = 5  # families that names and source_id agree on
AGREED = 0.5  # of the families that names give and that have a source_id
NUMBER = "#"  # bird_1 and bird_1_2 may be two birds, though bird_1_canny is none


@dataclass(frozen=True)
class Undeclared:
    """Files without a source_id beside those with one.

    Attributes:
        source: (N,) int, the source of those they are named like, itself for all others.
        affixes: (N,) what their names add.
    """

    source: np.ndarray
    affixes: np.ndarray

    @property
    def places(self) -> np.ndarray:
        """Which they are, (K,) int."""
        return np.flatnonzero(self.source != np.arange(len(self.source)))


def find_undeclared(
    ids: Sequence[str], labels: np.ndarray, kin: Kin, group: np.ndarray
) -> Undeclared:
    """The files named after, or beside, images of one family, which belong to no family.

    Args:
        ids: (N,) paths, unique.
        labels: (N,) their classes.
        kin: of the images, by source_id.
        group: (N,) what folds never part; who is in a group with the family is no problem.
    """
    best = Undeclared(np.arange(len(ids)), np.full(len(ids), "", object))
    most = 0
    for reading in READINGS if kin.derived.any() else ():
        root, proposed = propose_sources(ids, labels, reading)
        family = _agreed(root, kin)
        if len(family) > most:
            affixes = np.array(proposed, object)
            source = _sources(root, affixes, kin, group, family)
            best = Undeclared(source, affixes)
            most = len(family)
    return best


def _agreed(root: np.ndarray, kin: Kin) -> pd.Series:
    """By root the family of those named after it, where names and source_id agree; or nothing."""
    table = pd.DataFrame(
        {"root": root, "family": kin.family, "derived": kin.derived}
    )
    by_root = table[table["derived"]].groupby("root")["family"]
    derived = by_root.agg(["nunique", "first"])
    family = derived["first"]
    pairs = pd.MultiIndex.from_arrays([family.index, family])
    sizes = table.groupby(["root", "family"]).size()
    together = sizes.reindex(pairs, fill_value=0).to_numpy()
    agreed = (derived["nunique"] == 1).to_numpy() & (together > 1)
    if agreed.sum() < max(FEWEST, AGREED * len(agreed)):
        return family[:0]
    return family[agreed]


def _sources(
    root: np.ndarray,
    affixes: np.ndarray,
    kin: Kin,
    group: np.ndarray,
    family: pd.Series,
) -> np.ndarray:
    """The source of each file that has none and needs one, (N,) int, itself for all others.

    Args:
        root: (N,) int, the file at the end of each one's names.
        affixes: (N,) what its name adds.
        kin: of the images, by source_id.
        group: (N,) what folds never part.
        family: of `_agreed`.
    """
    here = np.arange(len(root))
    theirs = (
        pd.Series(root).map(family).to_numpy(float)
    )  # NaN where names tell nothing
    original = _first_originals(theirs, kin)
    silent = np.isnan(theirs) | np.isnan(original)
    left = ~silent & ~kin.derived & (theirs != kin.family)
    left &= ~_beside(theirs, kin, group) & ~_mere_numbers(affixes, kin)
    return np.where(left, original, here).astype(np.int64)


def _first_originals(family: np.ndarray, kin: Kin) -> np.ndarray:
    """The first image of each family that derives from none, (N,) float; NaN without one."""
    originals = np.flatnonzero(~kin.derived)
    first = pd.Series(originals, kin.family[originals])
    first = first[~first.index.duplicated()]
    return pd.Series(family).map(first).to_numpy(float)


def _beside(family: np.ndarray, kin: Kin, group: np.ndarray) -> np.ndarray:
    """Who is in a group with the family that it is named like, (N,) bool."""
    inside = pd.MultiIndex.from_arrays([kin.family, group])
    return pd.MultiIndex.from_arrays([family, group]).isin(inside)


def _mere_numbers(affixes: np.ndarray, kin: Kin) -> np.ndarray:
    """Which names add a number alone, where no derived file's does; (N,) bool."""
    return (affixes == NUMBER) & ~np.isin(NUMBER, affixes[kin.derived])
