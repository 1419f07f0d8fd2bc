"""Training images that were made from others of them, though nothing says so.

Blurred, thinned to edges or turned, an offline copy is a copy to nobody but the one who made it. In
another fold than its source it is a question with its answer in training. Names propose pairs, and
edges confirm: where they do so far more often than by chance, the files are derived.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.dedup.families import kin_of
from croquis.dedup.file_names import READINGS, is_original, proposed, says_original
from croquis.dedup.measures.edges import edge_similarity, edge_vectors
from croquis.dedup.originals import Chosen, choose
from croquis.dedup.undeclared_sources import Undeclared, find_undeclared
from croquis.tables.components import components

# Of 9,045 drawings by hand .7 % and 1.1 % have another of their class above it; derived ones do.
ALIKE = 0.97
BLOCK = 1024  # rows of a class compared at once
CERTAIN = 1e-6  # p of as many confirmed names by chance
LIFT = 0.5  # of the way from what chance confirms to all
FEWEST = 5  # names of a kind
# Shares of images with a sibling in another group. The icons, which come in several strokes, have
# a quarter, and two thirds in the worst class.
SHARE = 0.35
CLASS_SHARE = 0.75
SMALLEST = (
    20  # images apart: of fewer a handful of like drawings would be a large share
)
# Of the names of a kind, confirmed: of the icons' strokes .86, made by program nearly all.
SURE = 0.9
# Weights and fillings of icons and letters, which people draw anew, and programs make, too.
STROKES = frozenset(
    "thin light regular medium bold black heavy fill filled line outline outlined solid".split()
)
SHOWN = 3  # kinds of names in an error
SMALLEST_CLASS = 8
IN_CLASSES = 30  # images of a class, and of such classes together


@dataclass(frozen=True)
class Derived:
    """What looks derived.

    Attributes:
        source: (N,) int, the image that each seems to be made from, itself if from none; by name
            where names are confirmed, as these know more than looks do.
        apart: (N,) bool, which have a source or siblings in another group.
        kinds: by affix of the name: files, how many of them are nearest to whom they name, and how
            many of these are in another group than it.
        refused: whether there are too many.
        undeclared: those named like images with a source_id.
        affixes: (N,) str, what each name adds; "" of all where looks alone decide.
        rule: (N,) int, the place in `originals.RULES` of what told the source from the derived.
    """

    source: np.ndarray
    apart: np.ndarray
    kinds: pd.DataFrame
    refused: bool
    undeclared: Undeclared
    affixes: np.ndarray
    rule: np.ndarray


def find_derived(
    images: pd.DataFrame,
    gray: np.ndarray,
    group: np.ndarray,
    strange: np.ndarray | None = None,
) -> Derived:
    """The training images that seem to be made from others, beside those that say so.

    Args:
        images: id, label and source_id; the index is the row in `gray`.
        gray: (M, S, S) uint8.
        group: (N,) of copies, which folds never part.
        strange: (N,) float of `originals.strangeness`, where it matters which is the original.
    """
    labels = images["label"].to_numpy()
    kin = kin_of(images)
    ids = images["id"].to_numpy()
    here = np.arange(len(images))
    vectors = edge_vectors(gray, images.index.to_numpy())
    vectors[kin.derived] = 0  # like nothing here: what they are made from is known
    named, affixes, table, alike = _best_reading(
        ids.tolist(), labels, vectors, kin.derived
    )
    kinds = _kinds(table)
    derived = kinds.index[kinds["derived"]]
    sure = table[table["right"] & table["affix"].isin(derived)].index
    by_name = np.stack([sure.to_numpy(np.int64), named[sure]], axis=1)
    kinds["apart"] = _parted(by_name, affixes, group).reindex(kinds.index, fill_value=0)
    of_name = _across(by_name, group)[1] & ~kin.derived
    family, across = _across(np.concatenate([by_name, alike]), group)
    apart = across & ~kin.derived
    strange = np.zeros(len(images)) if strange is None else strange
    told = _schemes(named, affixes, sure, derived)
    if told.any():
        chosen = _by_name(np.where(told, named, here), affixes, strange, ids)
    else:
        chosen = _by_look(family, strange, ids, apart)
        affixes = np.full(len(ids), "", object)
    undeclared = find_undeclared(ids.tolist(), labels, kin, group)
    source = np.where(undeclared.source != here, undeclared.source, chosen.source)
    refused = (
        _many(apart) or _whole_classes(of_name, labels) or bool(_evident(kinds).any())
    )
    return Derived(source, apart, kinds, refused, undeclared, affixes, chosen.rule)


def _across(pairs: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The families that pairs make, (N,) int, and who has some of it in another group, (N,)."""
    family = components(len(group), pairs[:, 0], pairs[:, 1])
    return family, pd.Series(group).groupby(family).transform("nunique").gt(
        1
    ).to_numpy()


