"""Which copies stay: an image goes only if a kept one of its own class is a direct copy of it."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

# The dropped positions, each with the score of its most alike kept twin.
Dropped = dict[int, float]


def none_dropped(
    images: pd.DataFrame, pairs: pd.DataFrame, equal: np.ndarray
) -> Dropped:
    """Everything stays: copies are groups before they are deletions."""
    return {}


def prune(images: pd.DataFrame, pairs: pd.DataFrame, equal: np.ndarray) -> Dropped:
    """What goes when copies go.

    Images are visited once: originals before derived ones, large ones first, then by id. The
    first of a class in any group meets no kept twin, so no class can empty; and as the twin is a
    direct one, no chain of near copies can drop an image unlike all that are kept.

    Args:
        images: id, label, source_id, width, height.
        pairs: a, b (positions in `images`) and score; one of equal images stands for all.
        equal: (N,) int, which images are one.
    """
    # An image is its thing and its class: the second one of both goes in any case.
    places = pd.MultiIndex.from_arrays([equal, images["label"].to_numpy()])
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(places))}
    kind = [kinds[key] for key in places]
    labels_of: dict[int, list[int]] = defaultdict(list)
    for thing, label in kinds:
        labels_of[thing].append(label)
    twins: dict[int, dict[int, float]] = defaultdict(dict)
    for a, b, score in zip(
        equal[pairs["a"]], equal[pairs["b"]], pairs["score"], strict=True
    ):
        for label in set(labels_of[a]).intersection(labels_of[b]) if a != b else ():
            one = kinds[a, label]
            other = kinds[b, label]
            twins[one][other] = twins[other][one] = max(
                score, twins[one].get(other, score)
            )
    keep: dict[int, int] = {}  # the kept image of a kind
    for place in _visits(images):
        if kind[place] not in keep and not any(
            twin in keep for twin in twins[kind[place]]
        ):
            keep[kind[place]] = place
    return {
        place: 1.0
        if own in keep
        else max(score for twin, score in twins[own].items() if twin in keep)
        for place, own in enumerate(kind)
        if keep.get(own) != place
    }


POLICIES: dict[str, Callable[[pd.DataFrame, pd.DataFrame, np.ndarray], Dropped]] = {
    "group": none_dropped,
    "prune": prune,
}


def restore_dropped(
    labels: np.ndarray, dropped: Dropped, min_per_class: int, gone: Sequence[int] = ()
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
        label: min_per_class - int(kept.get(label, 0)) for label in set(labels[places])
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
