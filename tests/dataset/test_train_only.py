"""Train-only images: which they are, and what stages say of them."""

import numpy as np
import pandas as pd

from croquis.dataset.train_only import (
    train_only,
    train_only_counts,
    train_only_lines,
)

INDEX = pd.DataFrame(
    {
        "id": ["train/0", "train/1", "train/2", "train/3"],
        "source_id": ["", "", "train/0", "train/1"],
    }
)


def test_marked_images_and_what_derives_from_them_only_train() -> None:
    columns = pd.DataFrame(
        {"image_path": ["3", "1", "0"], "use": ["train", "train", ""]}
    )
    # 3 derives from 1; 2 derives from 0, which is as usual.
    assert train_only(INDEX, columns).tolist() == [False, True, False, True]
    assert not train_only(INDEX, columns[["image_path"]]).any()


def test_they_are_counted_where_there_are_any() -> None:
    table = pd.DataFrame({"keep": [True, False, False]})
    assert (
        train_only_counts(table, np.zeros(3, bool)) == {}
        and train_only_lines({}) == []
    )
    counts = train_only_counts(table, np.array([True, True, False]))
    assert counts == {"train_only": 2, "train_only_left_out": 1}
    words = "2 images train only, and are never scored; 1 of them are left out, for their copies"
    assert train_only_lines(counts) == [words]
    assert train_only_lines(counts | {"train_only_left_out": 0}) == [
        words.split(";")[0]
    ]
