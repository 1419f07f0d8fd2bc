"""A person's word on copies, which wins: data/overrides.csv.

Columns id, decision, other. `keep` and `drop` say whether an image trains; `same` and `different`
say of two images whether they are copies. Lines may be added by hand, in any order.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from croquis.core.errors import InputError
from croquis.core.params import nearest
from croquis.tables.components import components

COLUMNS = ["id", "decision", "other"]
OF_ONE = ("keep", "drop")
OF_TWO = ("same", "different")


@dataclass(frozen=True)
class Overrides:
    """Positions of images: to keep, to drop, and pairs (a < b) that are the same or different."""

    keep: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()
    same: tuple[tuple[int, int], ...] = ()
    different: tuple[tuple[int, int], ...] = ()

    @property
    def named(self) -> tuple[int, ...]:
        """Those that do not go with their equals: dropped, or called the same or different."""
        return tuple(
            sorted({*self.drop, *chain(*self.same), *chain(*self.different)})
        )


NOBODY = Overrides()  # nobody decided anything


def read_overrides(path: Path, ids: np.ndarray) -> Overrides:
    """The decisions of a file on the images `ids`, (N,).

    Raises:
        InputError: if it is no such csv, names an image or a decision that there is not, or
            contradicts itself.
    """
    places = {name: place for place, name in enumerate(ids.tolist())}
    alone: dict[str, set[int]] = {decision: set() for decision in OF_ONE}
    pairs: dict[str, set[tuple[int, int]]] = {
        decision: set() for decision in OF_TWO
    }
    for where, (name, decision, other) in _lines(path):
        _check_decision(decision, where)
        place = _place(name, places, where)
        if decision in alone:
            _check_alone(decision, other, where)
            alone[decision].add(place)
        else:
            pair = _pair(place, _place(other, places, where), other, where)
            pairs[decision].add(pair)
    overrides = Overrides(
        keep=tuple(sorted(alone["keep"])),
        drop=tuple(sorted(alone["drop"])),
        same=tuple(sorted(pairs["same"])),
        different=tuple(sorted(pairs["different"])),
    )
    _check_sense(overrides, ids.tolist(), path)
    return overrides


def contradictions(
    same: Iterable[tuple[int, int]],
    different: Iterable[tuple[int, int]],
    count: int,
) -> list[tuple[int, int]]:
    """The pairs of `different` that `same` nevertheless connects, among `count` places."""
    edges = np.array(list(same), np.int64).reshape(-1, 2)
    group = components(count, edges[:, 0], edges[:, 1])
    return [(one, other) for one, other in different if group[one] == group[other]]


def _lines(path: Path) -> list[tuple[str, list[str]]]:
    """Where each line that says something stands, and its three fields."""
    lines = _fields(path)
    if not lines or lines[0][1] != COLUMNS:
        received = ",".join(lines[0][1]) if lines else "nothing"
        fix = "write that line first"
        raise InputError(
            path, expected=",".join(COLUMNS), received=received, fix=fix
        )
    for where, fields in lines[1:]:
        if len(fields) > len(COLUMNS):
            raise InputError(
                where,
                expected=",".join(COLUMNS),
                received=f"{len(fields)} fields",
                fix="put names with commas into quotes",
            )
    return [(where, [*fields, "", ""][:3]) for where, fields in lines[1:]]


def _fields(path: Path) -> list[tuple[str, list[str]]]:
    """Where each line of the file stands that is not empty, and its fields.

    By Python's reader: pandas does not number lines, and takes fields that are too many.
    """
    try:
        # Spreadsheets write a byte order mark first, which "-sig" drops.
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, skipinitialspace=True, strict=True)
            return [
                (f"{path} line {reader.line_num}", row)
                for row in reader
                if any(row)
            ]
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(
            path,
            expected="a csv file",
            received=str(error),
            fix="save it as UTF-8 with commas, and close each quote",
        ) from error


def _pair(one: int, other: int, name: str, where: str) -> tuple[int, int]:
    if one == other:
        fix = "name two images, or decide keep or drop"
        raise InputError(
            where, expected="another image", received=repr(name), fix=fix
        )
    return min(one, other), max(one, other)


def _place(name: str, places: dict[str, int], where: str) -> int:
    if name not in places:
        hint = nearest(name, list(places))
        raise InputError(
            where,
            expected="the id of a train image",
            received=repr(name),
            fix=f"{hint} Remove lines that were meant for other data",
        )
    return places[name]


def _check_decision(decision: str, where: str) -> None:
    decisions = [*OF_ONE, *OF_TWO]
    if decision not in decisions:
        raise InputError(
            where,
            expected="a decision",
            received=repr(decision),
            fix=nearest(decision, decisions),
        )


def _check_alone(decision: str, other: str, where: str) -> None:
    if other:
        raise InputError(
            where,
            expected=f"no other with {decision}",
            received=repr(other),
            fix="leave it empty, or decide same or different",
        )


def _check_sense(overrides: Overrides, ids: list[str], path: Path) -> None:
    fix = "remove one of the lines"
    if both := sorted(set(overrides.keep) & set(overrides.drop)):
        received = f"both for {ids[both[0]]!r}"
        raise InputError(path, expected="keep or drop", received=received, fix=fix)
    if torn := contradictions(overrides.same, overrides.different, len(ids)):
        one, other = torn[0]
        received = f"both for {ids[one]!r} and {ids[other]!r}"
        raise InputError(
            path, expected="same or different", received=received, fix=fix
        )
