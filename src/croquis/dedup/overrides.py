"""A person's word on copies, which wins: data/overrides.csv.

Columns id, decision, other. `keep` and `drop` say whether a picture trains; `same` and `different`
say of two pictures whether they are copies. Lines may be added by hand, in any order.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from croquis.dedup.chains import contradictions
from croquis.errors import InputError
from croquis.params import nearest

COLUMNS = ["id", "decision", "other"]
OF_ONE, OF_TWO = ("keep", "drop"), ("same", "different")


@dataclass(frozen=True)
class Overrides:
    """Positions of pictures: to keep, to drop, and pairs (a < b) that are the same or different."""

    keep: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()
    same: tuple[tuple[int, int], ...] = ()
    different: tuple[tuple[int, int], ...] = ()


def read_overrides(path: Path, ids: np.ndarray) -> Overrides:
    """The decisions of a file on the pictures `ids`, (N,).

    Raises:
        InputError: if it names a picture or a decision that there is not, or contradicts itself.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True)
    if list(table.columns) != COLUMNS:
        received, fix = ",".join(table.columns), "write that line first"
        raise InputError(path, expected=",".join(COLUMNS), received=received, fix=fix)
    places = {name: place for place, name in enumerate(ids.tolist())}
    found: dict[str, list] = {decision: [] for decision in OF_ONE + OF_TWO}
    for number, row in enumerate(table.itertuples(index=False), start=2):
        where = f"{path} line {number}"
        if row.decision not in found:
            fix = nearest(row.decision, list(found))
            raise InputError(where, expected="a decision", received=repr(row.decision), fix=fix)
        one = _place(row.id, places, where)
        if row.decision in OF_ONE:
            _check_alone(row, where)
            found[row.decision].append(one)
        else:
            other = _place(row.other, places, where)
            found[row.decision].append((min(one, other), max(one, other)))
    decided = Overrides(**{decision: tuple(sorted(set(of))) for decision, of in found.items()})
    _check_sense(decided, ids.tolist(), path)
    return decided


def _place(name: str, places: dict[str, int], where: str) -> int:
    if name not in places:
        fix = f"{nearest(name, list(places))} Remove lines that were meant for other data"
        raise InputError(where, expected="the id of a train picture", received=repr(name), fix=fix)
    return places[name]


def _check_alone(row, where: str) -> None:
    if row.other:
        fix = "leave it empty, or decide same or different"
        raise InputError(
            where, expected=f"no other with {row.decision}", received=repr(row.other), fix=fix
        )


def _check_sense(decided: Overrides, ids: list[str], path: Path) -> None:
    fix = "remove one of the lines"
    if both := sorted(set(decided.keep) & set(decided.drop)):
        received = f"both for {ids[both[0]]!r}"
        raise InputError(path, expected="keep or drop", received=received, fix=fix)
    if torn := contradictions(decided.same, decided.different, len(ids)):
        one, other = torn[0]
        received = f"both for {ids[one]!r} and {ids[other]!r}"
        raise InputError(path, expected="same or different", received=received, fix=fix)
