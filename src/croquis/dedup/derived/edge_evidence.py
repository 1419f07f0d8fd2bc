"""What edges say of names: whether a file is nearer to the one it names than to all strangers.

If nobody derived anything, whom a file names is as likely as each stranger to be the nearest.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from croquis.dedup.derived.file_names import READINGS, propose_sources
from croquis.dedup.measures.edges import edge_similarity

# Of 9,045 drawings by hand .7 % and 1.1 % have another of their class above it; derived ones do.
ALIKE = 0.97
BLOCK = 1024  # rows of a class compared at once
CERTAIN = 1e-6  # p of as many confirmed names by chance
LIFT = 0.5  # of the way from what chance confirms to all
FEWEST = 5  # names of a kind


@dataclass(frozen=True)
class Evidence:
    """The way to read names that edges confirm most often, and what they confirm.

    Attributes:
        named: (N,) int, the file that each one names, itself if none.
        affixes: (N,) what its name adds.
        judged: by position the files that name another one and have strangers to compare: affix,
            rivals (how many strangers), right (whether the named one is the nearest).
        kinds: by affix: files, right, chance, p and derived, whether edges confirm the kind.
        alike: (P, 2) int, the pairs of one class whose edges agree by ALIKE or more.
    """

    named: np.ndarray
    affixes: np.ndarray
    judged: pd.DataFrame
    kinds: pd.DataFrame
    alike: np.ndarray

    @property
    def derived_kinds(self) -> pd.Index:
        """The affixes that edges confirm."""
        return self.kinds.index[self.kinds["derived"]]

    @property
    def confirmed(self) -> np.ndarray:
        """(K,) int, the files of these kinds that are nearest to the one they name."""
        of_kind = self.judged["affix"].isin(self.derived_kinds)
        return self.judged.index[self.judged["right"] & of_kind].to_numpy(np.int64)

    @property
    def confirmed_pairs(self) -> np.ndarray:
        """(K, 2) int, these files and those that they name."""
        return np.stack([self.confirmed, self.named[self.confirmed]], axis=1)


class _Nearest(NamedTuple):
    """Similarities of edges by reading and image, each (R, N).

    Attributes:
        stranger: to the nearest stranger of the class, -1 without one.
        named: to the file that the image names, -1 if that has no edges.
        rivals: how many strangers there are.
    """

    stranger: np.ndarray
    named: np.ndarray
    rivals: np.ndarray


def weigh_names(
    ids: list[str], labels: np.ndarray, vectors: np.ndarray, declared: np.ndarray
) -> Evidence:
    """Reads the names in each way, and takes the one of which edges confirm most.

    Args:
        ids: paths, unique.
        labels: (N,) int.
        vectors: (N, 32 * 32) of `edge_vectors`, 0 for what is compared with nothing.
        declared: (N,) bool, what has a source_id: names of these tell nothing new.
    """
    readings = _readings(ids, labels, declared)
    named = np.stack([each for each, _ in readings])
    nearest, alike = _compare(vectors, labels, named)
    evidence = []
    for place, (each, affixes) in enumerate(readings):
        judged = _judge(each, affixes, nearest, place)
        kinds = _count_kinds(judged)
        evidence.append(Evidence(each, affixes, judged, kinds, alike))
    confirmed = [
        (one.kinds["right"] * one.kinds["derived"]).sum() for one in evidence
    ]
    return evidence[int(np.argmax(confirmed))]


def _readings(
    ids: list[str], labels: np.ndarray, declared: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The ways to read the names that differ, each with the affixes; to compare takes a second."""
    readings: list[tuple[np.ndarray, np.ndarray]] = []
    for reading in READINGS:
        source, affixes = propose_sources(ids, labels, reading)
        named = np.where(
            declared | declared[source], np.arange(len(source)), source
        )
        if not any(np.array_equal(named, other) for other, _ in readings):
            readings.append((named, np.array(affixes, object)))
    return readings


def _compare(
    vectors: np.ndarray, labels: np.ndarray, readings: np.ndarray
) -> tuple[_Nearest, np.ndarray]:
    """Compares the edges of each class, once for all `readings`, (R, N) whom the images name.

    Also returns all pairs of at least ALIKE, (P, 2).
    """
    shape = readings.shape
    nearest = _Nearest(
        np.full(shape, -1.0), np.full(shape, -1.0), np.zeros(shape, np.int64)
    )
    alike = [np.empty((0, 2), np.int64)]
    for label in np.unique(labels):
        members = np.flatnonzero((labels == label) & vectors.any(axis=1))
        for start in range(0, len(members), BLOCK):
            rows = members[start : start + BLOCK]
            scores = edge_similarity(vectors[rows], vectors[members])
            alike.append(_alike_pairs(scores, rows, members))
            for reading, named in enumerate(readings):
                block = _nearest_of_rows(scores, rows, members, named)
                nearest.stranger[reading, rows] = block.stranger
                nearest.named[reading, rows] = block.named
                nearest.rivals[reading, rows] = block.rivals
    return nearest, np.concatenate(alike)


def _alike_pairs(
    scores: np.ndarray, rows: np.ndarray, members: np.ndarray
) -> np.ndarray:
    """The pairs a < b of at least ALIKE, (P, 2); scores (R, M) are of `rows` to `members`."""
    a, b = np.nonzero(scores >= ALIKE)
    pairs = np.stack([rows[a], members[b]], axis=1)
    return pairs[pairs[:, 0] < pairs[:, 1]]


def _nearest_of_rows(
    scores: np.ndarray, rows: np.ndarray, members: np.ndarray, named: np.ndarray
) -> _Nearest:
    """The nearest of some rows of a class, each (R,); scores (R, M) are of `rows` to `members`."""
    column = np.searchsorted(members, named[rows]).clip(max=len(members) - 1)
    there = members[column] == named[rows]
    to_named = np.where(there, scores[np.arange(len(rows)), column], -1)
    strange = named[rows][:, None] != named[members][None]
    to_stranger = np.where(strange, scores, -1).max(axis=1, initial=-1)
    return _Nearest(to_stranger, to_named, strange.sum(axis=1))


def _judge(
    named: np.ndarray, affixes: np.ndarray, nearest: _Nearest, reading: int
) -> pd.DataFrame:
    """The files that name another one, with strangers to compare; whether it is the nearest."""
    to_named = nearest.named[reading]
    rivals = nearest.rivals[reading]
    right = to_named > nearest.stranger[reading]
    table = pd.DataFrame({"affix": affixes, "rivals": rivals, "right": right})
    child = named != np.arange(len(named))
    return table[child & (rivals > 0) & (to_named > -1)]


def _count_kinds(judged: pd.DataFrame) -> pd.DataFrame:
    """By affix: files, right ones, what chance would confirm, p, and whether they are derived."""
    from scipy.special import bdtrc  # a third of a second, for those who need it

    kinds = (
        judged.assign(chance=1 / (judged["rivals"] + 1))
        .groupby("affix")
        .agg(
            files=("right", "size"),
            right=("right", "sum"),
            chance=("chance", "mean"),
        )
    )
    # Binomial: the chance of at least as many right ones.
    kinds["p"] = bdtrc(kinds["right"] - 1.0, kinds["files"], kinds["chance"])
    least = kinds["chance"] + LIFT * (1 - kinds["chance"])
    often = kinds["right"] / kinds["files"] >= least
    many = kinds["files"] >= FEWEST
    kinds["derived"] = many & (kinds["p"] < CERTAIN) & often
    return kinds.sort_values(["right", "files"], ascending=False)
