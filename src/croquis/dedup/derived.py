"""Training images that were made from others of them, though nothing says so.

Blurred, thinned to edges or turned, an offline copy is a copy to nobody but the one who made it. In
another fold than its source it is a question with its answer in training. Names propose pairs, and
edges confirm: where they do so far more often than by chance, the files are derived.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from croquis.components import components
from croquis.dedup.affixes import proposed
from croquis.dedup.edges import edge_vectors, likeness
from croquis.dedup.sheets import kin_of
from croquis.errors import InputError

# Of 9,045 drawings by hand .7 % and 1.1 % have another of their class above it; derived ones do.
ALIKE = 0.97
BLOCK = 1024  # rows of a class compared at once
CERTAIN = 1e-6  # p of as many confirmed names by chance
LIFT = 0.5  # of the way from what chance confirms to all
FEWEST = 5  # names of a kind
# Shares of images with a sibling in another group. The icons, which come in several strokes, have
# a quarter, and two thirds in the worst class.
SHARE, CLASS_SHARE = 0.35, 0.75
SMALLEST = 20  # images apart: of fewer a handful of like drawings would be a large share
SHOWN = 3  # kinds of names in an error
SMALLEST_CLASS, IN_CLASSES = 8, 30  # images of a class, and of such classes together


@dataclass(frozen=True)
class Derived:
    """What looks derived.

    Attributes:
        source: (N,) int, the image that each seems to be made from, itself if from none; by name
            where names are confirmed, as these know more than looks do.
        apart: (N,) bool, which have a source or siblings in another group.
        kinds: by affix of the name: files, and how many of them are nearest to whom they name.
        refused: whether there are too many.
    """

    source: np.ndarray
    apart: np.ndarray
    kinds: pd.DataFrame
    refused: bool


def find_derived(images: pd.DataFrame, gray: np.ndarray, group: np.ndarray) -> Derived:
    """The training images that seem to be made from others, beside those that say so.

    Args:
        images: id, label and source_id; the index is the row in `gray`.
        gray: (M, S, S) uint8.
        group: (N,) of copies, which folds never part.
    """
    labels, kin = images["label"].to_numpy(), kin_of(images)
    declared = kin.derived
    named, affixes = proposed(images["id"].tolist(), labels)
    named = np.where(declared | declared[named], np.arange(len(named)), named)
    vectors = edge_vectors(gray, images.index.to_numpy())
    vectors[declared] = 0  # like nothing here: what they are made from is known
    nearest, own, rivals, alike = _compared(vectors, labels, named)
    table = pd.DataFrame({"affix": affixes, "own": own, "other": nearest, "rivals": rivals})
    table = table[(named != np.arange(len(named))) & (rivals > 0) & (own > -1)]
    table["right"] = table["own"] > table["other"]
    kinds = _kinds(table)
    sure = table[table["right"] & table["affix"].isin(kinds.index[kinds["derived"]])].index
    by_name = np.stack([sure.to_numpy(np.int64), named[sure]], axis=1)
    families = [
        components(len(images), pairs[:, 0], pairs[:, 1])
        for pairs in (by_name, np.concatenate([by_name, alike]))
    ]
    of_name, apart = (
        pd.Series(group).groupby(family).transform("nunique").gt(1).to_numpy() & ~declared
        for family in families
    )
    told = np.isin(affixes, kinds.index[kinds["derived"]]) & (named != np.arange(len(named)))
    by_look = _sources(families[1], images["id"].to_numpy(), apart)
    source = np.where(told, named, np.arange(len(named))) if told.any() else by_look
    refused = bool(apart.sum() >= max(SMALLEST, SHARE * len(apart))) or _whole_classes(
        of_name, labels
    )
    return Derived(source, apart, kinds, refused)


def _compared(vectors: np.ndarray, labels: np.ndarray, named: np.ndarray):
    """Of each image the likeness to the nearest stranger of its class, and to whom it names.

    Also how many strangers there are, and all pairs of at least ALIKE, (P, 2).
    """
    count = len(vectors)
    nearest, own = np.full(count, -1.0), np.full(count, -1.0)
    rivals, alike = np.zeros(count, np.int64), []
    for label in np.unique(labels):
        members = np.flatnonzero((labels == label) & vectors.any(axis=1))
        for start in range(0, len(members), BLOCK):
            rows = members[start : start + BLOCK]
            scores = likeness(vectors[rows], vectors[members])
            a, b = np.nonzero(scores >= ALIKE)
            pairs = np.stack([rows[a], members[b]], axis=1)
            alike.append(pairs[pairs[:, 0] < pairs[:, 1]])
            column = np.searchsorted(members, named[rows]).clip(max=len(members) - 1)
            there = members[column] == named[rows]
            own[rows[there]] = scores[there, column[there]]
            strange = named[rows][:, None] != named[members][None]
            rivals[rows] = strange.sum(axis=1)
            nearest[rows] = np.where(strange, scores, -1).max(axis=1, initial=-1)
    return nearest, own, rivals, np.concatenate([np.empty((0, 2), np.int64), *alike])


def _kinds(table: pd.DataFrame) -> pd.DataFrame:
    """By affix: files, right ones, what chance would confirm, p, and whether they are derived.

    If nobody derived anything, whom a file names is as likely as each stranger to be the nearest.
    """
    from scipy.special import bdtrc  # a third of a second, for those who need it

    chances = 1 / (table["rivals"] + 1)
    kinds = (
        table.assign(chance=chances)
        .groupby("affix")
        .agg(files=("right", "size"), right=("right", "sum"), chance=("chance", "mean"))
    )
    kinds["p"] = bdtrc(kinds["right"] - 1.0, kinds["files"], kinds["chance"])
    kinds.loc[kinds["right"] == 0, "p"] = 1.0
    least = kinds["chance"] + LIFT * (1 - kinds["chance"])
    many = kinds["files"] >= FEWEST
    kinds["derived"] = many & (kinds["p"] < CERTAIN) & (kinds["right"] / kinds["files"] >= least)
    return kinds.sort_values(["right", "files"], ascending=False)


def _sources(family: np.ndarray, ids: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Of each family the first of the shortest names, (N,) int."""
    table = pd.DataFrame({"family": family, "place": np.arange(len(family)), "id": ids})
    table = table.assign(length=table["id"].str.len()).sort_values(["length", "id"])
    first = table.groupby("family")["place"].transform("first").sort_index().to_numpy()
    return np.where(apart, first, np.arange(len(family)))


