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
            symmetry; 1 where the pictures are identical.
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
            pictures meet training pictures in the tests that need no label and no alignment:
            identity and copy.
        gray: (N, 224, 224) uint8.
        settings: the tests and their thresholds.
    """
    tally, rows = Tally(), pictures.index.to_numpy()
    train = int((pictures["split"] == "train").sum())
    with tally.step("identical"):
        found = _identical(pictures, train, gray, symmetries=settings.symmetries)
    with tally.step("ink"):
        vectors, _ = ink.ink_vectors(gray, rows)
        blurred = ink.blurred_vectors(gray, rows[:train])
        flat = ~vectors[:train].any(axis=1)
        blurred[flat] = 0  # like nothing here too
    labels = pictures["label"].to_numpy()[:train]
    search = Search(settings, gray, rows[:train], labels, vectors, blurred, flat, tally)
    for method in METHODS:  # in the order of the tiers, whatever the order in params.yaml
        if method in settings.methods:
            pairs = METHODS[method](search, found)
            found = pd.concat([found, _tier(method, pairs)])
    found = found.sort_values(["a", "b"], ignore_index=True)
    with tally.step("ink of pairs"):
        found["ink"] = _ink_of(found, vectors)
    return Copies(found, blurred, int(flat.sum()), tally)


@dataclass(frozen=True)
class Search:
    """What the tests work on.

    Attributes:
        settings: of the stage.
        gray: (N, 224, 224) uint8.
        rows: (T,) the training pictures' rows in it.
        labels: (T,) theirs.
        ink: of all pictures, the training ones first, (N, 64 * 64).
        blurred: of the training pictures, (T, 32 * 32).
        flat: of the training pictures, which have no ink to compare, (T,) bool.
        tally: what it costs.
    """

    settings: DedupParams
    gray: np.ndarray
    rows: np.ndarray
    labels: np.ndarray
    ink: np.ndarray
    blurred: np.ndarray
    flat: np.ndarray
    tally: Tally

    @property
    def names(self) -> tuple[str, ...]:
        """The symmetries to look under."""
        return NAMES if self.settings.symmetries else NAMES[:1]


def _copies(search: Search, known: pd.DataFrame) -> pd.DataFrame:
    options = {"names": search.names, "at_least": search.settings.copy_min, "known": known}
    options["firsts"] = len(search.rows)
    with search.tally.step("copy"):
        return ink.cosine_pairs(search.ink, tally=search.tally, step="copy", **options)


def _alike_in_structure(search: Search, known: pd.DataFrame) -> pd.DataFrame:
    labels = search.labels if search.settings.ssim_scope == "class" else None
    options = {"names": search.names, "at_least": search.settings.ssim_min, "known": known}
    options |= {"flat": search.flat, "tally": search.tally}
    return ssim_pairs(search.gray, search.rows, labels, **options)


def _alike_in_raw_pixels(search: Search, known: pd.DataFrame) -> pd.DataFrame:
    options = {"names": search.names, "at_least": search.settings.cosine_min, "known": known}
    with search.tally.step("cosine"):
        paper = ink.paper_vectors(search.gray, search.rows)
        return ink.cosine_pairs(paper, tally=search.tally, step="cosine", **options)


def _variants(search: Search, known: pd.DataFrame) -> pd.DataFrame:
    settings, count = search.settings, len(search.rows)
    with search.tally.step("variant"):
        return variant_pairs(
            search.gray,
            search.rows,
            search.ink[:count],
            search.blurred,
            names=search.names,
            blurred_min=settings.blurred_min,
            aligned_min=settings.aligned_min,
            most=settings.variants_per_picture * count,
            known=known,
            tally=search.tally,
        )


METHODS = {
    "copy": _copies,
    "ssim": _alike_in_structure,
    "cosine": _alike_in_raw_pixels,
    "variant": _variants,
}


def _identical(
    pictures: pd.DataFrame, train: int, gray: np.ndarray, *, symmetries: bool
) -> pd.DataFrame:
    """The same bytes, or the same native pixels under the symmetries; no two test pictures."""
    found = _tier("bytes", exact.same_value(pictures["sha256"].to_numpy(), train))
    pixels = _tier("pixels", exact.same_value(pictures["digest"].to_numpy(), train))
    pixels = pd.concat([found, pixels]).drop_duplicates(["a", "b"])[len(found) :]
    pixels = exact.with_symmetry(pixels, gray, pictures.index.to_numpy())
    if not symmetries:  # the digest sees all eight: what needs a turn is no copy then
        pixels = pixels[pixels["symmetry"] == 0]
    return pd.concat([found, pixels])


def _tier(name: str, pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.assign(tier=pd.Categorical([name] * len(pairs), categories=TIERS))


def _ink_of(pairs: pd.DataFrame, vectors: np.ndarray) -> np.ndarray:
    """The cosine of each pair's ink under its own symmetry, (P,)."""
    cosines, judge = np.ones(len(pairs)), ink.cosine_judge(vectors)
    unsure = pairs[~pairs["tier"].isin(SURE)]  # blank sheets are equal, and have no ink
    for symmetry, rows in unsure.groupby("symmetry").groups.items():
        for part in np.array_split(rows, len(rows) // 1024 + 1):
            a, b = pairs.loc[part, "a"].to_numpy(), pairs.loc[part, "b"].to_numpy()
            cosines[part] = judge(NAMES[symmetry], a, b)
    return cosines
