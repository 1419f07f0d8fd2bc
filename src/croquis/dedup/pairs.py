"""Every pair of copies, by the strongest of four tests: bytes, pixels, SSIM, cosine of the ink."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from croquis.dedup.exact import same_value, with_symmetry
from croquis.dedup.ink import ink_pairs, ink_vectors
from croquis.dedup.settings import DedupParams
from croquis.dedup.ssim import ssim_pairs
from croquis.symmetries import NAMES

TIERS = ("bytes", "pixels", "ssim", "cosine")


class Copies(NamedTuple):
    """`pairs`, with the columns of `search.pair_table` and tier, and how many pictures are flat."""

    pairs: pd.DataFrame
    flat: int


def find_copies(pictures: pd.DataFrame, gray: np.ndarray, settings: DedupParams) -> Copies:
    """All pairs of copies among `pictures`, each once, under the first tier that finds it.

    Args:
        pictures: id, label, sha256, digest; its index is the row in `gray`. Sorted by id, so that
            nothing depends on the order of files.
        gray: (N, 224, 224) uint8.
        settings: the thresholds.
    """
    rows, labels = pictures.index.to_numpy(), pictures["label"].to_numpy()
    names = NAMES if settings.symmetries else NAMES[:1]
    found = _tier("bytes", same_value(pictures["sha256"].to_numpy()))
    pixels = with_symmetry(same_value(pictures["digest"].to_numpy()), gray, rows)
    if not settings.symmetries:  # the digest sees all eight: what needs a turn is no copy then
        pixels = pixels[pixels["symmetry"] == 0]
    found = pd.concat([found, _tier("pixels", pixels)]).drop_duplicates(["a", "b"])
    search = {"names": names, "at_least": settings.ssim_min, "known": found}
    found = pd.concat([found, _tier("ssim", ssim_pairs(gray, rows, labels, **search))])
    search = {"names": names, "at_least": settings.cosine_min, "known": found}
    ink, flat = ink_vectors(gray, rows)
    found = pd.concat([found, _tier("cosine", ink_pairs(ink, **search))])
    return Copies(found.sort_values(["a", "b"], ignore_index=True), flat)


def _tier(name: str, pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.assign(tier=pd.Categorical([name] * len(pairs), categories=TIERS))
