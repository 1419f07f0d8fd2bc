"""Which copies stay: a picture goes only if a kept one of its own class is a direct copy of it."""

from collections import defaultdict
from collections.abc import Callable

import numpy as np
import pandas as pd


def keep_all(pictures: pd.DataFrame, pairs: pd.DataFrame, min_per_class: int) -> np.ndarray:
    """Everything stays, (N,) bool: copies are groups before they are deletions."""
    return np.ones(len(pictures), bool)


def prune(pictures: pd.DataFrame, pairs: pd.DataFrame, min_per_class: int) -> np.ndarray:
    """Which pictures stay when copies go, (N,) bool.

    Pictures are visited once: originals before derived ones, large ones first, then by id. The
    first of a class in any group meets no kept twin, so no class can empty; and as the twin is a
    direct one, no chain of near copies can drop a picture unlike all that are kept.

    Args:
        pictures: id, label, source_id, width, height.
        pairs: a, b (positions in `pictures`) and score.
        min_per_class: a class with fewer kept pictures gets back those least like their twins.
    """
    labels = pictures["label"].to_numpy()
    twins: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for a, b, score in zip(pairs["a"], pairs["b"], pairs["score"], strict=True):
        if labels[a] == labels[b]:
            twins[a].append((b, score))
            twins[b].append((a, score))
    keep = np.zeros(len(pictures), bool)
    for place in _visits(pictures):
        keep[place] = not any(keep[twin] for twin, _ in twins[place])
    likeness = {
        place: max(score for twin, score in twins[place] if keep[twin])
        for place in np.flatnonzero(~keep)
    }
    keep[_restored(labels, keep, likeness, min_per_class)] = True
    return keep


def _visits(pictures: pd.DataFrame) -> np.ndarray:
    """Positions in the order of visit: originals, then native area, then id."""
    table = pd.DataFrame(
        {
            "derived": pictures["source_id"].to_numpy() != "",
            "small": -(pictures["width"] * pictures["height"]).to_numpy(),
            "id": pictures["id"].to_numpy(),
        }
    )
    return table.sort_values(["derived", "small", "id"]).index.to_numpy()


def _restored(
    labels: np.ndarray, keep: np.ndarray, likeness: dict[int, float], min_per_class: int
) -> list[int]:
    """The dropped positions that come back, the least alike first."""
    missing = {
        label: min_per_class - keep[labels == label].sum() for label in np.unique(labels[~keep])
    }
    back = []
    for place in sorted(likeness, key=lambda place: (likeness[place], place)):
        if missing[labels[place]] > 0:
            missing[labels[place]] -= 1
            back.append(place)
    return back


POLICIES: dict[str, Callable[[pd.DataFrame, pd.DataFrame, int], np.ndarray]] = {
    "group": keep_all,
    "prune": prune,
}
