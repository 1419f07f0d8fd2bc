"""metrics/dedup.json: what the search gave, what was decided, and what it cost."""

from typing import Any

import numpy as np
import pandas as pd

from croquis.core.symmetries import NAMES
from croquis.dedup.groups import Grouped
from croquis.dedup.pairs import TIERS, Copies


def dedup_metrics(
    images: pd.DataFrame, copies: Copies, groups: Grouped, test_copies: pd.DataFrame
) -> dict[str, Any]:
    """Counts of images, pairs, groups, conflicts and classes; seconds; candidates a bound.

    Args:
        images: id and label of the training images.
        copies: the pairs.
        groups: what was decided.
        test_copies: twins.csv.
    """
    return {
        **_count_groups(groups),
        "flat": copies.flat,
        "test_twins": len(test_copies),
        **_count_pairs(groups.pairs),
        "classes": _class_sizes(images["label"], groups.table["keep"].to_numpy()),
        "candidates": {
            _key(name): count for name, count in copies.tally.candidates.items()
        },
        "seconds": {
            _key(name): round(seconds, 1)
            for name, seconds in copies.tally.seconds.items()
        },
    }


def _count_groups(groups: Grouped) -> dict[str, Any]:
    table = groups.table
    sizes = table["group"].value_counts()
    return {
        "images": len(table),
        "groups": len(sizes),
        "biggest_group": int(sizes.max()),
        "with_copies": int(sizes[sizes > 1].sum()),
        "lowest_likeness": groups.grouping.lowest,
        "cut_groups": groups.grouping.cut_groups,
        "cut_pairs": groups.grouping.cut_pairs,
        "conflicts": int(table.loc[table["conflict"], "group"].nunique()),
        "dropped": int((~table["keep"]).sum()),
    }


def _count_pairs(pairs: pd.DataFrame) -> dict[str, dict[str, int]]:
    tiers = pairs["tier"].value_counts()
    symmetries = pairs["symmetry"].value_counts()
    return {
        "pairs": {tier: int(tiers.get(tier, 0)) for tier in TIERS},
        "symmetries": {
            name: int(symmetries.get(code, 0)) for code, name in enumerate(NAMES)
        },
    }


def _class_sizes(labels: pd.Series, keep: np.ndarray) -> dict[str, float]:
    """Images of the smallest and of the median class, before and after the drops."""
    before = labels.value_counts()
    after = labels[keep].value_counts()
    return {
        "smallest_before": int(before.min()),
        "smallest_after": int(after.min()),
        "median_before": float(before.median()),
        "median_after": float(after.median()),
    }


def dedup_lines(counts: dict[str, Any], *, tests: int) -> list[str]:
    """What the stage says at its end; `tests` is how many test images there are."""
    pairs = ", ".join(
        f"{count:,} {tier}" for tier, count in counts["pairs"].items() if count
    )
    seconds = sum(counts["seconds"].values())
    return [
        f"{counts['images']:,} images in {counts['groups']:,} groups; pairs: {pairs or 'none'}",
        f"biggest group {counts['biggest_group']}, {counts['conflicts']} with several labels, "
        f"{counts['cut_groups']} chains cut, {counts['dropped']} images dropped, {seconds:.0f} s",
        f"{counts['test_twins']:,} of {tests:,} test images have a copy in train",
    ]


def _key(name: str) -> str:
    return name.replace(" ", "_")
