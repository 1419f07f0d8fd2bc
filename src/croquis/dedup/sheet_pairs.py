"""Pairs of sheets, which stand for all images that are equal to them, as pairs of images.

A derived image (one with a source_id) joins nobody but its source, so which image stands for a
sheet depends on whom it may join: the originals of two sheets meet, and so do those of one family.
"""

import numpy as np
import pandas as pd

from croquis.core.symmetries import INVERSE, NAMES
from croquis.dedup.families import Kin

_INVERSE = np.array([NAMES.index(INVERSE[name]) for name in NAMES])


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
    columns = list(pairs.columns)
    originals, derived = _firsts(sheet, label, kin)
    kinds = [(originals, originals)]
    if kin.derived.any():
        relatives = _relatives(sheet, label, kin)
        kinds += [
            (relatives, relatives),
            (originals, derived),
            (derived, originals),
        ]
    parts = [_join_ends(pairs, one, other) for one, other in kinds]
    return _order_ends(pd.concat(parts, ignore_index=True), columns)


def _join_ends(
    pairs: pd.DataFrame, one: pd.DataFrame, other: pd.DataFrame
) -> pd.DataFrame:
    """Pairs of sheets with an image of each: of one role or label, where both tables have it."""
    shared = [name for name in ("role", "label") if name in one and name in other]
    one = one.rename(columns={"sheet": "a", "place": "one"})
    other = other.rename(columns={"place": "other"})
    return pairs.merge(one, on="a").merge(
        other,
        left_on=["b", *shared],
        right_on=["sheet", *shared],
        suffixes=("", "_other"),
    )


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
    derived = (
        table[kin.derived].drop_duplicates([*of, "family"]).drop(columns="family")
    )
    return originals, derived


def _relatives(
    sheet: np.ndarray, label: np.ndarray | None, kin: Kin
) -> pd.DataFrame:
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


def _order_ends(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """With the images for the sheets, a < b, each pair once; turned pairs need the inverse turn."""
    # Of no rows pandas knows no type.
    one = table["one"].to_numpy(np.int64)
    other = table["other"].to_numpy(np.int64)
    symmetry = table["symmetry"].to_numpy(np.int64)
    table = table.assign(
        a=np.minimum(one, other),
        b=np.maximum(one, other),
        symmetry=np.where(one > other, _INVERSE[symmetry], symmetry),
    )
    table = table[columns].sort_values(["a", "b"], ignore_index=True)
    return table.drop_duplicates(["a", "b"])
