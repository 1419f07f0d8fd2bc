"""Groups of copies without chains: a merge that would join unlike pictures is not made.

Copies of copies make chains, and connected components follow a chain to pictures that share
nothing. So pairs are taken from the strongest to the weakest, as in Kruskal's algorithm, and a pair
is a bridge that stays down if beyond it lie pictures too unlike, too many, or kept apart by a
person. What is identical, or the same by a person's word, is joined whatever its size.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.components import components
from croquis.dedup.ink import cosine_judge
from croquis.dedup.search import cell_order
from croquis.dedup.threads import one_thread
from croquis.symmetries import INVERSE

SURE = 2.0  # the strength of a pair that needs no likeness, above all cosines
CHUNK = 4096  # pairs compared at once
ROUNDING = 5  # digits; BLAS sums in another order on another number of threads


@dataclass(frozen=True)
class Limits:
    """What a group may be.

    Attributes:
        least: the smallest likeness of two of its pictures; at 0 any will do, below 0 too, which
            cosines of mean-removed ink can be.
        largest: how many pictures.
        apart: pairs of positions that no group may hold.
    """

    least: float
    largest: int
    apart: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Grouping:
    """Groups (N,), numbered by first appearance, and what was cut.

    Attributes:
        group: of each picture.
        lowest: the smallest likeness inside any group, 1 where none has two.
        cut_groups: connected components that fell apart.
        cut_pairs: pairs whose pictures are in different groups.
    """

    group: np.ndarray
    lowest: float
    cut_groups: int
    cut_pairs: int


@one_thread()
def cohesive(
    pairs: pd.DataFrame, sure: np.ndarray, blurred: np.ndarray, names: Sequence[str], limits: Limits
) -> Grouping:
    """Groups of the pictures that `pairs` connect, within `limits`.

    Args:
        pairs: a, b: positions in `blurred`.
        sure: (P,) bool, which pairs need no likeness.
        blurred: (N, s * s) unit vectors; the likeness of two pictures is the largest cosine of
            them under the symmetries.
        names: the symmetries.
        limits: of a group.
    """
    a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    strength = np.where(sure, SURE, likeness(blurred, a, b, names))
    clusters = _Clusters(blurred, names, limits)
    for place in np.lexsort((b, a, -strength)):
        clusters.join(int(a[place]), int(b[place]), sure=bool(sure[place]))
    group = clusters.numbered()
    loose = components(len(blurred), a, b)
    split = pd.Series(group).groupby(loose).nunique()
    return Grouping(
        group, clusters.lowest, int((split > 1).sum()), int((group[a] != group[b]).sum())
    )


def likeness(blurred: np.ndarray, a: np.ndarray, b: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The largest cosine of pictures `a` with pictures `b` under the symmetries, (P,)."""
    judge, found = cosine_judge(blurred), np.full(len(a), -1.0)
    for start in range(0, len(a), CHUNK):
        part = slice(start, start + CHUNK)
        for name in names:
            found[part] = np.maximum(found[part], judge(name, a[part], b[part]))
    return np.round(found, ROUNDING)


class _Clusters:
    """Pictures joined pair by pair."""

    def __init__(self, blurred: np.ndarray, names: Sequence[str], limits: Limits) -> None:
        self._blurred, self._names, self._limits = blurred, names, limits
        self._of = np.arange(len(blurred))  # each picture's cluster: its smallest position
        self._members = {place: [place] for place in range(len(blurred))}
        # Of identical pictures one is compared: the others would say the same again.
        self._faces = {place: [place] for place in range(len(blurred))}
        self._apart: dict[int, set[int]] = defaultdict(set)
        for one, other in limits.apart:
            self._apart[one].add(other)
            self._apart[other].add(one)
        self.lowest = 1.0

    def join(self, a: int, b: int, *, sure: bool) -> None:
        """Joins the clusters of two pictures, if that breaks no limit."""
        one, other = sorted((int(self._of[a]), int(self._of[b])))
        if one == other or self._kept_apart(one, other):
            return
        if not sure:
            if len(self._members[one]) + len(self._members[other]) > self._limits.largest:
                return
            lowest = self._lowest_between(one, other)
            if 0 < self._limits.least > lowest:
                return
            self.lowest = min(self.lowest, lowest)
            self._faces[one] += self._faces[other]
        self._of[self._members[other]] = one
        self._members[one] += self._members.pop(other)

    def numbered(self) -> np.ndarray:
        """The cluster of each picture, numbered by first appearance, (N,)."""
        return pd.factorize(self._of)[0]

    def _kept_apart(self, one: int, other: int) -> bool:
        strangers = set().union(*(self._apart.get(m, ()) for m in self._members[one]))
        return not strangers.isdisjoint(self._members[other])

    def _lowest_between(self, one: int, other: int) -> float:
        x, y = self._blurred[self._faces[one]], self._blurred[self._faces[other]]
        side = int(np.sqrt(x.shape[1]))
        turns = (x[:, cell_order(INVERSE[name], side=side, depth=1)] @ y.T for name in self._names)
        return round(float(np.max(list(turns), axis=0).min()), ROUNDING)


def contradictions(sames: Iterable[tuple[int, int]], apart: Iterable[tuple[int, int]], count: int):
    """The pairs of `apart` that `sames` nevertheless connect."""
    sames = np.array(list(sames), np.int64).reshape(-1, 2)
    group = components(count, sames[:, 0], sames[:, 1])
    return [(one, other) for one, other in apart if group[one] == group[other]]
