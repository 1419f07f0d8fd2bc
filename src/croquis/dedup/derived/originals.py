"""Which of a family is the original, that the others were made from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.dedup.derived.name_words import is_original, says_original

# What decides which one is the original, best first.
RULES = ("its name", "its similarity to the test images", "the shortest name")
MOST = 0.5  # of the families with a kind, have several of it: then it is made, not drawn
STEP = 8  # pixels: every eighth row says how dark a drawing is
FEWEST = 20  # test images, for their range to say much
INSIDE = 1, 99  # percentiles of the test images
GRAY = 64, 192  # levels that are neither paper nor ink


@dataclass(frozen=True)
class Chosen:
    """The originals.

    Attributes:
        source: (N,) int, the original of each one's family; itself if it is the one.
        rule: (N,) int, the place in RULES of what decided about each one's family.
    """

    source: np.ndarray
    rule: np.ndarray


def choose_by_name(
    root: np.ndarray, affixes: np.ndarray, strange: np.ndarray, ids: np.ndarray
) -> Chosen:
    """The originals of families by name; how strange a kind looks is one number for all of it.

    Args:
        root: (N,) int, the file that each one is named after, itself if none.
        affixes: (N,) what its name adds.
        strange: (N,) float of `strangeness`.
        ids: (N,) str.
    """
    late = np.array([not is_original(affix) for affix in affixes], int)
    # An original is one, what was made from it may be several of a kind.
    sizes = pd.Series(affixes).groupby([root, affixes]).size()
    several = sizes.gt(1).groupby(level=1).mean()
    late += (late > 0) & np.isin(affixes, several.index[several > MOST])
    inside = np.isin(root, root[root != np.arange(len(root))])
    kinds = pd.Series(strange)[inside].groupby(affixes[inside]).mean().round(1)
    strange_kind = pd.Series(affixes).map(kinds).fillna(0).to_numpy()
    return choose(root, late, strange_kind, ids)


def choose_by_look(
    family: np.ndarray, strange: np.ndarray, ids: np.ndarray, apart: np.ndarray
) -> Chosen:
    """The originals of families by look; nobody's is who has no sibling in another group.

    Args:
        family: (N,) int, images whose edges agree.
        strange: (N,) float of `strangeness`.
        ids: (N,) str.
        apart: (N,) bool, who has a sibling in another group.
    """
    alone = len(ids) + np.arange(len(ids))
    late = np.array([not says_original(name) for name in ids], int)
    return choose(np.where(apart, family, alone), late, strange, ids)


def choose(
    family: np.ndarray, late: np.ndarray, strange: np.ndarray, ids: np.ndarray
) -> Chosen:
    """The original of each family.

    Args:
        family: (N,) int.
        late: (N,) int, 0 whose name calls it the original, or adds nothing; more of others.
        strange: (N,) float, how unlike the test images each, or its kind, is.
        ids: (N,) str.
    """
    table = pd.DataFrame(
        {"family": family, "late": late, "strange": strange, "id": ids}
    )
    table = table.assign(length=table["id"].str.len(), place=np.arange(len(ids)))
    table = table.sort_values(["late", "strange", "length", "id"])
    source = (
        table.groupby("family")["place"].transform("first").sort_index().to_numpy()
    )
    table = table.sort_index()
    by_name = _rivals(table, ["late"]) <= 1
    by_look = _rivals(table, ["late", "strange"]) <= 1
    return Chosen(source, np.select([by_name, by_look], [0, 1], 2))


def _rivals(table: pd.DataFrame, keys: list[str]) -> np.ndarray:
    """How many of each one's family are the best by `keys`, (N,) int."""
    best = pd.Series(True, table.index)
    for key in keys:
        values = table[key].astype(float).where(best)
        best &= values == values.groupby(table["family"]).transform("min")
    return best.groupby(table["family"]).transform("sum").to_numpy()


def strangeness(
    gray: np.ndarray, rows: np.ndarray, tests: np.ndarray
) -> np.ndarray:
    """Which images are darker, grayer or have more edges than test images, or less; (R,) float.

    0 or 1; 0 for all where there are few test images.

    Args:
        gray: (N, S, S) uint8.
        rows: (R,) which images.
        tests: (T,) the test images.
    """
    if len(tests) < FEWEST:
        return np.zeros(len(rows))
    low, high = np.percentile(_looks(gray, tests), INSIDE, axis=0)
    looks = _looks(gray, rows)
    return ((looks < low) | (looks > high)).any(axis=1).astype(float)


def _looks(gray: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Mean level, share of gray pixels and mean step to the next pixel, (R, 3)."""
    looks = []
    for row in rows:
        lines = gray[row, ::STEP].astype(np.int16)
        between = (lines > GRAY[0]) & (lines < GRAY[1])
        looks.append(
            (lines.mean(), between.mean(), np.abs(np.diff(lines, axis=1)).mean())
        )
    return np.array(looks, float).reshape(-1, 3)
