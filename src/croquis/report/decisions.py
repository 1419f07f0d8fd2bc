"""What dedup decided of pairs and of groups with several labels, and how to overrule it."""

import csv
import io
from dataclasses import dataclass

import pandas as pd

OF_A_CONFLICT = 60  # pairs, the weakest; a hundred identical pictures have 4,950
SAID = "same"  # the tier that is a person's word


@dataclass(frozen=True)
class Pair:
    """Two pictures by their ids, why they pass for copies, and the line that overrules it.

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
        pictures: id, whether it trains, and the line that overrules that, of all its pictures.
        pairs: those that join them, weakest first.
        more: how many pairs are not shown.
    """

    group: int
    pictures: list[tuple[str, bool, str]]
    pairs: list[Pair]
    more: int


def weakest(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs by the cosine of their ink, lowest first, then by ids."""
    return pairs.sort_values(["ink", "id_a", "id_b"])


def conflicts(groups: pd.DataFrame, duplicates: pd.DataFrame) -> list[Conflict]:
    """The groups with several labels, by number, with all their pictures by id.

    Args:
        groups: groups.csv.
        duplicates: duplicates.csv.
    """
    disputed = groups[groups["conflict"]].sort_values(["group", "id"])
    number = disputed.set_index("id")["group"]
    joined = duplicates[duplicates["grouped"].astype(bool)]  # of no rows pandas knows no type
    by_group = dict(list(weakest(joined).groupby(joined["id_a"].map(number))))
    found = []
    for group, members in disputed.groupby("group"):
        inside = by_group.get(group, joined[:0])
        pictures = [
            (name, keep, line(name, "drop" if keep else "keep", ""))
            for name, keep in zip(members["id"], members["keep"].tolist(), strict=True)
        ]
        shown = pairs_of(inside.head(OF_A_CONFLICT), lines=True)
        found.append(Conflict(int(group), pictures, shown, len(inside) - len(shown)))
    return found


def pairs_of(table: pd.DataFrame, *, lines: bool) -> list[Pair]:
    """The rows of a table in its order; `lines` says whether a person can overrule them."""
    found = []
    for row in table.itertuples():
        decision = "different" if row.grouped else "same"
        decided = lines and row.tier != SAID  # to say the opposite too would be a contradiction
        overruled = line(row.id_a, decision, row.id_b) if decided else ""
        scores = (row.tier, row.score, row.ink, row.symmetry)
        found.append(Pair(row.id_a, row.id_b, *scores, cut=not row.grouped, line=overruled))
    return found


def line(*fields: str) -> str:
    """A line of data/overrides.csv, with the quotes that its fields need."""
    text = io.StringIO()
    csv.writer(text).writerow(fields)
    return text.getvalue().removesuffix("\r\n")
