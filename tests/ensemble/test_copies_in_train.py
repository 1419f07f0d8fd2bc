"""Which images have a copy in training that is not derived from the same source."""

import numpy as np
import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.ensemble.copies_in_train import has_copy_in_train

ROWS = [
    # id, source_id, group, keep
    ("source", "", 0, True),
    ("flipped source", "source", 0, True),  # an offline augmentation
    ("flipped again", "flipped source", 0, True),
    ("drawn", "", 1, True),
    ("turned drawn", "drawn", 1, True),
    ("copy of turned drawn", "", 1, False),  # dropped for it
    ("a", "lost", 2, True),  # both derive from an image that could not be read
    ("b", "lost", 2, True),
    ("lone", "", 3, True),
]
TABLE = pd.DataFrame(ROWS, columns=["id", "source_id", "group", "keep"])
TEST = pd.DataFrame({"id": ["test/1"], "source_id": "", "split": "test"})
INDEX = pd.concat([TEST, TABLE.assign(split="train")[::-1]])


def test_what_derives_from_an_image_is_no_copy_of_it() -> None:
    """A source with two augmented files counted as an image that is there three times."""
    has_copy = has_copy_in_train(TABLE["id"].to_numpy(), TABLE, INDEX)
    assert TABLE["id"][has_copy].tolist() == [
        "drawn",
        "turned drawn",
        "copy of turned drawn",
    ]


def test_images_are_found_by_id() -> None:
    has_copy = has_copy_in_train(
        np.array(["lone", "drawn", "source"]), TABLE, INDEX
    )
    assert has_copy.tolist() == [False, True, False]


def test_an_index_without_sources_is_named() -> None:
    with pytest.raises(
        InputError, match=r"index\.csv: expected a column source_id"
    ):
        has_copy_in_train(
            np.array(["lone"]), TABLE, INDEX.drop(columns=["source_id"])
        )
