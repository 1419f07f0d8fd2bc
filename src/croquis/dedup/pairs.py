"""Every pair of copies, by the strongest test that finds it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.core.symmetries import NAMES
from croquis.dedup.identity import Identity
from croquis.dedup.measures import exact, ink
from croquis.dedup.measures.search import best_symmetries, pair_table
from croquis.dedup.measures.ssim import ssim_pairs
from croquis.dedup.measures.tally import Tally
from croquis.dedup.measures.variants import variant_pairs
from croquis.dedup.settings import DedupParams
from croquis.dedup.sheet_files import as_images, kin_of

# From the strongest test to the weakest; "same" is a person's word.
TIERS = ("same", "bytes", "pixels", "copy", "ssim", "cosine", "variant")
SURE = ("same", "bytes", "pixels")


@dataclass(frozen=True)
class Copies:
    """What a search found.

    Attributes:
        pairs: the columns of `search.pair_table`, tier, and ink, the cosine of the ink under that
            symmetry; 1 where the images are identical. Of k identical ones there are k - 1, and
            to others one of them is paired.
        blurred: (N, 32 * 32) of `ink.blurred_vectors`, by which groups are judged.
        flat: how many images have no ink to compare.
        tally: what it cost.
    """

    pairs: pd.DataFrame
    blurred: np.ndarray
    flat: int
    tally: Tally


def find_copies(
    images: pd.DataFrame, gray: np.ndarray, settings: DedupParams
) -> Copies:
    """A spanning set of the pairs of copies among `images`, each under its first tier.

    Tests see each gray sheet once, however many images are equal to it.

    Args:
        images: split, label, sha256, digest; its index is the row in `gray`. Train images
            first and each split sorted by id, so that nothing depends on the order of files. Test
            images meet training images in the tests that need no label and no alignment:
            identity and copy. With source_id, what is derived joins its source alone.
        gray: (N, 224, 224) uint8.
        settings: the tests and their thresholds.
    """
    tally = Tally()
    rows = images.index.to_numpy()
    train = int((images["split"] == "train").sum())
    with tally.step("identical"):
        sheet = exact.sheet_numbers(gray, rows)
        firsts = np.unique(sheet, return_index=True)[1]
    with tally.step("ink"):
        vectors, _ = ink.ink_vectors(gray, rows[firsts])
        flat = ~vectors.any(axis=1)
        count = int(sheet[:train].max(initial=-1)) + 1  # sheets with a training image
        blurred = ink.blurred_vectors(gray, rows[firsts[:count]])
        blurred[flat[:count]] = 0  # like nothing here too
    with tally.step("identical"):
        identity = Identity.of(
            images, sheet, flat, gray, symmetries=settings.symmetries
        )
    labels = images["label"].to_numpy()
    search = Search(
        settings,
        gray,
        rows[firsts],
        sheet[:train],
        labels[:train],
        vectors,
        blurred,
        flat,
        tally,
    )
    between = identity.between_sheets(len(firsts))
    known = len(between)
    for (
        method
    ) in METHODS:  # in the order of the tiers, whatever the order in params.yaml
        if method in settings.methods:
            between = pd.concat(
                [between, _tier(method, METHODS[method](search, between))]
            )
    between = between[known:].sort_values(["a", "b"], ignore_index=True)
    with tally.step("ink of pairs"):
        between["ink"] = _ink_of(between, vectors)
    pairs = pd.concat(
        [identity.pairs(train), *_of_images(between, search, images, sheet)]
    )
    pairs["tier"] = pd.Categorical(pairs["tier"], categories=TIERS)
    pairs = pairs.astype({"a": np.int64, "b": np.int64, "symmetry": np.int64})
    pairs = pairs.sort_values(["a", "b", "tier"]).drop_duplicates(
        ["a", "b"], ignore_index=True
    )
    return Copies(pairs, blurred[sheet[:train]], int(flat[sheet[:train]].sum()), tally)


@dataclass(frozen=True)
class Search:
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

    @property
    def count(self) -> int:
        """The sheets of training images."""
        return len(self.blurred)

    @property
    def names(self) -> tuple[str, ...]:
        """The symmetries to look under."""
        return NAMES if self.settings.symmetries else NAMES[:1]


def _copies(search: Search, known: pd.DataFrame) -> pd.DataFrame:
    options = {
        "names": search.names,
        "at_least": search.settings.copy_min,
        "known": known,
    }
    options["firsts"] = search.count
    with search.tally.step("copy"):
        return ink.cosine_pairs(search.ink, tally=search.tally, step="copy", **options)


def _alike_in_structure(search: Search, known: pd.DataFrame) -> pd.DataFrame:
    options = {"names": search.names, "at_least": search.settings.ssim_min}
    options |= {"tally": search.tally}
    if search.settings.ssim_scope == "global":
        rows = search.rows[: search.count]
        flat = search.flat[: search.count]
        return ssim_pairs(search.gray, rows, None, known=known, flat=flat, **options)
    # A sheet is there once for each class it is of.
    there = pd.DataFrame(
        {"sheet": search.sheet, "label": search.labels}
    ).drop_duplicates()
    there = (
        there.sort_values(["sheet", "label"], ignore_index=True)
        .rename_axis("at")
        .reset_index()
    )
    ends = known[["a", "b"]].merge(there, left_on="a", right_on="sheet")
    ends = ends.merge(there, left_on=["b", "label"], right_on=["sheet", "label"])
    sheet = there["sheet"].to_numpy()
    labels = there["label"].to_numpy()
    options |= {
        "known": pair_table(ends["at_x"], ends["at_y"]),
        "flat": search.flat[sheet],
    }
    pairs = ssim_pairs(search.gray, search.rows[sheet], labels, **options)
    return best_symmetries(pairs.assign(a=sheet[pairs["a"]], b=sheet[pairs["b"]]))


def _alike_in_raw_pixels(search: Search, known: pd.DataFrame) -> pd.DataFrame:
    options = {
        "names": search.names,
        "at_least": search.settings.cosine_min,
        "known": known,
    }
    with search.tally.step("cosine"):
        paper = ink.paper_vectors(search.gray, search.rows[: search.count])
        paper[search.flat[: search.count]] = (
            0  # white paper is no copy of other white paper
        )
        return ink.cosine_pairs(paper, tally=search.tally, step="cosine", **options)


def _variants(search: Search, known: pd.DataFrame) -> pd.DataFrame:
    settings = search.settings
    with search.tally.step("variant"):
        return variant_pairs(
            search.gray,
            search.rows[: search.count],
            search.ink[: search.count],
            search.blurred,
            names=search.names,
            blurred_min=settings.blurred_min,
            aligned_min=settings.aligned_min,
            most=settings.variants_per_image * len(search.labels),
            known=known,
            tally=search.tally,
        )


METHODS = {
    "copy": _copies,
    "ssim": _alike_in_structure,
    "cosine": _alike_in_raw_pixels,
    "variant": _variants,
}


def _of_images(
    between: pd.DataFrame, search: Search, images: pd.DataFrame, sheet: np.ndarray
) -> Iterator[pd.DataFrame]:
    """Pairs of sheets as pairs of training images, and of these with each test image."""
    train = len(search.labels)
    kin = kin_of(images[: len(search.labels)])
    inside = between[between["b"] < search.count]
    scoped = (inside["tier"] == "ssim") & (search.settings.ssim_scope == "class")
    yield as_images(inside[~scoped], search.sheet, None, kin)
    yield as_images(inside[scoped], search.sheet, search.labels, kin)
    first = pd.Series(np.arange(train)).groupby(search.sheet).first()
    tests = pd.DataFrame({"b": sheet[train:], "place": np.arange(train, len(sheet))})
    across = between[between["b"] >= search.count].merge(tests, on="b")
    one = first.reindex(across["a"]).to_numpy(np.int64)
    yield across.assign(a=one, b=across["place"].to_numpy(np.int64))[between.columns]


def _tier(name: str, pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.assign(tier=name)


def _ink_of(pairs: pd.DataFrame, vectors: np.ndarray) -> np.ndarray:
    """The cosine of each pair's ink under its own symmetry, (P,)."""
    cosines = pairs["score"].to_numpy(np.float64, copy=True)
    judge = ink.cosine_judge(vectors)
    unsure = pairs[pairs["tier"] != "copy"]  # whose score is just that
    for symmetry, rows in unsure.groupby("symmetry").groups.items():
        for part in np.array_split(rows, len(rows) // 1024 + 1):
            a = pairs.loc[part, "a"].to_numpy()
            b = pairs.loc[part, "b"].to_numpy()
            cosines[part] = judge(NAMES[symmetry], a, b)
    return cosines
