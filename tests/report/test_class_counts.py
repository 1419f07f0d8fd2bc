"""Sizes of classes."""

import pandas as pd

from croquis.report.sections.class_counts import class_counts


def index_of(sizes: dict[str, int]) -> pd.DataFrame:
    names = [name for name, size in sizes.items() for _ in range(size)]
    train = pd.DataFrame({"split": "train", "class_name": names})
    test = pd.DataFrame({"split": "test", "class_name": [""] * 9})
    return pd.concat([train, test], ignore_index=True)


def test_classes_come_by_size_then_by_name() -> None:
    counts = class_counts(index_of({"owl": 1, "cat": 2, "ant": 1, "bee": 2}))
    assert counts.named == {"": [("bee", 2), ("cat", 2), ("ant", 1), ("owl", 1)]}
    assert (counts.largest, counts.smallest, counts.chart) == (2, 1, "")


def test_of_more_than_forty_classes_eight_at_each_end_are_named() -> None:
    names = [f"c{number:02d}" for number in range(41)]
    assert class_counts(index_of(dict.fromkeys(names[:40], 1))).chart == ""
    counts = class_counts(index_of(dict.fromkeys(names, 1)))
    assert "<svg" in counts.chart
    largest, smallest = counts.named.values()
    assert [name for name, _ in largest] == names[:8]
    assert [name for name, _ in smallest] == names[-8:]
