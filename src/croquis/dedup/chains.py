"""Groups of copies without chains: a merge that would join unlike images is not made.

Copies of copies make chains, and connected components follow a chain to images that share
nothing. So pairs are taken from the strongest to the weakest, as in Kruskal's algorithm, and a pair
is a bridge that stays down if beyond it lie images too unlike, too many, or kept apart by a
person. What is identical, or the same by a person's word, is joined whatever its size.

A person's word comes first, so it wins over identity too: of two equal files one may be set apart.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.core.symmetries import INVERSE
from croquis.dedup.measures.ink import cosine_judge
from croquis.dedup.measures.search import cell_order
from croquis.dedup.measures.threads import one_thread
from croquis.tables.components import components

ALIKE = 0
IDENTICAL = 1
SAID = 2  # how far a pair is trusted; the latter two need no similarity
CHUNK = 4096  # pairs compared at once
ROUNDING = 5  # digits; BLAS sums in another order on another number of threads


@dataclass(frozen=True)
class Limits:
    """What a group may be.

    Attributes:
        least: the smallest similarity of two images that machines joined; at 0 any will do, below
            0 too, which cosines of mean-removed ink can be.
        largest: how many images machines join by pairs that are not close.
        apart: pairs of positions that no group may hold.
    """

    least: float
    largest: int
    apart: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Grouping:
    """Groups (N,), numbered by first appearance, and what was cut.

    Attributes:
        group: of each image.
        lowest: the smallest similarity of any two that machines joined, 1 where there are none.
        cut_groups: connected components that fell apart.
        cut_pairs: pairs whose images are in different groups.
    """

    group: np.ndarray
    lowest: float
    cut_groups: int
    cut_pairs: int


@one_thread()
def join_within_limits(
    pairs: pd.DataFrame,
    trust: np.ndarray,
    blurred: np.ndarray,
    names: Sequence[str],
    limits: Limits,
    close: np.ndarray | None = None,
) -> Grouping:
    """Groups of the images that `pairs` connect, within `limits`.

    Args:
        pairs: a, b: positions in `blurred`.
        trust: (P,) ALIKE, IDENTICAL or SAID, by a person.
        blurred: (N, s * s) unit vectors; the similarity of two images is the largest cosine of
            them under the symmetries.
        names: the symmetries.
        limits: of a group.
        close: (P,) bool, pairs of which one could be dropped for the other. No size parts them: a
            hundred encodings of one drawing are no chain. None: no pair is.
    """
    if close is None:
        close = np.zeros(len(pairs), bool)
    a = pairs["a"].to_numpy()
    b = pairs["b"].to_numpy()
    alike = chain_similarity(blurred, a, b, names)
    clusters = _Clusters(blurred, names, limits)
    for place in np.lexsort((b, a, -alike, -trust.astype(int))):
        clusters.join(
            int(a[place]), int(b[place]), int(trust[place]), bool(close[place])
        )
    group = clusters.groups.numbered()
    connected = components(len(blurred), a, b)
    pieces = pd.Series(group).groupby(connected).nunique()
    return Grouping(
        group,
        lowest=clusters.lowest,
        cut_groups=int((pieces > 1).sum()),
        cut_pairs=int((group[a] != group[b]).sum()),
    )


def chain_similarity(
    blurred: np.ndarray, a: np.ndarray, b: np.ndarray, names: Sequence[str]
) -> np.ndarray:
    """The largest cosine of images `a` with images `b` under the symmetries, (P,)."""
    judge = cosine_judge(blurred)
    highest = np.full(len(a), -1.0)
    for start in range(0, len(a), CHUNK):
        part = slice(start, start + CHUNK)
        for name in names:
            highest[part] = np.maximum(highest[part], judge(name, a[part], b[part]))
    return np.round(highest, ROUNDING)


class _Clusters:
    """Images joined pair by pair: by machines into parts, and by anybody into groups.

    Similarity and size are asked of the parts alone. What a person called the same may look like
    anything; asked of groups, one such word would part the sharpest copies from each other.
    """

    def __init__(
        self, blurred: np.ndarray, names: Sequence[str], limits: Limits
    ) -> None:
        self._blurred = blurred
        self._names = names
        self._limits = limits
        self.groups = _Partition(len(blurred))
        self._parts = _Partition(len(blurred))
        for one, other in limits.apart:
            self.groups.forbid(one, other)
        # Of identical images one is compared: the others would say the same again.
        self._faces = {place: [place] for place in range(len(blurred))}
        self.lowest = 1.0

    def join(self, a: int, b: int, trust: int, close: bool) -> None:
        """Joins what two images are in, if that breaks no limit."""
        if self.groups.forbidden(a, b):
            return
        if trust == ALIKE and not self._alike(a, b, close):
            return
        if trust != SAID:
            self._parts.join(a, b)
        self.groups.join(a, b)

    def _alike(self, a: int, b: int, close: bool) -> bool:
        """Whether the parts of two images may be one; if so, both are compared from now on."""
        one, other = self._parts.ends(a, b)
        if one == other:
            return True
        if self._parts.forbidden(a, b):
            return False
        size = len(self._parts.members[one]) + len(self._parts.members[other])
        if size > self._limits.largest and not close:
            return False
        lowest = self._lowest_between(one, other)
        if 0 < self._limits.least > lowest:
            # For good: parts only grow, and what they hold stays unlike.
            self._parts.forbid(a, b)
            return False
        self.lowest = min(self.lowest, lowest)
        self._faces[one] += self._faces.pop(other)
        return True

    def _lowest_between(self, one: int, other: int) -> float:
        x = self._blurred[self._faces[one]]
        y = self._blurred[self._faces[other]]
        side = int(np.sqrt(x.shape[1]))
        highest = np.full((len(x), len(y)), -1.0, np.float32)
        for name in self._names:
            back = cell_order(INVERSE[name], side=side, depth=1)
            np.maximum(highest, x[:, back] @ y.T, out=highest)
        return round(float(highest.min()), ROUNDING)


class _Partition:
    """Places in clusters, each known by its smallest one, and which clusters are not to be one."""

    def __init__(self, count: int) -> None:
        self.of = np.arange(count)  # each place's cluster
        self.members = {place: [place] for place in range(count)}
        self._strangers: dict[int, set[int]] = defaultdict(set)

    def ends(self, a: int, b: int) -> tuple[int, int]:
        """The clusters of two places, the smaller one first."""
        one, other = sorted((int(self.of[a]), int(self.of[b])))
        return one, other

    def forbid(self, a: int, b: int) -> None:
        """The clusters of two places will never be one."""
        one, other = self.ends(a, b)
        self._strangers[one].add(other)
        self._strangers[other].add(one)

    def forbidden(self, a: int, b: int) -> bool:
        """Whether these clusters, or others that went into them, are never to be one."""
        one, other = self.ends(a, b)
        return other in self._strangers.get(one, ())

    def join(self, a: int, b: int) -> None:
        """Makes the clusters of two places one."""
        one, other = self.ends(a, b)
        if one == other:
            return
        self.of[self.members[other]] = one
        self.members[one] += self.members.pop(other)
        for stranger in self._strangers.pop(other, ()):
            self._strangers[stranger].remove(other)
            self._strangers[stranger].add(one)
            self._strangers[one].add(stranger)

    def numbered(self) -> np.ndarray:
        """The cluster of each place, numbered by first appearance, (N,)."""
        return pd.factorize(self.of)[0]