def _whole_classes(of_name: np.ndarray, labels: np.ndarray) -> bool:
    """Whether whole classes are derived, as where small ones were filled up.

    By names alone: lines, or circles, are all alike without any having been made from another.
    """
    by_class = pd.Series(of_name).groupby(labels).agg(["mean", "size", "sum"])
    full = by_class[(by_class["mean"] >= CLASS_SHARE) & (by_class["size"] >= SMALLEST_CLASS)]
    return bool(full["sum"].sum() >= IN_CLASSES)


def complaints(
    images: pd.DataFrame,
    gray: np.ndarray,
    group: np.ndarray,
    mode: Literal["refuse", "warn", "ignore"],
) -> list[str]:
    """What to say of images that look derived; nothing where there are few of them.

    Arguments as of `find_derived`.

    Raises:
        InputError: if there are too many, and `mode` is "refuse".
    """
    found = None if mode == "ignore" else find_derived(images, gray, group)
    if found is None or not found.refused:
        return []
    received = f"{found.apart.sum():,} of {len(images):,} with a sibling in another group"
    received += f" ({_evidence(found, images['id'].to_numpy())})"
    expected = "a source_id for pictures that were made from others"
    fix = "say `croquis sources`, which writes a train.csv with that column; or look at them, and"
    fix += " if nobody made them so, say -S dedup.derived=ignore"
    error = InputError("train.csv", expected=expected, received=received, fix=fix)
    if mode == "refuse":
        raise error
    return [f"warning: {error}"]


def _evidence(found: Derived, ids: np.ndarray) -> str:
    """An example, and of the names that say so how many the edges confirm."""
    places = np.arange(len(ids))
    child = places[(found.source != places) & found.apart]
    texts = [f"as {ids[place]} of {ids[found.source[place]]}" for place in child[:1]]
    for affix, row in found.kinds[found.kinds["derived"]].head(SHOWN).iterrows():
        chance = row["chance"] * row["files"]
        texts.append(
            f"{affix!r}: {row['right']:,} of {row['files']:,} nearest to whom they name, "
            f"by chance {chance:.0f}"
        )
    if len(texts) < 2:
        texts.append(f"their edges agree by {ALIKE} or more")
    return "; ".join(texts)
