"""What a fold's training gets to see."""

from pathlib import Path

import numpy as np
import pandas as pd

from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.samples import FoldData, Samples


def test_a_fold_has_three_parts_that_share_no_image(drawn: Path) -> None:
    data = FoldData.of(
        1, read_folds(drawn / "folds.csv"), read_index(drawn / "index.csv")
    )
    parts = [set(part.ids) for part in (data.train, data.val, data.test)]
    assert [len(part) for part in parts] == [6, 6, 3] and len(
        set.union(*parts)
    ) == 15
    assert data.classes.tolist() == ["bar", "pole", "spot"]
    assert (
        data.val.ids[0] == "train/bar/3.png"
        and data.val.labels.tolist() == [0, 1, 2] * 2
    )


def test_test_images_have_no_label(drawn: Path) -> None:
    data = FoldData.of(
        0, read_folds(drawn / "folds.csv"), read_index(drawn / "index.csv")
    )
    assert data.test.labels.tolist() == [-1, -1, -1]
    assert data.test.weights.tolist() == [1, 1, 1]


def test_plain_folds_stand_in_their_own_column(drawn: Path) -> None:
    folds = read_folds(drawn / "folds.csv").assign(plain_fold=[0] + [1] * 11)
    data = FoldData.of(
        0, folds, read_index(drawn / "index.csv"), column="plain_fold"
    )
    assert len(data.train) == 11 and data.val.ids.tolist() == ["train/bar/0.png"]


def test_weights_and_labels_travel_with_their_rows() -> None:
    rows = pd.DataFrame(
        {"id": ["b", "a"], "label": [1, 0], "weight": [0.5, 1.0], "targets": ""}
    )
    samples = Samples.labelled(rows, 2)
    assert samples.shares is None and samples.targets.tolist() == [1, 0]
    assert samples.ids.tolist() == ["b", "a"]
    np.testing.assert_array_equal(samples.labels, [1, 0])
    np.testing.assert_array_equal(samples.weights, [0.5, 1.0])


def test_an_image_of_several_labels_trains_on_their_shares() -> None:
    rows = pd.DataFrame({"id": ["a", "b"], "label": [1, 0], "weight": [1.0, 1.0]})
    samples = Samples.labelled(rows.assign(targets=["0:0.25 2:0.75", ""]), 3)
    assert samples.targets.tolist() == [[0.25, 0, 0.75], [1, 0, 0]]
    assert samples.labels.tolist() == [1, 0]
