"""The whole of the stage dedup: from images to groups, pairs, counts, and what is said of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from croquis.dataset import train_only
from croquis.dataset.dedup_overrides import Overrides
from croquis.dedup.derived.messages import check_derived
from croquis.dedup.groups import copies_of_test, list_pairs
from croquis.dedup.pairs import find_copies
from croquis.dedup.settings import DedupParams
from croquis.dedup.summary import dedup_lines, dedup_metrics
from croquis.dedup.train_only_copies import drop_test_copies, group_beside


@dataclass(frozen=True)
class Deduplicated:
    """What the stage leaves.

    Attributes:
        groups: groups.csv, one row a training image, in the order of index.csv.
        pairs: duplicates.csv, one row a pair of training images.
        test_copies: twins.csv, one row a test image with a copy in train.
        metrics: metrics/dedup.json.
        lines: what the stage says at its end.
    """

    groups: pd.DataFrame
    pairs: pd.DataFrame
    test_copies: pd.DataFrame
    metrics: dict[str, Any]
    lines: list[str]


def order_images(index: pd.DataFrame) -> pd.DataFrame:
    """The rows of index.csv as `deduplicate` needs them: train first, and each split by id.

    So nothing depends on the order of files. The index still says the row in the pixel arrays.
    """
    return index.sort_values(["split", "id"], ascending=[False, True])


def deduplicate(
    images: pd.DataFrame,
    gray: np.ndarray,
    columns: pd.DataFrame,
    overrides: Overrides,
    settings: DedupParams,
) -> Deduplicated:
    """Finds the copies, puts them into groups, and decides which of them stay.

    Args:
        images: of `order_images`.
        gray: (N, 224, 224) uint8.
        columns: columns.csv, which may mark images that only train.
        overrides: a person's word on training images, which wins.
        settings: of the stage.

    Raises:
        InputError: if many images look made from others, a train-only image has a copy in the test
            set, or a person dropped all of a class.
    """
    train = images[images["split"] == "train"]
    external = train_only.train_only(train, columns)
    copies = find_copies(images, gray, settings)
    inside = copies.pairs[copies.pairs["b"] < len(train)]
    overrides = drop_test_copies(
        images, copies.pairs, external, settings, overrides
    )
    with copies.tally.step("groups"):
        groups = group_beside(
            train, inside, copies.blurred, settings, overrides, external
        )
    group = groups.table["group"].to_numpy()
    warnings = check_derived(train, gray, group, settings.derived)
    test_copies = copies_of_test(images, copies.pairs)
    left_out = train_only.train_only_counts(groups.table, external)
    metrics = dedup_metrics(train, copies, groups, test_copies) | left_out
    lines = dedup_lines(metrics, tests=len(images) - len(train))
    lines += train_only.train_only_lines(left_out) + warnings
    return Deduplicated(
        groups=groups.table.sort_index(),
        pairs=list_pairs(train, groups.pairs),
        test_copies=test_copies,
        metrics=metrics,
        lines=lines,
    )
