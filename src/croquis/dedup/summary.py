"""metrics/dedup.json: what the search found, what was decided, and what it cost."""

from typing import Any

import pandas as pd

from croquis.core.symmetries import NAMES
from croquis.dedup.groups import Grouped
from croquis.dedup.pairs import TIERS, Copies


def dedup_metrics(
    images: pd.DataFrame, copies: Copies, groups: Grouped, twins: pd.DataFrame
) -> dict[str, Any]:
    """Counts of images, pairs, groups, conflicts and classes; seconds; candidates a bound.

    Args:
        images: id and label of the training images.
        copies: what was found.
        groups: what was decided.
        twins: twins.csv.
    """
    table = groups.table
    pairs = groups.pairs
    before = images["label"].value_counts()
    after = images.loc[table["keep"].to_numpy(), "label"].value_counts()
    tiers = pairs["tier"].value_counts()
    symmetries = pairs["symmetry"].value_counts()
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
        "flat": copies.flat,
        "test_twins": len(twins),
        "pairs": {tier: int(tiers.get(tier, 0)) for tier in TIERS},
        "symmetries": {
            name: int(symmetries.get(code, 0)) for code, name in enumerate(NAMES)
        },
        "classes": {
            "smallest_before": int(before.min()),
            "smallest_after": int(after.min()),
            "median_before": float(before.median()),
            "median_after": float(after.median()),
        },
        "candidates": {
            _key(name): count for name, count in copies.tally.candidates.items()
        },
        "seconds": {
            _key(name): round(took, 1) for name, took in copies.tally.seconds.items()
        },
    }


def dedup_lines(counts: dict[str, Any], *, tests: int) -> list[str]:
    """What the stage says at its end; `tests` is how many test images there are."""
    pairs = ", ".join(
        f"{count:,} {tier}" for tier, count in counts["pairs"].items() if count
    )
    took = sum(counts["seconds"].values())
    return [
        f"{counts['images']:,} images in {counts['groups']:,} groups; pairs: {pairs or 'none'}",
        f"biggest group {counts['biggest_group']}, {counts['conflicts']} with several labels, "
        f"{counts['cut_groups']} chains cut, {counts['dropped']} images dropped, {took:.0f} s",
        f"{counts['test_twins']:,} of {tests:,} test images have a copy in train",
    ]


def _key(name: str) -> str:
    return name.replace(" ", "_")
