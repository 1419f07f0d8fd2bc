"""Files named as those that have a source_id are, and have none: a column filled in halfway.

What has a source_id shows how the names are to be read, so no edges need to confirm it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.dedup.families import Kin
from croquis.dedup.file_names import READINGS, proposed

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
    none = Undeclared(np.arange(len(ids)), np.full(len(ids), "", object))
    if not kin.derived.any():
        return none
    best = none
    most = 0
    for reading in READINGS:
        root, affixes = proposed(ids, labels, reading)
        family = _agreed(root, kin)
        if len(family) > most:
            affixes = np.array(affixes, object)
            source = _sources(root, affixes, kin, group, family)
            best = Undeclared(source, affixes)
            most = len(family)
    return best


def _agreed(root: np.ndarray, kin: Kin) -> pd.Series:
    """By root the family of those named after it, where names and source_id agree; or nothing."""
    table = pd.DataFrame({"root": root, "family": kin.family, "derived": kin.derived})
    derived = (
        table[table["derived"]].groupby("root")["family"].agg(["nunique", "first"])
    )
    family = derived["first"]
    pairs = pd.MultiIndex.from_arrays([family.index, family])
    together = (
        table.groupby(["root", "family"]).size().reindex(pairs, fill_value=0).to_numpy()
    )
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
    here = np.arange(len(root))
    theirs = pd.Series(root).map(family).to_numpy(float)  # NaN where names tell nothing
    inside = pd.MultiIndex.from_arrays([kin.family, group])
    beside = pd.MultiIndex.from_arrays([theirs, group]).isin(inside)
    numbers = (affixes == NUMBER) & ~np.isin(NUMBER, affixes[kin.derived])
    left = (
        ~np.isnan(theirs) & ~kin.derived & (theirs != kin.family) & ~beside & ~numbers
    )
    first = pd.Series(here[~kin.derived], kin.family[~kin.derived])
    first = first[~first.index.duplicated()]
    found = pd.Series(theirs).map(first).to_numpy(float)
    return np.where(left & ~np.isnan(found), found, here).astype(np.int64)
