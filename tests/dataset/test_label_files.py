"""The table of labels of a folder: known by its name, or else by its columns."""

from pathlib import Path

import pytest

from croquis.dataset.folders.label_files import (
    labels_table_in,
    role_of,
    table_of_role,
    unread_tables,
)


def made(folder: Path, *names: str, **tables: str) -> Path:
    """Empty files, and tables by stem."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    for stem, text in tables.items():
        (folder / f"{stem}.csv").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("train", "train"),
        ("trainLabels", "train"),
        ("train_images", "train"),
        ("Training Set", "train"),
        ("ISIC_2019_Training_GroundTruth", "train"),
        ("TRAIN", "train"),
        ("valid", "val"),
        ("val_labels", "val"),
        ("dev", "val"),
        ("Test Images", "test"),
        ("test_labels", "test"),
        ("labels", ""),
        ("images", ""),
        ("valley", ""),
        ("contest", ""),
        ("testimony", ""),
    ],
)
def test_a_name_tells_its_split(name: str, role: str) -> None:
    assert role_of(name) == role


@pytest.mark.parametrize(
    "stem", ["train", "Train", "trainLabels", "train_labels", "labels", "metadata"]
)
def test_a_table_of_a_usual_name_is_found(tmp_path: Path, stem: str) -> None:
    made(tmp_path, "images/0.png", **{stem: "id,label\n0,cup\n"})
    assert labels_table_in(tmp_path) == tmp_path / f"{stem}.csv"


def test_a_table_of_any_name_is_found_by_its_columns(tmp_path: Path) -> None:
    made(tmp_path, "a/0.png", legend="user.id,image,emotion\n", notes="who,when\n")
    assert labels_table_in(tmp_path) == tmp_path / "legend.csv"


@pytest.mark.parametrize(
    "stem", ["test", "val_labels", "sample_submission", "solution"]
)
def test_a_table_of_another_purpose_is_no_table_of_labels(
    tmp_path: Path, stem: str
) -> None:
    made(tmp_path, "images/0.png", **{stem: "id,label\n0,cup\n"})
    assert labels_table_in(tmp_path) is None


def test_what_classes_are_called_is_no_table_of_labels(tmp_path: Path) -> None:
    made(
        tmp_path, "data/0/0.png", "data/1/0.png", classes="id,name,text\n0,stop,x\n"
    )
    assert labels_table_in(tmp_path) is None


def test_class_folders_in_train_come_before_a_table(tmp_path: Path) -> None:
    made(
        tmp_path, "train/cup/0.png", "train/star/0.png", labels="id,label\n0,cup\n"
    )
    assert labels_table_in(tmp_path) is None
    assert unread_tables(tmp_path) == ["labels.csv"]


def test_train_csv_comes_before_all(tmp_path: Path) -> None:
    made(
        tmp_path,
        "train/cup/0.png",
        "train/star/0.png",
        labels="id,label\n",
        train="",
    )
    assert labels_table_in(tmp_path) == tmp_path / "train.csv"
    assert unread_tables(tmp_path) == []


def test_a_table_without_images_is_no_data_set(tmp_path: Path) -> None:
    assert labels_table_in(made(tmp_path, labels="id,label\n0,cup\n")) is None


def test_the_table_may_lie_in_train_as_imagefolder_has_it(tmp_path: Path) -> None:
    made(tmp_path, "train/0.png", "train/metadata.jsonl", "test/metadata.csv")
    labels = labels_table_in(tmp_path)
    assert labels == tmp_path / "train/metadata.jsonl"
    assert table_of_role(tmp_path, "test", labels) == tmp_path / "test/metadata.csv"
    assert table_of_role(tmp_path, "val", labels) is None


def test_the_table_of_a_split_has_its_exact_name_or_one_like_it(
    tmp_path: Path,
) -> None:
    made(tmp_path, "Test.csv", "valid_labels.csv")
    assert table_of_role(tmp_path, "test", None) == tmp_path / "Test.csv"
    assert table_of_role(tmp_path, "val", None) == tmp_path / "valid_labels.csv"
    made(tmp_path, "test.csv")
    assert table_of_role(tmp_path, "test", None) == tmp_path / "test.csv"
