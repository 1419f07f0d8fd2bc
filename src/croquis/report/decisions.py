"""What dedup decided of pairs and of groups with several labels, and how to overrule it."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.dataset.overrides import Overrides
from croquis.tables.components import components

OF_A_CONFLICT = (
    60  # pairs, the weakest, and images: a placeholder may be there 10,000 times
)


@dataclass(frozen=True)
class Pair:
    """Two images by their ids, why they pass for copies, and the line that overrules it.

    Attributes:
        first: its id.
        second: its id.
        tier: the test that found them.
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
    pairs: list[Pair]
    more: int


class Said:
    """What a person said already: lines that contradict it would stop the next run.

    Args:
        overrides: positions in `ids`.
        ids: of the training images.
    """

    def __init__(self, overrides: Overrides, ids: Sequence[str]) -> None:
        same = np.array(overrides.same, np.int64).reshape(-1, 2)
        thing = components(len(ids), same[:, 0], same[:, 1]).tolist()
        self._thing = dict(zip(ids, thing, strict=True))
        self._different = {
            frozenset((thing[a], thing[b])) for a, b in overrides.different
        }
        self._settled = {ids[place] for place in (*overrides.keep, *overrides.drop)}

    def line_of(self, name: str, decision: str) -> str:
        """The line for one image, or nothing if there is one of it."""
        return "" if name in self._settled else line(name, decision, "")

    def line_between(self, one: str, decision: str, other: str) -> str:
        """The line for two images, or nothing if others say the opposite, directly or not."""
        things = frozenset((self._thing[one], self._thing[other]))
        opposed = (
            len(things) == 1 if decision == "different" else things in self._different
        )
        return "" if opposed else line(one, decision, other)


def weakest(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs by the cosine of their ink, lowest first, then by ids."""
    return pairs.sort_values(["ink", "id_a", "id_b"])


def conflicts(
    groups: pd.DataFrame, duplicates: pd.DataFrame, said: Said, class_names: pd.Series
) -> list[Conflict]:
    """The groups with several labels, by number, with their images by id.

    Args:
        groups: groups.csv.
        duplicates: duplicates.csv.
        said: by a person.
        class_names: by id.
    """
    disputed = groups[groups["conflict"]].sort_values(
        ["group", "id"], ignore_index=True
    )
    number = disputed.set_index("id")["group"]
    joined = duplicates[
        duplicates["grouped"].astype(bool)
    ]  # of no rows pandas knows no type
    by_group = dict(list(weakest(joined).groupby(joined["id_a"].map(number))))
    found = []
    for group, members in disputed.groupby("group"):
        inside = by_group.get(group, joined[:0])
        of_class = members.groupby(class_names.loc[members["id"]].to_numpy()).cumcount()
        first = members.loc[
            of_class.sort_values(kind="stable").index[:OF_A_CONFLICT]
        ].sort_index()
        images = [
            (name, keep, said.line_of(name, "drop" if keep else "keep"))
            for name, keep in zip(first["id"], first["keep"].tolist(), strict=True)
        ]
        shown = pairs_of(inside.head(OF_A_CONFLICT), said)
        found.append(
            Conflict(int(group), len(members), images, shown, len(inside) - len(shown))
        )
    return found


def pairs_of(table: pd.DataFrame, said: Said | None) -> list[Pair]:
    """The rows of a table in its order; `said` is None where nobody can overrule them."""
    found = []
    for row in table.itertuples():
        decision = "different" if row.grouped else "same"
        overruled = said.line_between(row.id_a, decision, row.id_b) if said else ""
        scores = (row.tier, row.score, row.ink, row.symmetry)
        found.append(
            Pair(row.id_a, row.id_b, *scores, cut=not row.grouped, line=overruled)
        )
    return found


def line(*fields: str) -> str:
    """A line of data/overrides.csv, with the quotes that its fields need."""
    text = io.StringIO()
    csv.writer(text).writerow(fields)
    return text.getvalue().removesuffix("\r\n")
