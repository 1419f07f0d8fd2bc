"""What the stage says of images that look derived: nothing, a warning, or an error."""

from typing import Literal

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.dedup.derived.derived_files import (
    SMALLEST,
    Derived,
    find_derived,
    nearly_all_confirmed,
)
from croquis.dedup.derived.edge_evidence import ALIKE
from croquis.dedup.derived.undeclared_sources import Undeclared

EXAMPLES = 3  # kinds of names in an error


def check_derived(
    images: pd.DataFrame,
    gray: np.ndarray,
    group: np.ndarray,
    mode: Literal["refuse", "warn", "ignore"],
) -> list[str]:
    """The warnings about images that look derived; none where there are few of them.

    Args:
        images: as of `find_derived`.
        gray: as of `find_derived`.
        group: as of `find_derived`.
        mode: `dedup.derived`.

    Raises:
        InputError: if there are too many, and `mode` is "refuse".
    """
    if mode == "ignore":
        return []
    derived = find_derived(images, gray, group)
    ids = images["id"].to_numpy()
    if not derived.refused and len(derived.undeclared.places) < SMALLEST:
        return _few_derived(derived.kinds) + _few_undeclared(
            derived.undeclared, ids
        )
    error = _too_many(derived, ids)
    if mode == "refuse":
        raise error
    return [f"warning: {error}"]


def _too_many(derived: Derived, ids: np.ndarray) -> InputError:
    parts = []
    if derived.refused:
        parts.append(
            f"{derived.apart.sum():,} of {len(ids):,} with a sibling in another group "
            f"({_evidence(derived, ids)})"
        )
    if len(derived.undeclared.places):
        parts.append(_count_undeclared(derived.undeclared, ids))
    return InputError(
        "train.csv",
        expected="a source_id for images that were made from others",
        received="; and ".join(parts),
        fix=(
            "say `croquis sources`, which writes a train.csv with that column; or look at them, "
            "and if nobody made them so, say -S dedup.derived=ignore"
        ),
    )


def _count_undeclared(undeclared: Undeclared, ids: np.ndarray) -> str:
    """How many files are named like those with a source_id, and an example."""
    places = undeclared.places
    kinds = pd.Series(undeclared.affixes[places]).value_counts().head(EXAMPLES)
    counts = ", ".join(f"{affix!r} {count:,}" for affix, count in kinds.items())
    example = (
        f"{ids[places[0]]} beside those of {ids[undeclared.source[places[0]]]}"
    )
    return (
        f"{len(places):,} named like those with a source_id, and without one "
        f"({counts}; as {example})"
    )


def _few_undeclared(undeclared: Undeclared, ids: np.ndarray) -> list[str]:
    if not len(undeclared.places):
        return []
    counts = _count_undeclared(undeclared, ids)
    return [f"warning: {counts}: look at them (`croquis sources`)"]


def _few_derived(kinds: pd.DataFrame) -> list[str]:
    """A line for each kind of names that edges confirm, of too few files to stop the run."""
    few = kinds[
        kinds["derived"] & nearly_all_confirmed(kinds) & (kinds["apart"] > 0)
    ]
    return [
        f"warning: {row['apart']} files named {affix!r} look made from the files they name, which "
        "are in other groups: look at them, and say so in source_id (`croquis sources`)"
        for affix, row in few.iterrows()
    ]


def _evidence(derived: Derived, ids: np.ndarray) -> str:
    """An example, and of the names that say so how many the edges confirm."""
    places = np.arange(len(ids))
    child = places[(derived.source != places) & derived.apart]
    texts = [
        f"as {ids[place]} of {ids[derived.source[place]]}" for place in child[:1]
    ]
    for affix, row in (
        derived.kinds[derived.kinds["derived"]].head(EXAMPLES).iterrows()
    ):
        chance = row["chance"] * row["files"]
        texts.append(
            f"{affix!r}: {row['right']:,} of {row['files']:,} nearest to whom they name, "
            f"by chance {chance:.0f}"
        )
    if len(texts) < 2:
        texts.append(f"their edges agree by {ALIKE} or more")
    return "; ".join(texts)