def _many(apart: np.ndarray) -> bool:
    return bool(apart.sum() >= max(SMALLEST, SHARE * len(apart)))


def _best_reading(
    ids: list[str], labels: np.ndarray, vectors: np.ndarray, declared: np.ndarray
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame, np.ndarray]:
    """Of the ways to read names that of which edges confirm more, and all alike pairs.

    Returns whom each names, (N,); the affixes, (N,); the files with a name to judge; pairs, (P, 2).
    """
    readings = []
    for reading in READINGS:
        named, affixes = proposed(ids, labels, reading)
        named = np.where(declared | declared[named], np.arange(len(named)), named)
        if not any(
            np.array_equal(named, other) for other, _ in readings
        ):  # they take a second
            readings.append((named, np.array(affixes, object)))
    compared, alike = _compared(
        vectors, labels, np.stack([named for named, _ in readings])
    )
    tables = [
        _judged(*reading, *one) for reading, one in zip(readings, compared, strict=True)
    ]
    confirmed = [
        (kinds["right"] * kinds["derived"]).sum() for kinds in map(_kinds, tables)
    ]
    best = int(np.argmax(confirmed))
    return *readings[best], tables[best], alike


def _judged(
    named: np.ndarray,
    affixes: np.ndarray,
    nearest: np.ndarray,
    own: np.ndarray,
    rivals: np.ndarray,
) -> pd.DataFrame:
    """The files that name another one, with strangers to compare; whether it is the nearest."""
    table = pd.DataFrame(
        {"affix": affixes, "own": own, "other": nearest, "rivals": rivals}
    )
    table = table[(named != np.arange(len(named))) & (rivals > 0) & (own > -1)]
    return table.assign(right=table["own"] > table["other"])


def _schemes(
    named: np.ndarray, affixes: np.ndarray, sure: pd.Index, derived: pd.Index
) -> np.ndarray:
    """Which files are named by a scheme that edges confirm, (N,) bool.

    With `3_canny` confirmed, `3_crop` is made from 3, too, though it looks like nothing: if most
    files of its kind are named after what others were made from.
    """
    child = named != np.arange(len(named))
    beside = pd.Series(np.isin(named, named[sure]))[child]
    share = beside.groupby(affixes[child]).mean()
    return child & (
        np.isin(affixes, derived) | np.isin(affixes, share.index[share >= LIFT])
    )


def _parted(by_name: np.ndarray, affixes: np.ndarray, group: np.ndarray) -> pd.Series:
    """By affix how many confirmed files are in another group than the one they name."""
    child, source = by_name.T
    return pd.Series(affixes[child])[group[child] != group[source]].value_counts()


def _evident(kinds: pd.DataFrame) -> pd.Series:
    """Which kinds of names stop the run by themselves, however small their share of all."""
    return (
        kinds["derived"]
        & (kinds["apart"] >= SMALLEST)
        & (_surely(kinds) | ~_drawn(kinds))
    )


def _surely(kinds: pd.DataFrame) -> pd.Series:
    return kinds["right"] >= SURE * kinds["files"]


def _drawn(kinds: pd.DataFrame) -> np.ndarray:
    """Which kinds are strokes that somebody may have drawn anew, bool: `bell-thin` of `bell`."""
    return np.array(
        [not STROKES.isdisjoint(str(affix).split("_")) for affix in kinds.index], bool
    )


def _compared(
    vectors: np.ndarray, labels: np.ndarray, readings: np.ndarray
) -> tuple[list[tuple[np.ndarray, np.ndarray, np.ndarray]], np.ndarray]:
    """Of each image the likeness to the nearest stranger of its class, and to whom it names.

    Also how many strangers there are; so for each of `readings`, (R, N) whom they name. And all
    pairs of at least ALIKE, (P, 2).
    """
    shape = readings.shape
    nearest = np.full(shape, -1.0)
    own = np.full(shape, -1.0)
    rivals = np.zeros(shape, np.int64)
    alike = []
    for label in np.unique(labels):
        members = np.flatnonzero((labels == label) & vectors.any(axis=1))
        for start in range(0, len(members), BLOCK):
            rows = members[start : start + BLOCK]
            scores = edge_similarity(vectors[rows], vectors[members])
            a, b = np.nonzero(scores >= ALIKE)
            pairs = np.stack([rows[a], members[b]], axis=1)
            alike.append(pairs[pairs[:, 0] < pairs[:, 1]])
            for which, named in enumerate(readings):
                column = np.searchsorted(members, named[rows]).clip(
                    max=len(members) - 1
                )
                there = members[column] == named[rows]
                own[which, rows[there]] = scores[there, column[there]]
                strange = named[rows][:, None] != named[members][None]
                rivals[which, rows] = strange.sum(axis=1)
                nearest[which, rows] = np.where(strange, scores, -1).max(
                    axis=1, initial=-1
                )
    pairs = np.concatenate([np.empty((0, 2), np.int64), *alike])
    return list(zip(nearest, own, rivals, strict=True)), pairs


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
    kinds["derived"] = (
        many & (kinds["p"] < CERTAIN) & (kinds["right"] / kinds["files"] >= least)
    )
    return kinds.sort_values(["right", "files"], ascending=False)


