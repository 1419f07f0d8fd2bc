"""Copies that need no measure: the same bytes, the same native pixels, or the same gray sheet.

Of k equal images k - 1 pairs are listed, a spanning tree: all pairs of 10,000 placeholders would be
fifty millions, and say nothing more.
"""

import hashlib
from itertools import combinations

import numpy as np
import pandas as pd

from croquis.core.symmetries import NAMES, turn
from croquis.dedup.measures.search import pair_table
from croquis.tables.components import components


def sheet_numbers(gray: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Which of `gray[rows]` are equal byte for byte, (R,) int, numbered by first appearance.

    What is equal here is equal to every test, so that one of them stands for all.
    """
    hashes = [
        hashlib.blake2b(gray[row].tobytes(), digest_size=16).hexdigest()
        for row in rows
    ]
    return pd.factorize(np.array(hashes, dtype=object))[0]


def pixel_keys(
    digests: np.ndarray,
    sheet: np.ndarray,
    gray: np.ndarray,
    rows: np.ndarray,
    *,
    symmetries: bool,
) -> np.ndarray:
    """Which images have equal native pixels, (N,) int; turned ones too, if `symmetries`.

    Args:
        digests: (N,) of `symmetries.digest`, which all eight turns share.
        sheet: (N,) of `sheet_numbers`.
        gray: (M, S, S) uint8.
        rows: (N,) the row of `gray` at each position.
        symmetries: if not, what needs a turn is no copy.
    """
    codes = pd.factorize(digests)[0]
    if symmetries:
        return codes
    kinds = pd.DataFrame(
        {"code": codes, "sheet": sheet, "place": np.arange(len(codes))}
    )
    standing = kinds.drop_duplicates(["code", "sheet"])
    a, b = _unturned(standing, gray, rows).T
    of_kind = pd.Series(components(len(codes), a, b)[standing["place"]])
    of_kind.index = pd.MultiIndex.from_frame(standing[["code", "sheet"]])
    return of_kind.loc[
        pd.MultiIndex.from_frame(kinds[["code", "sheet"]])
    ].to_numpy()


def _unturned(
    standing: pd.DataFrame, gray: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """The places of one digest that fit each other best without a turn, (P, 2) int."""
    alike = [
        pair
        for _, places in standing.groupby("code")["place"]
        # A digest has at most eight sheets.
        for pair in combinations(places.tolist(), 2)
        if best_symmetry(gray[rows[pair[0]]], gray[rows[pair[1]]]) == 0
    ]
    return np.array(alike, np.int64).reshape(-1, 2)


def spanning_pairs(keys: list[np.ndarray]) -> tuple[pd.DataFrame, np.ndarray]:
    """A spanning forest of positions with an equal key: a `pair_table`, and the key of each pair.

    Earlier keys come first, and each joins the rest of its images to the first of them. Of images
    that are equal by any key, k give k - 1 pairs.

    Args:
        keys: each (N,) int; below 0 is equal to nothing.
    """
    count = len(keys[0])
    places = np.arange(count)
    parent = np.arange(count)
    pairs: list[tuple[int, int, int]] = []
    for number, key in enumerate(keys):
        heads = pd.Series(places).groupby(key).transform("first").to_numpy()
        for place in np.flatnonzero((heads != places) & (key >= 0)).tolist():
            head = int(heads[place])
            one, other = sorted((_root(parent, head), _root(parent, place)))
            if one != other:
                parent[other] = one
                pairs.append((head, place, number))
    table = np.array(sorted(pairs), np.int64).reshape(-1, 3)
    return pair_table(table[:, 0], table[:, 1]), table[:, 2]


def _root(parent: np.ndarray, node: int) -> int:
    while parent[node] != node:
        parent[node] = node = int(parent[parent[node]])
    return node


def best_symmetry(x: np.ndarray, y: np.ndarray) -> int:
    """The code of the symmetry of `y` that fits `x` best, the first of equals; both (S, S) uint8.

    Resizing may not commute with turns, so the fit is a nearest one.
    """
    x = x.astype(np.int32)
    best = (np.inf, 0)
    for code, name in enumerate(NAMES):
        best = min(best, (float(np.abs(x - turn(y, name)).sum()), code))
        if best[0] == 0:  # nothing fits better, and the first of equals is found
            break
    return best[1]
