"""Class folders in test/ are a solution: for scoring alone, and never against solution.csv."""

from pathlib import Path

import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.dataset.data_params import DataParams
from croquis.prepare.folders.folder_labels import (
    labels_of_folders,
    refuse_two_truths,
)
from croquis.prepare.layout import read_layout
from support.empty_files import grown

TRAIN = "train/{cup,star,tree}/{0,1}.png"


def labels(folder: Path, *names: str) -> tuple[list[tuple[str, int]], list[str]]:
    table, notes = labels_of_folders(read_layout(grown(folder, TRAIN, *names)))
    assert list(table) == ["image_path", "target"]
    return list(table.itertuples(index=False, name=None)), notes


def test_folders_of_known_classes_are_the_true_labels(tmp_path: Path) -> None:
    rows, notes = labels(tmp_path, "test/{star,cup}/{2,10}.png")
    assert rows == [
        ("cup/2.png", 0),
        ("cup/10.png", 0),
        ("star/2.png", 1),
        ("star/10.png", 1),
    ]
    folders = "test/: its folders are classes of train/ (cup, star)"
    assert notes == [
        f"{folders}: the true labels of 4 test images, never trained on"
    ]


@pytest.mark.parametrize("around", ["test", "images"])
def test_a_folder_around_the_classes_is_none(tmp_path: Path, around: str) -> None:
    rows, _ = labels(tmp_path, f"test/{around}/{{cup,star}}/2.png")
    assert [target for _, target in rows] == [0, 1]


@pytest.mark.parametrize("name", ["images/2.png", "unknown/2.png", "2.png"])
def test_one_folder_that_is_no_class_says_nothing(
    tmp_path: Path, name: str
) -> None:
    assert labels(tmp_path, f"test/{name}") == ([], [])


def test_classes_beside_others_are_not_read_and_said(tmp_path: Path) -> None:
    rows, notes = labels(tmp_path, "test/{cup,star,owl}/2.png")
    assert rows == []
    assert notes == [
        "test/: 2 of 3 images lie in folders that are classes, not test/owl/2.png: no labels"
        " are read from folders"
    ]


def test_where_a_table_says_the_classes_folders_say_none(tmp_path: Path) -> None:
    grown(tmp_path, "train/{0,1}.png", "test/{a,b}/2.png")
    (tmp_path / "train.csv").write_text("image_path,class_name\n0.png,a\n1.png,b\n")
    table, notes = labels_of_folders(read_layout(tmp_path))
    assert table.empty and notes == []


def test_a_solution_and_the_folders_must_agree(tmp_path: Path) -> None:
    layout = read_layout(grown(tmp_path, TRAIN, "test/{cup,star}/2.png"))
    of_folders, _ = labels_of_folders(layout)
    solution = pd.DataFrame(
        {"image_path": ["star/2.png", "cup/2.png"], "target": [1, 0]}
    )
    refuse_two_truths(of_folders, solution, layout)
    refuse_two_truths(of_folders, solution.iloc[:0], layout)
    message = r"others for 1 of 2 images \(cup/2.png as 'tree'\)"
    with pytest.raises(InputError, match=rf"solution.csv: .*{message}"):
        refuse_two_truths(of_folders, solution.assign(target=[1, 2]), layout)


def test_a_data_set_without_test_images_has_no_labels(tmp_path: Path) -> None:
    assert (
        labels_of_folders(read_layout(grown(tmp_path, TRAIN), DataParams()))[1]
        == []
    )


def test_folders_of_another_case_are_named_and_give_no_labels(
    tmp_path: Path,
) -> None:
    rows, notes = labels(tmp_path, "test/{Cup,Star}/2.png")
    assert rows == []
    assert notes == [
        "test/: its folders differ in case from the classes of train/ (Cup, Star): no"
        " labels are read from them"
    ]


def test_folders_that_may_be_test_images_are_named(tmp_path: Path) -> None:
    layout = read_layout(grown(tmp_path, TRAIN, "test_a/0.png", "testB/0.png"))
    note = "no test/ is there: call testB/ and test_a/ so, if it is to be predicted"
    assert note in layout.notes
