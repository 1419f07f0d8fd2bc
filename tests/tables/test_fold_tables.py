"""Who trains, who is scored, what the classes are called."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.tables.fold_tables import (
    class_names,
    ids_of_test,
    read_columns,
    read_folds,
    read_index,
    scored_rows,
    training_rows,
    truth_of,
    truth_of_predictions,
)

FOLDS = pd.DataFrame(
    [
        # id, fold, plain_fold, scored, keep
        ("source", 0, 1, True, True),
        ("derived of source", 0, -1, False, True),
        ("dropped copy", 1, 1, False, False),
        ("lone", 1, 0, True, True),
        ("rare", -1, -1, False, True),
    ],
    columns=["id", "fold", "plain_fold", "scored", "keep"],
)
INDEX = pd.DataFrame(
    {
        "id": ["train/1", "train/2", "train/3", "test/b", "test/a"],
        "split": ["train"] * 3 + ["test"] * 2,
        "label": [1, 0, 1, -1, -1],
        "class_name": ["dog", "cat", "dog", "", ""],
    }
)


def test_a_fold_trains_on_all_kept_images_of_the_others() -> None:
    assert training_rows(FOLDS, 0)["id"].tolist() == ["lone", "rare"]
    assert training_rows(FOLDS, 1)["id"].tolist() == [
        "source",
        "derived of source",
        "rare",
    ]


def test_a_derived_image_never_trains_while_its_source_is_held_out() -> None:
    assert "derived of source" not in set(training_rows(FOLDS, 0)["id"])


def test_only_originals_that_are_kept_are_scored() -> None:
    assert scored_rows(FOLDS, 0)["id"].tolist() == ["source"]
    assert scored_rows(FOLDS, 1)["id"].tolist() == ["lone"]
    assert scored_rows(FOLDS, 0, "plain_fold")["id"].tolist() == ["lone"]


def test_no_image_trains_where_it_is_scored() -> None:
    for column in ("fold", "plain_fold"):
        for fold in (0, 1):
            both = set(training_rows(FOLDS, fold, column)["id"]) & set(
                scored_rows(FOLDS, fold, column)["id"]
            )
            assert not both


def test_the_truth_of_images_is_in_their_order() -> None:
    truth = truth_of(np.array(["lone", "source"]), FOLDS, where="oof.npz")
    assert truth.index.tolist() == ["lone", "source"]
    assert truth["plain_fold"].tolist() == [0, 1]


def test_images_that_folds_csv_lacks_are_counted_and_the_first_one_named() -> None:
    ids = np.array(["lone", "new", "newer"])
    expected = (
        r"oof\.npz: expected images of folds\.csv, received 2 others, as new; "
    )
    with pytest.raises(
        InputError, match=f"{expected}rerun the stage that wrote it"
    ):
        truth_of(ids, FOLDS, where="oof.npz")
    with pytest.raises(InputError, match=f"{expected}take another"):
        truth_of(ids, FOLDS, where="oof.npz", fix="take another")


def test_class_names_stand_in_label_order() -> None:
    assert class_names(INDEX).tolist() == ["cat", "dog"]


def test_labels_with_a_gap_are_refused() -> None:
    """Names are looked up by position: each name after the gap would be wrong."""
    gap = INDEX.assign(label=[2, 0, 2, -1, -1])
    with pytest.raises(
        InputError, match=r"index\.csv: expected labels 0 to 1, received 0, 2; "
    ):
        class_names(gap)


def test_test_ids_keep_the_order_of_the_table() -> None:
    assert ids_of_test(INDEX).tolist() == ["test/b", "test/a"]
    assert ids_of_test(INDEX[:3]).tolist() == []


def test_names_that_look_like_numbers_or_nothing_stay_text(tmp_path: Path) -> None:
    text = "id,split,label,class_name,sha256,digest,source_id\n"
    text += "train/1,train,0,007,1e10,12,\ntrain/2,train,1,null,00,34,train/1\n"
    (tmp_path / "index.csv").write_text(text)
    index = read_index(tmp_path / "index.csv")
    assert class_names(index).tolist() == ["007", "null"]
    assert index["sha256"].tolist() == ["1e10", "00"]
    assert index["source_id"].tolist() == ["", "train/1"]


def test_folds_read_flags_as_flags(tmp_path: Path) -> None:
    table = FOLDS.assign(
        sha256="00", targets="", group=7, unit=[1, 1, 1, 2, 2], label=0, weight=1.0
    )
    table.to_csv(tmp_path / "folds.csv", index=False)
    folds = read_folds(tmp_path / "folds.csv")
    assert folds["unit"].tolist() == [1, 1, 1, 2, 2]
    assert folds["scored"].dtype == bool and folds["keep"].dtype == bool
    assert training_rows(folds, 0)["id"].tolist() == ["lone", "rare"]
    assert folds["sha256"].tolist() == ["00"] * 5


def test_folds_from_before_there_were_domains_can_be_read(tmp_path: Path) -> None:
    table = FOLDS.assign(
        sha256="00", targets="", group=[4, 4, 4, 5, 6], label=0, weight=1.0
    )
    table.to_csv(tmp_path / "folds.csv", index=False)
    assert read_folds(tmp_path / "folds.csv")["unit"].tolist() == [4, 4, 4, 5, 6]


def test_columns_are_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "columns.csv").write_text(
        "image_path,author\na.png,007\nb.png,NA\n"
    )
    assert read_columns(tmp_path / "columns.csv")["author"].tolist() == [
        "007",
        "NA",
    ]


def test_folds_that_leave_nothing_to_train_on_are_named() -> None:
    with pytest.raises(
        InputError, match=r"folds\.csv: expected images to train on while fold 0 is"
    ):
        training_rows(FOLDS[FOLDS["fold"] == 0], 0)


def test_a_predicted_image_that_folds_csv_lost_is_named_with_the_way_back() -> None:
    """The report ended in a KeyError of pandas."""
    folds = pd.DataFrame({"id": ["train/a.png"], "label": [0]})
    with pytest.raises(
        InputError,
        match=r"expected images of folds\.csv, received 1 others, as train/b\.png; ",
    ):
        truth_of_predictions(np.array(["train/a.png", "train/b.png"]), folds)
