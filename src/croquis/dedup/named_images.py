"""Pairs of the images that a person named: none stands for others, nor do others for it.

Of k equal images a search lists k - 1 pairs, and one of the k is paired with others. That tells the
same as all pairs would, until a person parts one of them from another or drops it.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from croquis.core.symmetries import INVERSE, NAMES, turn
from croquis.tables.components import components

IDENTICAL = ("bytes", "pixels")
_SHEET = np.arange(4).reshape(2, 2)  # looks otherwise under each of the eight
_CODES = {turn(_SHEET, name).tobytes(): code for code, name in enumerate(NAMES)}
_INVERSE = [NAMES.index(INVERSE[name]) for name in NAMES]


class _Pair(NamedTuple):
    """A row of `search.pair_table` with tier and ink."""

    a: int
    b: int
    score: float
    symmetry: int
    tier: str
    ink: float


def things(count: int, pairs: pd.DataFrame) -> np.ndarray:
    """Which of `count` images are one by their bytes or pixels, (N,) int."""
    same = pairs[pairs["tier"].isin(IDENTICAL)]
    return components(count, same["a"].to_numpy(), same["b"].to_numpy())


def add_pairs_of_named(
    pairs: pd.DataFrame, count: int, named: Iterable[int]
) -> pd.DataFrame:
    """`pairs` with all those of `named` images, as if each of them had been compared.

    Args:
        pairs: those that may share a group, with tier and ink.
        count: of images.
        named: positions.
    """
    named = set(named)
    thing = things(count, pairs)
    asked = np.isin(thing, thing[sorted(named)])
    rows = _rows(pairs[asked[pairs["a"]] | asked[pairs["b"]]])
    members: dict[int, list[int]] = defaultdict(list)
    for place in np.flatnonzero(asked).tolist():
        members[int(thing[place])].append(place)
    spokesmen = _Spokesmen(members, thing, named, _turns(rows))
    added = [
        pair for places in members.values() for pair in spokesmen.inside(places)
    ]
    added += [pair for row in rows for pair in spokesmen.between(row)]
    table = pd.DataFrame(added, columns=_Pair._fields)
    table = table.astype({name: pairs[name].dtype for name in _Pair._fields})
    both = pd.concat([pairs, table]).drop_duplicates(["a", "b"])
    return both.sort_values(["a", "b"], ignore_index=True)


def _rows(pairs: pd.DataFrame) -> list[_Pair]:
    table = pairs[list(_Pair._fields)]
    return [_Pair(*row) for row in table.itertuples(index=False, name=None)]


class _Spokesmen:
    """Who speaks for equal images: each one that was named, and the first of the others."""

    def __init__(
        self,
        members: dict[int, list[int]],
        thing: np.ndarray,
        named: set[int],
        turns: dict[int, int],
    ) -> None:
        self._thing = thing
        self._turns = turns
        self._of = {
            key: sorted({*named.intersection(places), *_first(places, named)})
            for key, places in members.items()
        }

    def inside(self, places: list[int]) -> list[_Pair]:
        """Of equal images, all pairs with a spokesman."""
        ends = product(self._of[int(self._thing[places[0]])], places)
        return [
            self._pair(
                one, other, self._turn(one, one, 0, one, other), 1.0, "pixels", 1.0
            )
            for one, other in ends
            if one != other
        ]

    def between(self, row: _Pair) -> list[_Pair]:
        """The pair of two things, for all their spokesmen."""
        one = int(self._thing[row.a])
        other = int(self._thing[row.b])
        if one == other:
            return []
        ends = product(self._of.get(one, [row.a]), self._of.get(other, [row.b]))
        return [
            self._pair(
                a,
                b,
                self._turn(a, row.a, row.symmetry, row.b, b),
                row.score,
                row.tier,
                row.ink,
            )
            for a, b in ends
        ]

    def _turn(self, a: int, x: int, symmetry: int, y: int, b: int) -> int:
        """How b has to be turned to look like a, where y turned by `symmetry` looks like x.

        By way of what each is equal to: b to y, y to x, x to a.
        """
        turn = {place: self._turns.get(place, 0) for place in (a, x, y, b)}
        return _compose(
            turn[b], _INVERSE[turn[y]], symmetry, turn[x], _INVERSE[turn[a]]
        )

    def _pair(
        self, a: int, b: int, symmetry: int, score: float, tier: str, ink: float
    ) -> _Pair:
        if a < b:
            return _Pair(a, b, score, symmetry, tier, ink)
        return _Pair(b, a, score, _INVERSE[symmetry], tier, ink)


def _first(places: list[int], named: set[int]) -> list[int]:
    return [place for place in places if place not in named][:1]


def _turns(rows: list[_Pair]) -> dict[int, int]:
    """How each image has to be turned to look like the first that it is equal to."""
    near: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        if row.tier in IDENTICAL:
            near[row.a].append((row.b, row.symmetry))
            near[row.b].append((row.a, _INVERSE[row.symmetry]))
    turns: dict[int, int] = {}
    for start in sorted(near):
        if start in turns:
            continue
        turns[start] = 0
        reached = [start]
        for place in reached:  # grows as it goes
            for other, symmetry in near[place]:
                if other not in turns:
                    turns[other] = _compose(symmetry, turns[place])
                    reached.append(other)
    return turns


def _compose(*codes: int) -> int:
    """One symmetry after the other, as one."""
    sheet = reduce(lambda sheet, code: turn(sheet, NAMES[code]), codes, _SHEET)
    return _CODES[sheet.tobytes()]
