"""Settling: folders for training and test get the names that the stages know, with a line."""

from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.download.settling import outside, place_of, settle
from support.empty_files import grown


def names(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def test_folders_of_other_names_are_renamed_and_said(tmp_path: Path) -> None:
    grown(tmp_path, "Training/{a,b}/0.png", "test1/1.png", "Valid/a/2.png")
    assert settle(tmp_path, "set") == [
        "Training/ is read as train/",
        "test1/ is read as test/",
    ]
    assert names(tmp_path) == [
        "Valid/a/2.png",
        "test/1.png",
        "train/a/0.png",
        "train/b/0.png",
    ]


def test_a_folder_around_such_a_folder_is_taken_off(tmp_path: Path) -> None:
    grown(
        tmp_path, "training_set/training_set/{a,b}/0.png", "test_set/test_set/1.png"
    )
    grown(tmp_path, "val_set/val_set/a/2.png", "training_set/readme.md")
    assert settle(tmp_path, "set") == [
        "training_set/training_set/ is read as train/",
        "test_set/test_set/ is read as test/",
        "val_set/val_set/ is read as val_set/",
    ]
    assert names(tmp_path) == [
        "test/1.png",
        "train/a/0.png",
        "train/b/0.png",
        "val_set/a/2.png",
    ]


def test_the_only_folder_in_train_is_no_class_where_it_holds_several(
    tmp_path: Path,
) -> None:
    grown(tmp_path, "train/animals/{a,b}/0.png")
    assert settle(tmp_path, "set") == ["train/animals/ is read as train/"]


@pytest.mark.parametrize(
    "files",
    [
        "train/{a,b}/0.png test/test/1.png",  # so were they called before
        "train/{train,bus}/0.png",
        "train/train/0.png train/loose.png",
        "train.csv Training/0.png",
        "train/{a,b}/0.png Test/readme.md",
    ],
)
def test_what_was_read_before_stays_as_it_is(tmp_path: Path, files: str) -> None:
    grown(tmp_path, *files.split())
    before = names(tmp_path)
    assert settle(tmp_path, "set") == []
    assert names(tmp_path) == before


def test_two_folders_that_may_be_the_one_are_refused(tmp_path: Path) -> None:
    grown(tmp_path, "train/{a,b}/0.png", "test/0.png", "test1/1.png")
    with pytest.raises(
        InputError,
        match=r"set: expected one folder of test images, .*\(test, test1\)",
    ):
        settle(tmp_path, "set")


def test_images_outside_of_the_data_set_are_counted(tmp_path: Path) -> None:
    grown(tmp_path, "set/train/{a,b}/0.png", "{1,2,3,4}.png")
    assert outside(tmp_path, tmp_path / "set", "it") == [
        "4 images outside set/ are left out (1.png, 2.png, 3.png and 1 more)"
    ]
    assert outside(tmp_path, tmp_path, "it") == []


def test_class_folders_of_test_never_train_while_others_lie_beside(
    tmp_path: Path,
) -> None:
    grown(tmp_path, "test/{a,b}/0.png")
    root = tmp_path / "test"
    assert outside(tmp_path, root, "it") == ["all images lie in test/, and train"]
    grown(tmp_path, "train/0.png")
    with pytest.raises(
        InputError, match=r"it: .*class folders in test/ alone, beside"
    ):
        outside(tmp_path, root, "it")


def test_bare_class_folders_become_train_and_all_else_stays(tmp_path: Path) -> None:
    bare = grown(tmp_path / "bare", "{a,b}/0.png")
    whole = grown(tmp_path / "whole", "Training/{a,b}/0.png")
    flat = grown(tmp_path / "flat", "train/{a,b}.png")
    draft = tmp_path / "draft"
    assert place_of(bare, draft, False) == draft / "train"
    assert place_of(whole, draft, False) == draft
    assert place_of(flat, draft, True) == draft


def test_a_table_of_labels_around_class_folders_is_named(tmp_path: Path) -> None:
    grown(tmp_path, "set/images/{a,b}/0.png")
    (tmp_path / "set" / "labels.csv").write_text("file,label\n0.png,cup\n")
    root = tmp_path / "set" / "images"
    assert outside(tmp_path, root, "it") == [
        "1 tables outside set/images/ are not read (set/labels.csv)"
    ]


def test_tables_beside_the_data_set_are_named(tmp_path: Path) -> None:
    grown(tmp_path, "imgs/train/{a,b}/0.png", "sample_submission.csv", "imgs/x.csv")
    assert outside(tmp_path, tmp_path / "imgs", "set") == [
        "1 tables outside imgs/ are not read (sample_submission.csv); put those of its"
        " images into imgs/"
    ]


def test_parts_with_numbers_before_them_are_read(tmp_path: Path) -> None:
    grown(tmp_path, "1.Training/{a,b}/0.png", "2.Test/1.png")
    assert settle(tmp_path, "set") == [
        "1.Training/ is read as train/",
        "2.Test/ is read as test/",
    ]
