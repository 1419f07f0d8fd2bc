"""What belongs together: connected components, for copies and for images of one source."""

import numpy as np
import pandas as pd


def components(count: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Which component each of `count` nodes is in, under edges (a, b); (count,) int.

    Components are numbered by first appearance. Union-find: scipy's would be as fast, but takes
    half a second to import.
    """
    parent = list(range(count))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]  # halves the path for the next one
            node = parent[node]
        return node

    for one, other in zip(a.tolist(), b.tolist(), strict=True):
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return pd.factorize(np.array([root(node) for node in range(count)], np.int64))[
        0
    ]


def join_groups(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The smallest groups that neither grouping cuts through, (N,) and (N,) to (N,) int."""
    one = pd.factorize(one)[0]
    other = pd.factorize(other)[0]
    # Rows are edges between a group of the one kind and a group of the other.
    shift = len(one)
    return pd.factorize(components(2 * shift, one, shift + other)[one])[0]


def units(rows: pd.DataFrame) -> np.ndarray:
    """What an interval draws together of some images, (N,) int: groups of copies, or domains.

    Domains with a copy of each other are one. All of one domain would leave nothing to draw: then
    it is groups alone.

    Args:
        rows: of folds.csv.
    """
    joined = join_groups(rows["unit"].to_numpy(), rows["group"].to_numpy())
    return joined if joined.any() else pd.factorize(rows["group"])[0]


def families(ids: pd.Series, source_ids: pd.Series) -> np.ndarray:
    """The family of each image, (N,) int: a source, all that derives from it, and from those.

    Args:
        ids: of the images.
        source_ids: "" where an image derives from none. A source that could not be read is not
            among `ids`, yet makes its derived images one family.
    """
    codes, names = pd.factorize(
        pd.concat([ids, source_ids.where(source_ids != "", ids)])
    )
    images = codes[: len(ids)]
    sources = codes[len(ids) :]
    return components(len(names), images, sources)[images]
