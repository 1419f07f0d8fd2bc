"""What dedup decided of pairs and of groups with several labels, and how to overrule it."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from croquis.dataset.dedup_overrides import Overrides
from croquis.tables.components import components

# Pairs, the weakest, and images of a conflict: a placeholder may be there 10,000 times.
MAX_OF_A_CONFLICT = 60


@dataclass(frozen=True)
class CopyPair:
    """Two images by their ids, why they pass for copies, and the line that overrules it.

    Attributes:
        first: its id.
        second: its id.
        tier: the test that joined them.
        score: of that test.
        ink: the cosine of their ink under `symmetry`.
        symmetry: how to turn the second one so that it looks like the first.
        cut: whether they are in different groups nevertheless.
        line: for data/overrides.csv, or nothing.
    """

    first: str
    second: str
    tier: str
    score: float
    ink: float
    symmetry: str
    cut: bool
    line: str


@dataclass(frozen=True)
class Conflict:
    """A group with several labels.

    Attributes:
        group: its number in groups.csv.
        size: how many images it has.
        images: id, whether it trains, and the line that overrules that or nothing, of the first
            of each class, then the second of each, and so on.
        pairs: those that join them, weakest first.
        more: how many pairs are not shown.
    """

    group: int
    size: int
    images: list[tuple[str, bool, str]]
    pairs: list[CopyPair]
    more: int


class PriorDecisions:
    """What a person decided before: lines that contradict it would stop the next run.

    Args:
        overrides: positions in `ids`.
        ids: of the training images.
    """

    def __init__(self, overrides: Overrides, ids: Sequence[str]) -> None:
        same = np.array(overrides.same, np.int64).reshape(-1, 2)
        parts = components(len(ids), same[:, 0], same[:, 1]).tolist()
        self._part = dict(zip(ids, parts, strict=True))
        self._different = {
            frozenset((parts[a], parts[b])) for a, b in overrides.different
        }
        self._settled = {ids[place] for place in (*overrides.keep, *overrides.drop)}

    def line_of(self, name: str, decision: str) -> str:
        """The line for one image, or nothing if there is one of it."""
        return "" if name in self._settled else override_line(name, decision, "")

    def line_between(self, one: str, decision: str, other: str) -> str:
        """The line for two images, or nothing if others say the opposite, directly or not."""
        parts = frozenset((self._part[one], self._part[other]))
        if decision == "different":
            contradicts = len(parts) == 1
        else:
            contradicts = parts in self._different
        return "" if contradicts else override_line(one, decision, other)


def weakest(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs by the cosine of their ink, lowest first, then by ids."""
    return pairs.sort_values(["ink", "id_a", "id_b"])


def conflicts(
    groups: pd.DataFrame,
    duplicates: pd.DataFrame,
    decisions: PriorDecisions,
    class_names: pd.Series,
) -> list[Conflict]:
    """The groups with several labels, by number, with their images by id.

    Args:
        groups: groups.csv.
        duplicates: duplicates.csv.
        decisions: of a person.
        class_names: by id.
    """
    disputed = groups[groups["conflict"]]
    disputed = disputed.sort_values(["group", "id"], ignore_index=True)
    group_of = disputed.set_index("id")["group"]
    # Of no rows pandas knows no type.
    joined = duplicates[duplicates["grouped"].astype(bool)]
    by_group = dict(list(weakest(joined).groupby(joined["id_a"].map(group_of))))
    return [
        _conflict(
            int(str(group)),
            members,
            by_group.get(group, joined[:0]),
            decisions,
            class_names,
        )
        for group, members in disputed.groupby("group")
    ]


def _conflict(
    group: int,
    members: pd.DataFrame,
    pairs: pd.DataFrame,
    decisions: PriorDecisions,
    class_names: pd.Series,
) -> Conflict:
    """One group, of as many images and pairs as a page has room for."""
    first = _some_of_each_class(members, class_names)
    images = [
        (name, keep, decisions.line_of(name, "drop" if keep else "keep"))
        for name, keep in zip(first["id"], first["keep"].tolist(), strict=True)
    ]
    weak = copy_pairs(pairs.head(MAX_OF_A_CONFLICT), decisions)
    return Conflict(group, len(members), images, weak, len(pairs) - len(weak))


def _some_of_each_class(
    members: pd.DataFrame, class_names: pd.Series
) -> pd.DataFrame:
    """The first of each class, then the second of each, and so on, in the order of `members`."""
    of_class = members.groupby(class_names.loc[members["id"]].to_numpy()).cumcount()
    places = of_class.sort_values(kind="stable").index[:MAX_OF_A_CONFLICT]
    return members.loc[places].sort_index()


def copy_pairs(
    table: pd.DataFrame, decisions: PriorDecisions | None
) -> list[CopyPair]:
    """The rows of a table in its order; `decisions` is None where nobody can overrule them."""
    rows: list[Any] = list(table.itertuples())
    return [_copy_pair(row, decisions) for row in rows]


def _copy_pair(row: Any, decisions: PriorDecisions | None) -> CopyPair:
    opposite = "different" if row.grouped else "same"
    line = decisions.line_between(row.id_a, opposite, row.id_b) if decisions else ""
    return CopyPair(
        row.id_a,
        row.id_b,
        tier=row.tier,
        score=row.score,
        ink=row.ink,
        symmetry=row.symmetry,
        cut=not row.grouped,
        line=line,
    )


def override_line(*fields: str) -> str:
    """A line of data/overrides.csv, with the quotes that its fields need."""
    text = io.StringIO()
    csv.writer(text).writerow(fields)
    return text.getvalue().removesuffix("\r\n")
