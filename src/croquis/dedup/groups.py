"""Groups of copies: the connected components of all pairs, and what a picture is worth in one."""

import numpy as np
import pandas as pd

from croquis.components import components
from croquis.dedup.pairs import TIERS, Copies
from croquis.dedup.policy import POLICIES
from croquis.dedup.settings import DedupParams
from croquis.symmetries import NAMES


def grouped(pictures: pd.DataFrame, pairs: pd.DataFrame, settings: DedupParams) -> pd.DataFrame:
    """groups.csv: id, group, keep, weight, conflict, in the order of the index of `pictures`.

    Args:
        pictures: id, label, source_id, width, height; sorted by id.
        pairs: a, b (positions in `pictures`) and score.
        settings: the policy.
    """
    table = pictures[["id", "label"]].copy()
    table["group"] = components(len(table), pairs["a"].to_numpy(), pairs["b"].to_numpy())
    table["keep"] = POLICIES[settings.policy](pictures, pairs, settings.min_per_class)
    kept = table.groupby("group")["keep"].transform("sum")
    table["weight"] = table["keep"] / kept  # a group counts once, however many copies it has
    table["conflict"] = table.groupby("group")["label"].transform("nunique") > 1
    table = table.sort_index()
    table["group"] = pd.factorize(table["group"])[0]
    return table[["id", "group", "keep", "weight", "conflict"]]


def listed(pictures: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """duplicates.csv: the pairs with ids, the symmetry's name, and whether the classes agree."""
    ids, labels = pictures["id"].to_numpy(), pictures["label"].to_numpy()
    a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    return pd.DataFrame(
        {
            "id_a": ids[a],
            "id_b": ids[b],
            "tier": pairs["tier"].to_numpy(),
            "score": pairs["score"].round(6).to_numpy(),
            "symmetry": np.array(NAMES)[pairs["symmetry"].to_numpy()],
            "same_class": labels[a] == labels[b],
        }
    )


def summary(pictures: pd.DataFrame, copies: Copies, groups: pd.DataFrame) -> dict[str, object]:
    """metrics/dedup.json: counts of pictures, groups, pairs a tier, conflicts and the dropped."""
    labels = pictures.set_index("id")["label"]
    after = labels[groups.loc[groups["keep"], "id"]]
    tiers = copies.pairs["tier"].value_counts()
    return {
        "pictures": len(groups),
        "groups": int(groups["group"].nunique()),
        "biggest_group": int(groups["group"].value_counts().max()),
        "conflicts": int(groups.loc[groups["conflict"], "group"].nunique()),
        "dropped": int((~groups["keep"]).sum()),
        "flat": copies.flat,
        "pairs": {tier: int(tiers[tier]) for tier in TIERS},
        "smallest_class_before": int(labels.value_counts().min()),
        "smallest_class_after": int(after.value_counts().min()),
    }
