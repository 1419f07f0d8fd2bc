"""Names of folders: what is a part of a data set, and what may be a class."""

import pytest

from croquis.dataset.folders.split_names import (
    is_structure,
    split_of,
    splits_among,
)


@pytest.mark.parametrize(
    ("split", "names"),
    [
        (
            "train",
            "train Train TRAINING train_set training-images trainset train2017 data_train 학습"
            " 학습데이터",
        ),
        ("val", "val valid Validation dev DEV val_set valid_images val2017 검증"),
        ("test", "test TESTING Test_Set test1 test-images images_test 테스트"),
        ("unclear", "eval evaluation holdout trainval"),
        ("other", "extra unlabeled pred"),
    ],
)
def test_parts_are_known_in_any_case_and_with_what_people_add(
    split: str, names: str
) -> None:
    assert {name: split_of(name) for name in names.split()} == dict.fromkeys(
        names.split(), split
    )


@pytest.mark.parametrize(
    "name",
    "bus bullet_train train_station contest testudo devil valley invalid images data cat"
    " images_background rain test_pattern".split(),
)
def test_a_class_whose_name_has_such_a_word_in_it_stays_one(name: str) -> None:
    assert split_of(name) is None


def test_words_behind_one_prefix_count_together_and_never_alone() -> None:
    assert splits_among(["seg_train", "seg_test", "seg_pred", "sea"]) == {
        "seg_train": "train",
        "seg_test": "test",
        "seg_pred": "other",
    }
    assert splits_among(["bullet_train", "steam_train", "bus"]) == {}


def test_folders_of_boxes_and_masks_are_no_classes() -> None:
    names = [
        "images",
        "Labels",
        "JPEGImages",
        "Annotations",
        "masks",
        "ground_truth",
    ]
    assert all(map(is_structure, names))
    assert not any(map(is_structure, ["image_cats", "cat", "unmasked"]))


def test_a_number_may_stand_before_a_part() -> None:
    assert split_of("1.Training") == "train"
    assert split_of("02_test") == "test"
    assert split_of("2. Validation") == "val"
