"""Which copies stay: an image goes only if a kept one of its class is a direct copy of it."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

# The dropped positions, each with the score of its most alike kept copy.
Dropped = dict[int, float]
Kind = tuple[int, int]  # which thing, and of which class


def none_dropped(
    images: pd.DataFrame, pairs: pd.DataFrame, equal: np.ndarray
) -> Dropped:
    """Everything stays: copies are groups before they are deletions."""
    return {}


def prune(images: pd.DataFrame, pairs: pd.DataFrame, equal: np.ndarray) -> Dropped:
    """What goes when copies go.

    Images are visited once: originals before derived ones, large ones first, then by id. The
    first of a class in any group meets no kept copy, so no class can empty; and as the copy is a
    direct one, no chain of near copies can drop an image unlike all that are kept.

    Args:
        images: id, label, source_id, width, height.
        pairs: a, b (positions in `images`) and score; one of equal images stands for all.
        equal: (N,) int, which images are one.
    """
    kinds = _kinds(images, equal)
    copies = _copies_of_kinds(kinds, equal, pairs)
    kept: dict[Kind, int] = {}  # the image that stays of a kind
    for place in _visits(images):
        kind = kinds[place]
        if kind not in kept and not any(copy in kept for copy in copies[kind]):
            kept[kind] = place
    return {
        place: _best_score(kind, copies[kind], kept)
        for place, kind in enumerate(kinds)
        if kept.get(kind) != place
    }


def _kinds(images: pd.DataFrame, equal: np.ndarray) -> list[Kind]:
    """The kind of each image: what it is, and its class; the second of both goes in any case."""
    return list(zip(equal.tolist(), images["label"].tolist(), strict=True))


def _copies_of_kinds(
    kinds: list[Kind], equal: np.ndarray, pairs: pd.DataFrame
) -> dict[Kind, dict[Kind, float]]:
    """The copies of each kind that are of its class, each with the highest score."""
    labels_of: dict[int, set[int]] = defaultdict(set)
    for thing, label in kinds:
        labels_of[thing].add(label)
    copies: dict[Kind, dict[Kind, float]] = defaultdict(dict)
    ends = zip(
        equal[pairs["a"]].tolist(),
        equal[pairs["b"]].tolist(),
        pairs["score"],
        strict=True,
    )
    for a, b, score in ends:
        for label in labels_of[a] & labels_of[b] if a != b else ():
            best = max(score, copies[a, label].get((b, label), score))
            copies[a, label][b, label] = best
            copies[b, label][a, label] = best
    return copies


def _best_score(
    kind: Kind, copies: dict[Kind, float], kept: dict[Kind, int]
) -> float:
    """The score of the most alike kept copy; 1 where an equal one of the class is kept."""
    if kind in kept:
        return 1.0
    return max(score for copy, score in copies.items() if copy in kept)


POLICIES: dict[str, Callable[[pd.DataFrame, pd.DataFrame, np.ndarray], Dropped]] = {
    "group": none_dropped,
    "prune": prune,
}


def restore_dropped(
    labels: np.ndarray,
    dropped: Dropped,
    min_per_class: int,
    gone: Sequence[int] = (),
) -> Dropped:
    """`dropped` without what its class needs to have `min_per_class`, the least alike first.

    Args:
        labels: (N,).
        dropped: what a policy drops.
        min_per_class: how many images a class keeps, if it has them.
        gone: what stays away in any case; not in `dropped`.
    """
    places = list(dropped)
    kept = pd.Series(np.delete(labels, [*places, *gone])).value_counts()
    missing = {
        label: min_per_class - int(kept.get(label, 0))
        for label in set(labels[places])
    }
    left: Dropped = {}
    for place in sorted(dropped, key=lambda place: (dropped[place], place)):
        if missing[labels[place]] > 0:
            missing[labels[place]] -= 1
        else:
            left[place] = dropped[place]
    return left


def _visits(images: pd.DataFrame) -> np.ndarray:
    """Positions in the order of visit: originals, then native area, then id."""
    table = pd.DataFrame(
        {
            "derived": images["source_id"].to_numpy() != "",
            "small": -(images["width"] * images["height"]).to_numpy(),
            "id": images["id"].to_numpy(),
        }
    )
    return table.sort_values(["derived", "small", "id"]).index.to_numpy()
