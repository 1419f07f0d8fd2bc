"""Every pair of copies, by the strongest test that finds it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.dedup import exact, ink
from croquis.dedup.settings import DedupParams
from croquis.dedup.ssim import ssim_pairs
from croquis.dedup.tally import Tally
from croquis.dedup.variants import variant_pairs
from croquis.symmetries import NAMES

# From the strongest test to the weakest; "same" is a person's word.
TIERS = ("same", "bytes", "pixels", "copy", "ssim", "cosine", "variant")
SURE = ("same", "bytes", "pixels")


@dataclass(frozen=True)
class Copies:
    """What a search found.

    Attributes:
        pairs: the columns of `search.pair_table`, tier, and ink, the cosine of the ink under that
            symmetry, whatever the tier.
        blurred: (N, 32 * 32) of `ink.blurred_vectors`, by which groups are judged.
        flat: how many pictures have no ink to compare.
        tally: what it cost.
    """

    pairs: pd.DataFrame
    blurred: np.ndarray
    flat: int
    tally: Tally


def find_copies(pictures: pd.DataFrame, gray: np.ndarray, settings: DedupParams) -> Copies:
    """All pairs of copies among `pictures`, each once, under the first tier that finds it.

    Args:
        pictures: split, label, sha256, digest; its index is the row in `gray`. Train pictures
            first and each split sorted by id, so that nothing depends on the order of files. Test
            pictures meet the tests that need no label and no alignment: identity and copy.
        gray: (N, 224, 224) uint8.
        settings: the tests and their thresholds.
    """
    tally, rows = Tally(), pictures.index.to_numpy()
    names = NAMES if settings.symmetries else NAMES[:1]
    train = int((pictures["split"] == "train").sum())
    labels = pictures["label"].to_numpy()[:train]
    found = _identical(pictures, gray, symmetries=settings.symmetries)
    with tally.step("ink"):
        vectors, _ = ink.ink_vectors(gray, rows)
        blurred = ink.blurred_vectors(gray, rows[:train])
    search = {"names": names, "tally": tally}
    if "copy" in settings.methods:
        with tally.step("copy"):
            options = search | {"at_least": settings.copy_min, "known": found, "step": "copy"}
            found = _with(found, "copy", ink.cosine_pairs(vectors, **options))
    if "ssim" in settings.methods:
        classes = labels if settings.ssim_scope == "class" else None
        options = search | {"at_least": settings.ssim_min, "known": found}
        found = _with(found, "ssim", ssim_pairs(gray, rows[:train], classes, **options))
    if "cosine" in settings.methods:
        with tally.step("cosine"):
            options = search | {"at_least": settings.cosine_min, "known": found, "step": "cosine"}
            paper = ink.paper_vectors(gray, rows[:train])
            found = _with(found, "cosine", ink.cosine_pairs(paper, **options))
    if "variant" in settings.methods:
        with tally.step("variant"):
            options = search | {"known": found, "most": settings.variants_per_picture * train}
            limits = {"blurred_min": settings.blurred_min, "aligned_min": settings.aligned_min}
            moved = variant_pairs(vectors[:train], blurred, **limits, **options)
            found = _with(found, "variant", moved)
    found = found.sort_values(["a", "b"], ignore_index=True)
    flat = int((~vectors[:train].any(axis=1)).sum())
    return Copies(found.assign(ink=_ink_of(found, vectors)), blurred, flat, tally)


def _identical(pictures: pd.DataFrame, gray: np.ndarray, *, symmetries: bool) -> pd.DataFrame:
    """The same bytes, or the same native pixels under the symmetries."""
    rows = pictures.index.to_numpy()
    found = _tier("bytes", exact.same_value(pictures["sha256"].to_numpy()))
    pixels = exact.same_value(pictures["digest"].to_numpy())
    pixels = exact.with_symmetry(pixels, gray, rows)
    if not symmetries:  # the digest sees all eight: what needs a turn is no copy then
        pixels = pixels[pixels["symmetry"] == 0]
    return pd.concat([found, _tier("pixels", pixels)]).drop_duplicates(["a", "b"])


def _with(found: pd.DataFrame, tier: str, pairs: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([found, _tier(tier, pairs)])


def _tier(name: str, pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.assign(tier=pd.Categorical([name] * len(pairs), categories=TIERS))


def _ink_of(pairs: pd.DataFrame, vectors: np.ndarray) -> np.ndarray:
    """The cosine of each pair's ink under its own symmetry, (P,)."""
    cosines, judge = np.empty(len(pairs)), ink.cosine_judge(vectors)
    for symmetry, rows in pairs.groupby("symmetry").groups.items():
        for part in np.array_split(rows, len(rows) // 1024 + 1):
            a, b = pairs.loc[part, "a"].to_numpy(), pairs.loc[part, "b"].to_numpy()
            cosines[part] = judge(NAMES[symmetry], a, b)
    return cosines
