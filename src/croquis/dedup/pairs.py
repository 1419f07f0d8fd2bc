"""Every pair of copies, by the strongest test that finds it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.dedup.families import kin_of
from croquis.dedup.identity import Identity
from croquis.dedup.measures import exact, ink
from croquis.dedup.measures.search import by_symmetry
from croquis.dedup.measures.search_timings import Tally
from croquis.dedup.methods import Sheets, compare_sheets
from croquis.dedup.settings import DedupParams
from croquis.dedup.sheet_pairs import as_images

# From the strongest test to the weakest; "same" is a person's word.
TIERS = ("same", "bytes", "pixels", "copy", "ssim", "cosine", "variant")
SURE = ("same", "bytes", "pixels")
NEEDED = ["split", "label", "sha256", "digest"]  # columns of the images' table
PART = 1024  # pairs whose vectors are gathered at once


@dataclass(frozen=True)
class Copies:
    """The copies among images.

    Attributes:
        pairs: one row a pair. a < b: positions in the table of images; tier: one of `TIERS`;
            score: what that test measured, 0 to 1; symmetry: `NAMES[symmetry]` turns b to look
            like a; ink: the cosine of their ink under that symmetry, 1 where they are identical.
            Of k identical images there are k - 1 pairs, and to others one of them is paired.
        blurred: (N, 32 * 32) of `ink.blurred_vectors`, by which groups are judged; of the training
            images.
        flat: how many training images have no ink to compare.
        tally: what it cost: seconds a step, candidates a bound.
    """

    pairs: pd.DataFrame
    blurred: np.ndarray
    flat: int
    tally: Tally


def find_copies(
    images: pd.DataFrame, gray: np.ndarray, settings: DedupParams
) -> Copies:
    """The pairs of copies among images, each under its first tier: enough pairs to span all copies.

    Equal images are compared once, however many there are. Test images meet training images in the
    tests that need no label and no alignment: identity and `copy`. Two test images are no pair.

    The methods: equal bytes or pixels; `copy`, the cosine of mean-removed ink at 64 px; `ssim`,
    structural similarity (Wang et al., 2004) as scikit-image computes it, at 224 px; `cosine`, of
    raw pixels at 64 px; `variant`, the ink again after an alignment by ECC (Evangelidis and
    Psarakis, 2008). All are exact over all pairs, by the bounds of `measures/bounds.py`.

    Example:
        >>> images = describe_images(gray)  # of identity.py
        >>> copies = find_copies(images, gray, DedupParams(methods=["copy"]))
        >>> copies.pairs[["a", "b", "tier", "score"]]

    Args:
        images: a row an image: split (train or test), label, sha256 of the file and digest of
            `symmetries.symmetric_digest`; its index is the row in `gray`. Train images first and
            each split sorted by id, so that nothing depends on the order of files. With id and
            source_id, what is derived joins its source alone.
        gray: (N, 224, 224) uint8, gray levels; 255 is white paper.
        settings: the tests and their thresholds, which are similarities from 0 to 1.

    Raises:
        InputError: if a column is missing, test images come before train images, or `gray` is not
            such an array.
    """
    _check(images, gray)
    tally = Tally()
    with tally.step("identical"):
        sheet = exact.sheet_numbers(gray, images.index.to_numpy())
    with tally.step("ink"):
        sheets = Sheets.of(images, sheet, gray, settings, tally)
    with tally.step("identical"):
        identity = Identity.of(
            images, sheet, sheets.flat, gray, symmetries=settings.symmetries
        )
    between = compare_sheets(sheets, identity.between_sheets(len(sheets.rows)))
    with tally.step("ink of pairs"):
        between["ink"] = _ink_of(between, sheets.ink)
    identical = identity.pairs(len(sheets.labels))
    pairs = pd.concat([identical, *_of_images(between, sheets, images, sheet)])
    flat = int(sheets.flat[sheets.sheet].sum())
    return Copies(_first_tiers(pairs), sheets.blurred[sheets.sheet], flat, tally)


def _check(images: pd.DataFrame, gray: np.ndarray) -> None:
    if missing := [name for name in NEEDED if name not in images]:
        raise InputError(
            "images",
            expected=f"the columns {', '.join(NEEDED)}",
            received=f"none named {missing[0]}",
            fix="take index.csv of prepare, or describe_images of croquis.dedup.identity",
        )
    if gray.ndim != 3 or gray.shape[1] != gray.shape[2] or gray.dtype != np.uint8:
        raise InputError(
            "gray",
            expected="square sheets, (N, 224, 224) uint8",
            received=f"{gray.shape} {gray.dtype}",
            fix="take gray224.npy of prepare, or resize your images",
        )
    if not (images["split"] == "train").is_monotonic_decreasing:
        raise InputError(
            "images",
            expected="train images before test images",
            received="a test image before a train image",
            fix="sort them by split, descending, and id",
        )


def _first_tiers(pairs: pd.DataFrame) -> pd.DataFrame:
    """Each pair once, under its strongest tier, in the order of positions."""
    pairs = pairs.assign(tier=pd.Categorical(pairs["tier"], categories=TIERS))
    pairs = pairs.astype({"a": np.int64, "b": np.int64, "symmetry": np.int64})
    pairs = pairs.sort_values(["a", "b", "tier"])
    return pairs.drop_duplicates(["a", "b"], ignore_index=True)


def _of_images(
    between: pd.DataFrame, sheets: Sheets, images: pd.DataFrame, sheet: np.ndarray
) -> Iterator[pd.DataFrame]:
    """Pairs of sheets as pairs of training images, and of these with each test image."""
    kin = kin_of(images[: len(sheets.labels)])
    inside = between[between["b"] < sheets.count]
    scoped = (inside["tier"] == "ssim") & (sheets.settings.ssim_scope == "class")
    yield as_images(inside[~scoped], sheets.sheet, None, kin)
    yield as_images(inside[scoped], sheets.sheet, sheets.labels, kin)
    yield _with_tests(between[between["b"] >= sheets.count], sheets.sheet, sheet)


def _with_tests(
    between: pd.DataFrame, train: np.ndarray, every: np.ndarray
) -> pd.DataFrame:
    """Each test image with the first training image of a sheet that is like its own.

    Args:
        between: pairs of sheets, of which b has test images alone.
        train: (T,) the sheets of the training images.
        every: (N,) the sheets of these and of the test images.
    """
    first = pd.Series(np.arange(len(train))).groupby(train).first()
    places = np.arange(len(train), len(every))
    tests = pd.DataFrame({"b": every[len(train) :], "place": places})
    pairs = between.merge(tests, on="b")
    one = first.reindex(pairs["a"]).to_numpy(np.int64)
    other = pairs["place"].to_numpy(np.int64)
    return pairs.assign(a=one, b=other)[between.columns]


def _ink_of(pairs: pd.DataFrame, vectors: np.ndarray) -> np.ndarray:
    """The cosine of each pair's ink under its own symmetry, (P,)."""
    cosines = pairs["score"].to_numpy(np.float64, copy=True)
    judge = ink.cosine_judge(vectors)
    a = pairs["a"].to_numpy()
    b = pairs["b"].to_numpy()
    # The score of a copy is just that.
    unsure = np.flatnonzero(pairs["tier"] != "copy")
    for name, places in by_symmetry(pairs.iloc[unsure]):
        rows = unsure[places]
        for part in np.array_split(rows, len(rows) // PART + 1):
            cosines[part] = judge(name, a[part], b[part])
    return cosines