def _by_name(
    root: np.ndarray, affixes: np.ndarray, strange: np.ndarray, ids: np.ndarray
) -> Chosen:
    """The originals of families by name; how strange a kind looks is one number for all of it."""
    late = np.array([not is_original(affix) for affix in affixes], int)
    # An original is one, what was made from it may be several of a kind.
    several = (
        pd.Series(affixes).groupby([root, affixes]).size().gt(1).groupby(level=1).mean()
    )
    late += (late > 0) & np.isin(affixes, several.index[several > LIFT])
    inside = np.isin(root, root[root != np.arange(len(root))])
    kinds = pd.Series(strange)[inside].groupby(affixes[inside]).mean().round(1)
    return choose(root, late, pd.Series(affixes).map(kinds).fillna(0).to_numpy(), ids)


def _by_look(
    family: np.ndarray, strange: np.ndarray, ids: np.ndarray, apart: np.ndarray
) -> Chosen:
    """The originals of families by look; nobody's is who has no sibling in another group."""
    family = np.where(apart, family, len(ids) + np.arange(len(ids)))
    late = np.array([not says_original(name) for name in ids], int)
    return choose(family, late, strange, ids)


def _whole_classes(of_name: np.ndarray, labels: np.ndarray) -> bool:
    """Whether whole classes are derived, as where small ones were filled up.

    By names alone: lines, or circles, are all alike without any having been made from another.
    """
    by_class = pd.Series(of_name).groupby(labels).agg(["mean", "size", "sum"])
    full = by_class[
        (by_class["mean"] >= CLASS_SHARE) & (by_class["size"] >= SMALLEST_CLASS)
    ]
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
    if mode == "ignore":
        return []
    found = find_derived(images, gray, group)
    ids = images["id"].to_numpy()
    if not found.refused and len(found.undeclared.places) < SMALLEST:
        return _hints(found.kinds) + _few_undeclared(found.undeclared, ids)
    error = _error(found, ids)
    if mode == "refuse":
        raise error
    return [f"warning: {error}"]


def _error(found: Derived, ids: np.ndarray) -> InputError:
    received = f"{found.apart.sum():,} of {len(ids):,} with a sibling in another group"
    received += f" ({_evidence(found, ids)})" if found.refused else ""
    if len(found.undeclared.places):
        beside = _beside(found.undeclared, ids)
        received = f"{received}; and {beside}" if found.refused else beside
    expected = "a source_id for images that were made from others"
    fix = "say `croquis sources`, which writes a train.csv with that column; or look at them, and"
    fix += " if nobody made them so, say -S dedup.derived=ignore"
    return InputError("train.csv", expected=expected, received=received, fix=fix)


def _beside(undeclared: Undeclared, ids: np.ndarray) -> str:
    """How many files are named like those with a source_id, and an example."""
    places = undeclared.places
    kinds = pd.Series(undeclared.affixes[places]).value_counts().head(SHOWN)
    counts = ", ".join(f"{affix!r} {count:,}" for affix, count in kinds.items())
    example = f"{ids[places[0]]} beside those of {ids[undeclared.source[places[0]]]}"
    said = f"{len(places):,} named like those with a source_id, and without one"
    return f"{said} ({counts}; as {example})"


def _few_undeclared(undeclared: Undeclared, ids: np.ndarray) -> list[str]:
    if not len(undeclared.places):
        return []
    return [f"warning: {_beside(undeclared, ids)}: look at them (`croquis sources`)"]


def _hints(kinds: pd.DataFrame) -> list[str]:
    """A line for each kind of names that edges confirm, of too few files to stop the run."""
    few = kinds[kinds["derived"] & _surely(kinds) & (kinds["apart"] > 0)]
    return [
        f"warning: {row['apart']} files named {affix!r} look made from the files they name, which "
        "are in other groups: look at them, and say so in source_id (`croquis sources`)"
        for affix, row in few.iterrows()
    ]


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
