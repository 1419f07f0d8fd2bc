"""One image with several labels: what the policies make of it.

They act on images that are surely one: identical, or copies by the strict threshold. A chain of
looser pairs shares a fold and is reported, but drops nothing.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

MAJORITY = 2.0  # times as many as any other label of the image


def is_disputed(labels: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Which images are in a cluster of several labels, (N,) bool."""
    return (pd.Series(labels).groupby(cluster).transform("nunique") > 1).to_numpy()


def none_outvoted(labels: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Everything stays, (N,) bool."""
    return np.zeros(len(labels), bool)


def minority(labels: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """The images whose label another one of their cluster outvotes 2:1, (N,) bool."""
    table = pd.DataFrame({"label": labels, "cluster": cluster})
    votes = table.groupby(["cluster", "label"])["label"].transform("size")
    most = votes.groupby(table["cluster"]).transform("max")
    return (most >= MAJORITY * votes).to_numpy()


def label_shares(labels: np.ndarray, cluster: np.ndarray) -> list[str]:
    """Each disputed image's labels and their shares of its cluster: "3:0.5 7:0.5"; else ""."""
    table = pd.DataFrame({"label": labels, "cluster": cluster})
    texts = table.groupby("cluster")["label"].agg(_text)
    disputed = is_disputed(labels, cluster)
    return np.where(disputed, texts.loc[cluster].to_numpy(), "").tolist()


def _text(labels: pd.Series) -> str:
    shares = labels.value_counts(normalize=True).sort_index()
    # Nine digits: with six, shares that are trained on would miss 1 by as much as float32 can tell.
    return " ".join(f"{label}:{share:.9g}" for label, share in shares.items())


# What each policy drops.
DROPPED: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "keep": none_outvoted,
    "drop_minority": minority,
    "drop_all": is_disputed,
    "soft": none_outvoted,
}
