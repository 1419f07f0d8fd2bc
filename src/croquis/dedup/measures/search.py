"""All pairs of images that are alike under the symmetries: bounded by matmuls, then judged.

A bound vector describes the cells of a square grid, so turning the image permutes its cells, and
the inner product of two of them is never below the similarity. What passes is judged exactly.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from croquis.core.progress import progress
from croquis.core.symmetries import INVERSE, NAMES, turn
from croquis.dedup.measures.search_timings import Tally

BLOCK = 1024  # rows of scores held at once: 61 MB at 15,000 images
CHUNK = 1024  # pairs whose vectors are gathered at once: 32 MB at 3,920 numbers
TILE = 2048  # images whose pairs are judged together, so that a judge can remember them
# For float32: the worst that SSIM was above its bound at 224 px was 4e-6 in sums over rows as they
# lie in memory, 1.4e-5 across them (hence np.take below), and 4e-7 in matrix products.
MARGIN = 1e-4

Candidates = Iterator[tuple[str, np.ndarray, np.ndarray]]
Judge = Callable[[str, np.ndarray, np.ndarray], np.ndarray]


def cell_order(name: str, *, side: int, depth: int) -> np.ndarray:
    """The permutation with f(turned(x, name)) = f(x)[permutation], (side * side * depth,).

    Args:
        name: a symmetry.
        side: cells along an edge of the grid.
        depth: numbers that describe one cell; they stay together.
    """
    cells = turn(np.arange(side * side).reshape(side, side), name).ravel()
    return (cells[:, None] * depth + np.arange(depth)).ravel()


def find_candidates(
    vectors: np.ndarray,
    *,
    side: int,
    names: Sequence[str],
    at_least: float,
    firsts: int | None = None,
    desc: str = "",
) -> Candidates:
    """Yields (name, a, b): rows a < b of `vectors` with <f(a), f(turned(b, name))> near `at_least`.

    Args:
        vectors: (N, side * side * depth) float32, in the order that `cell_order` permutes.
        side: cells along an edge of the grid.
        names: the symmetries to look under.
        at_least: the smallest similarity that counts; the margin for rounding is added here.
        firsts: only pairs with one of the first so many rows.
        desc: what a progress bar says; without it there is none.
    """
    depth = vectors.shape[1] // side**2
    count = len(vectors) if firsts is None else firsts
    starts = range(0, count, BLOCK)
    for start in progress(starts, desc, unit="block") if desc else starts:
        block = vectors[start : min(start + BLOCK, count)]
        for name in names:
            # <f(x), f(g.y)> = <f(g^-1.x), f(y)>: turning the block is cheaper than turning all.
            back = cell_order(INVERSE[name], side=side, depth=depth)
            bounds = block[:, back] @ vectors[start:].T
            a, b = np.nonzero(bounds >= at_least - MARGIN)
            yield name, a[a < b] + start, b[a < b] + start


def find_candidates_in_classes(
    vectors: np.ndarray,
    labels: np.ndarray,
    *,
    side: int,
    names: Sequence[str],
    at_least: float,
    desc: str,
) -> Candidates:
    """As `find_candidates`, but only pairs of one label; `labels` is (N,)."""
    for label in progress(np.unique(labels), desc, unit="class"):
        members = np.flatnonzero(labels == label)
        for name, a, b in find_candidates(
            vectors[members], side=side, names=names, at_least=at_least
        ):
            yield name, members[a], members[b]


def narrow(
    candidates: Candidates, vectors: np.ndarray, *, side: int, at_least: float
) -> Candidates:
    """The candidates that a second bound passes too, one by one.

    Arguments as for `find_candidates`.
    """
    depth = vectors.shape[1] // side**2
    for name, a, b in candidates:
        order = cell_order(name, side=side, depth=depth)
        for start in range(0, len(a), CHUNK):
            one = a[start : start + CHUNK]
            other = b[start : start + CHUNK]
            second = np.take(vectors[other], order, axis=1)
            bounds = np.einsum("ij,ij->i", vectors[one], second)
            near = bounds >= at_least - MARGIN
            yield name, one[near], other[near]


def skip_decided(candidates: Candidates, decided: pd.DataFrame) -> Candidates:
    """The candidates without `decided`, a `pair_table`: no bound has to look at these pairs."""
    codes = np.sort(_codes(decided["a"].to_numpy(), decided["b"].to_numpy()))
    for name, a, b in candidates:
        new = ~np.isin(_codes(a, b), codes)
        yield name, a[new], b[new]


def count_candidates(candidates: Candidates, tally: Tally, step: str) -> Candidates:
    """The same candidates, counted as `step`."""
    for name, a, b in candidates:
        tally.candidates[step] += len(a)
        yield name, a, b


def judge_candidates(
    candidates: Candidates,
    judge: Judge,
    *,
    at_least: float,
    decided: pd.DataFrame,
    tally: Tally,
    step: str,
) -> pd.DataFrame:
    """The candidates whose judged similarity is `at_least`: each pair once, at its best symmetry.

    Args:
        candidates: as `find_candidates` yields them.
        judge: (name, a, b) to the similarities of images `a` to images `b` turned by `name`.
        at_least: the smallest similarity of a pair.
        decided: a `pair_table` of copies that need no judge.
        tally: counts the candidates as those of the bound of `step`.
        step: the name of this search.
    """
    table = _gather(count_candidates(candidates, tally, f"{step} bound"), decided)
    scores = np.empty(len(table))
    for start in progress(
        range(0, len(table), CHUNK), f"dedup: {step} judge", unit="chunk"
    ):
        part = table.iloc[start : start + CHUNK]
        a = part["a"].to_numpy()
        b = part["b"].to_numpy()
        for name, rows in by_symmetry(part):
            scores[start + rows] = judge(name, a[rows], b[rows])
    return best_symmetries(table.assign(score=scores)[scores >= at_least])


def by_symmetry(pairs: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """The name of each symmetry in a `pair_table`, and the positions of its pairs, (K,) int."""
    symmetry = pairs["symmetry"].to_numpy()
    for code in np.unique(symmetry):
        yield NAMES[code], np.flatnonzero(symmetry == code)


def best_symmetries(pairs: pd.DataFrame) -> pd.DataFrame:
    """Each pair once: at its highest score, and of equals at the first symmetry."""
    pairs = pairs.sort_values(
        ["a", "b", "score", "symmetry"], ascending=[True, True, False, True]
    )
    return pairs.drop_duplicates(["a", "b"], ignore_index=True)


def pair_table(
    a: np.ndarray | pd.Series | Sequence[int] = (),
    b: np.ndarray | pd.Series | Sequence[int] = (),
    *,
    score: np.ndarray | float = 1.0,
    symmetry: np.ndarray | int = 0,
) -> pd.DataFrame:
    """Columns a < b (positions), score, symmetry: b turned by NAMES[symmetry] looks like a."""
    table = pd.DataFrame(
        {"a": np.asarray(a, np.int64), "b": np.asarray(b, np.int64)}
    )
    table["score"] = np.broadcast_to(np.asarray(score, np.float64), len(table))
    table["symmetry"] = np.broadcast_to(np.asarray(symmetry, np.int64), len(table))
    return table


def _gather(candidates: Candidates, decided: pd.DataFrame) -> pd.DataFrame:
    """All candidates but the decided pairs, as a `pair_table`, in the order of judging.

    By tiles, and in them by the second image: what a judge computes of an image serves again.
    """
    parts = [pair_table()]
    for name, a, b in skip_decided(candidates, decided):
        if len(a):
            parts.append(pair_table(a, b, symmetry=NAMES.index(name)))
    table = pd.concat(parts, ignore_index=True)
    table = table.assign(tile=table["a"] // TILE)
    table = table.sort_values(["tile", "b", "a"], ignore_index=True)
    return table.drop(columns="tile")


def _codes(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One number a pair; positions are below 2^31."""
    return (a.astype(np.int64) << 32) | b.astype(np.int64)
