"""Training images that were made from others of them, though nothing says so.

Blurred, thinned to edges or turned, an offline copy is a copy to nobody but the one who made it. In
another fold than its source it is a question with its answer in training. Names propose pairs, and
edges confirm: where they do so far more often than by chance, the files are derived.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.dedup.derived.edge_evidence import LIFT, Evidence, weigh_names
from croquis.dedup.derived.originals import Chosen, choose_by_look, choose_by_name
from croquis.dedup.derived.undeclared_sources import Undeclared, find_undeclared
from croquis.dedup.families import Kin, kin_of
from croquis.dedup.measures.edges import edge_vectors
from croquis.tables.components import components

# Shares of images with a sibling in another group. The icons, which come in several strokes, have
# a quarter, and two thirds in the worst class.
SHARE = 0.35
CLASS_SHARE = 0.75
# Images apart: of fewer a handful of like drawings would be a large share.
SMALLEST = 20
# Of the names of a kind, confirmed: of the icons' strokes .86, made by program nearly all.
SURE = 0.9
# Weights and fillings of icons and letters, which people draw anew, and programs make, too.
STROKES = frozenset(
    "thin light regular medium bold black heavy fill filled line outline outlined solid".split()
)
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
        rule: (N,) int, the place in `originals.RULES` of what decided which one is the source.
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
    ids = images["id"].to_numpy()
    kin = kin_of(images)
    evidence = _weigh(images, gray, kin)
    by_name = evidence.confirmed_pairs
    family, across = _across(np.concatenate([by_name, evidence.alike]), group)
    apart = across & ~kin.derived
    if strange is None:
        strange = np.zeros(len(images))
    chosen, affixes = _choose(evidence, family, apart, strange, ids)
    undeclared = find_undeclared(ids.tolist(), labels, kin, group)
    declared = undeclared.source == np.arange(len(images))
    kinds = _with_apart(evidence, group)
    apart_by_name = _across(by_name, group)[1] & ~kin.derived
    return Derived(
        source=np.where(declared, chosen.source, undeclared.source),
        apart=apart,
        kinds=kinds,
        refused=_many(apart)
        or _whole_classes(apart_by_name, labels)
        or bool(_evident(kinds).any()),
        undeclared=undeclared,
        affixes=affixes,
        rule=chosen.rule,
    )


def _weigh(images: pd.DataFrame, gray: np.ndarray, kin: Kin) -> Evidence:
    vectors = edge_vectors(gray, images.index.to_numpy())
    vectors[kin.derived] = 0  # like nothing here: what they are made from is known
    labels = images["label"].to_numpy()
    return weigh_names(images["id"].tolist(), labels, vectors, kin.derived)


def nearly_all_confirmed(kinds: pd.DataFrame) -> pd.Series:
    """Of which kinds of names edges confirm nine of ten, bool."""
    return kinds["right"] >= SURE * kinds["files"]


def _with_apart(evidence: Evidence, group: np.ndarray) -> pd.DataFrame:
    """The kinds, and how many confirmed files of each are in another group than their source."""
    child, source = evidence.confirmed_pairs.T
    parted = child[group[child] != group[source]]
    counts = pd.Series(evidence.affixes[parted]).value_counts()
    kinds = evidence.kinds
    return kinds.assign(apart=counts.reindex(kinds.index, fill_value=0))


def _across(pairs: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The families that pairs make, (N,) int, and who has some of it in another group, (N,)."""
    family = components(len(group), pairs[:, 0], pairs[:, 1])
    groups = pd.Series(group).groupby(family).transform("nunique")
    return family, groups.gt(1).to_numpy()


def _choose(
    evidence: Evidence,
    family: np.ndarray,
    apart: np.ndarray,
    strange: np.ndarray,
    ids: np.ndarray,
) -> tuple[Chosen, np.ndarray]:
    """The originals, by name if any name is confirmed; and the affixes that say so, (N,)."""
    by_scheme = _in_scheme(evidence)
    if by_scheme.any():
        root = np.where(by_scheme, evidence.named, np.arange(len(ids)))
        chosen = choose_by_name(root, evidence.affixes, strange, ids)
        return chosen, evidence.affixes
    chosen = choose_by_look(family, strange, ids, apart)
    return chosen, np.full(len(ids), "", object)


def _in_scheme(evidence: Evidence) -> np.ndarray:
    """Which files are named by a scheme that edges confirm, (N,) bool.

    With `3_canny` confirmed, `3_crop` is made from 3, too, though it looks like nothing: if most
    files of its kind are named after what others were made from.
    """
    named = evidence.named
    affixes = evidence.affixes
    child = named != np.arange(len(named))
    beside = pd.Series(np.isin(named, named[evidence.confirmed]))[child]
    share = beside.groupby(affixes[child]).mean()
    followed = share.index[share >= LIFT]
    confirmed = np.isin(affixes, evidence.derived_kinds)
    return child & (confirmed | np.isin(affixes, followed))


def _many(apart: np.ndarray) -> bool:
    return bool(apart.sum() >= max(SMALLEST, SHARE * len(apart)))


def _whole_classes(of_name: np.ndarray, labels: np.ndarray) -> bool:
    """Whether whole classes are derived, as where small ones were filled up.

    By names alone: lines, or circles, are all alike without any having been made from another.
    """
    by_class = pd.Series(of_name).groupby(labels).agg(["mean", "size", "sum"])
    mostly = by_class["mean"] >= CLASS_SHARE
    full = by_class[mostly & (by_class["size"] >= SMALLEST_CLASS)]
    return bool(full["sum"].sum() >= IN_CLASSES)


def _evident(kinds: pd.DataFrame) -> pd.Series:
    """Which kinds of names stop the run by themselves, however small their share of all."""
    many = kinds["derived"] & (kinds["apart"] >= SMALLEST)
    return many & (nearly_all_confirmed(kinds) | ~_drawn(kinds))


def _drawn(kinds: pd.DataFrame) -> np.ndarray:
    """Which kinds are strokes that somebody may have drawn anew, bool: `bell-thin` of `bell`."""
    return np.array(
        [not STROKES.isdisjoint(str(affix).split("_")) for affix in kinds.index],
        bool,
    )
