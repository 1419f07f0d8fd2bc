"""The page's section on copies: the biggest groups, and the pairs that passed most narrowly."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from croquis.report.thumbnails import Thumbnail, Thumbnails
from croquis.tables.fold_tables import ALWAYS

# So that the page stays small.
MAX_GROUPS = 6
MAX_OF_A_GROUP = 8
MAX_NARROW = 12


@dataclass(frozen=True)
class CopyGroup:
    """A group of copies, its first images, and how many more there are."""

    size: int
    conflict: bool
    images: list[Thumbnail]

    @property
    def more(self) -> int:
        """The images that are not shown."""
        return self.size - len(self.images)

    @property
    def class_names(self) -> str:
        """The classes of the images shown."""
        return ", ".join(sorted({image.class_name for image in self.images}))


@dataclass(frozen=True)
class NarrowPair:
    """Two images that pass for copies, and why: the test (tier), its score, the flip or turn."""

    first: Thumbnail
    second: Thumbnail
    tier: str
    score: float
    symmetry: str
    same_class: bool


def biggest_groups(groups: pd.DataFrame, thumbnails: Thumbnails) -> list[CopyGroup]:
    """The biggest groups of at least two, by size and then by number; `groups` is groups.csv."""
    sizes = (
        groups["group"].value_counts().rename_axis("group").reset_index(name="size")
    )
    sizes = sizes[sizes["size"] > 1].sort_values(
        ["size", "group"], ascending=[False, True]
    )
    biggest = [
        groups[groups["group"] == group]
        for group in sizes["group"].head(MAX_GROUPS)
    ]
    return [
        CopyGroup(
            size=len(members),
            conflict=bool(members["conflict"].any()),
            images=thumbnails.of(members["id"].tolist()[:MAX_OF_A_GROUP]),
        )
        for members in biggest
    ]


def narrowest_pairs(
    duplicates: pd.DataFrame, groups: pd.DataFrame, thumbnails: Thumbnails
) -> list[NarrowPair]:
    """Each group's pair with the lowest score, lowest first; pairs that were cut did not pass.

    One of a group: where drawings come several times over, its other pairs show the same again.

    Args:
        duplicates: duplicates.csv.
        groups: groups.csv.
        thumbnails: the images.
    """
    # Of no rows pandas knows no type.
    joined = duplicates[duplicates["grouped"].astype(bool)]
    group = joined["id_a"].map(groups.set_index("id")["group"])
    table = joined.assign(group=group).sort_values(["score", "id_a", "id_b"])
    table = table.drop_duplicates("group").head(MAX_NARROW)
    rows: list[Any] = list(table.itertuples())
    return [
        NarrowPair(
            first=thumbnails.of([row.id_a])[0],
            second=thumbnails.of([row.id_b])[0],
            tier=row.tier,
            score=row.score,
            symmetry=row.symmetry,
            same_class=row.same_class,
        )
        for row in rows
    ]


def in_groups(groups: pd.DataFrame) -> tuple[int, int]:
    """How many images have a copy, and in how many groups they are."""
    sizes = groups["group"].value_counts()
    return int(sizes[sizes > 1].sum()), int((sizes > 1).sum())


def leaking(folds: pd.DataFrame) -> int:
    """How many scored images have a kept copy in another fold; `folds` is folds.csv.

    None, unless split.group is false.
    """
    parts = folds[folds["keep"]].groupby("group")["fold"].nunique()
    return int((folds["scored"] & folds["group"].map(parts).gt(1)).sum())


def partly_seen(folds: pd.DataFrame) -> int:
    """How many scored images have another of their domain or group that always trains.

    None, unless a rare class of one domain does (`split.rare`); `folds` is folds.csv.
    """
    seen = folds.loc[folds["keep"] & (folds["fold"] == ALWAYS), "unit"]
    return int((folds["scored"] & folds["unit"].isin(seen)).sum())


def cut_across(duplicates: pd.DataFrame, folds: pd.DataFrame) -> int:
    """How many pairs that were cut have a scored image in one fold and a kept one in another.

    A model is scored on the one and trains on the other.

    Args:
        duplicates: duplicates.csv.
        folds: folds.csv.
    """
    cut = duplicates[~duplicates["grouped"].astype(bool)]
    of_id = folds.set_index("id")[["fold", "scored", "keep"]]
    a, b = (of_id.loc[cut[end]].reset_index(drop=True) for end in ("id_a", "id_b"))
    seen = (a["scored"] & b["keep"]) | (b["scored"] & a["keep"])
    return int((seen & (a["fold"] != b["fold"])).sum())
