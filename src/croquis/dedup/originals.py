"""Which of a family is the original, that the others were made from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

# How an original is told, best first.
RULES = ("its name", "its likeness to the test images", "the shortest name")
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
    first = table.sort_values(["late", "strange", "length", "id"]).groupby("family")[
        "place"
    ]
    source = first.transform("first").sort_index().to_numpy()
    late, other = (_rivals(table, keys) > 1 for keys in (["late"], ["late", "strange"]))
    return Chosen(source, np.where(~late, 0, np.where(~other, 1, 2)))


def _rivals(table: pd.DataFrame, keys: list[str]) -> np.ndarray:
    """How many of each one's family are the best by `keys`, (N,) int."""
    best = pd.Series(True, table.index)
    for key in keys:
        values = table[key].astype(float).where(best)
        best &= values == values.groupby(table["family"]).transform("min")
    return best.groupby(table["family"]).transform("sum").to_numpy()


def strangeness(gray: np.ndarray, rows: np.ndarray, tests: np.ndarray) -> np.ndarray:
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
