"""Layouts: what a data set's files say, told as one table, and every contradiction named."""

from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.prepare.layout import COLUMNS, Layout, read_layout

TRAIN = ["b/1.png", "a/0.png", "a/10.png", "a/2.png"]


def made(folder: Path, *images: str, **tables: str) -> Path:
    """A data set with empty files for images, and `train="..."` as train.csv."""
    for name in images:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def competition(folder: Path, **tables: str) -> Path:
    rows = "\n".join(f"{name[0]},{name},{'ab'.index(name[0])}" for name in TRAIN)
    defaults = {
        "train": f"class_name,image_path,target\n{rows}\n",
        "test": "image_path\n9.png\n",
    }
    images = [f"train/{name}" for name in TRAIN]
    return made(folder, *images, "test/9.png", **(defaults | tables))


def column(layout: Layout, name: str) -> list:
    return layout.images[name].tolist()


def test_rows_keep_the_order_of_the_csv_train_before_test(tmp_path: Path) -> None:
    layout = read_layout(competition(tmp_path))
    assert list(layout.images) == COLUMNS
    assert column(layout, "id") == [f"train/{name}" for name in TRAIN] + [
        "test/9.png"
    ]
    assert column(layout, "path") == column(layout, "id")
    assert column(layout, "label") == [1, 0, 0, 0, -1]
    assert column(layout, "class_name") == ["b", "a", "a", "a", ""]
    assert column(layout, "split") == ["train"] * 4 + ["test"]
    assert column(layout, "source_id") == [""] * 5
    assert layout.notes == []


def test_what_else_train_csv_says_is_kept_as_text(tmp_path: Path) -> None:
    rows = "\n".join(f"a,{name},00{place},0" for place, name in enumerate(TRAIN))
    layout = read_layout(
        competition(tmp_path, train=f"class_name,image_path,id,target\n{rows}\n")
    )
    assert list(layout.columns) == ["image_path", "id"]
    assert layout.columns["image_path"].tolist() == TRAIN
    assert layout.columns["id"].tolist() == ["000", "001", "002", "003"]
    assert layout.notes == [
        "train.csv also has id: split.domain can hold one apart"
    ]


def test_images_that_no_row_names_are_counted_and_left_out(tmp_path: Path) -> None:
    made(
        competition(tmp_path),
        "train/a/99.png",
        "train/readme.txt",
        "train/a/.hidden.png",
    )
    layout = read_layout(tmp_path)
    assert len(layout.images) == 5
    assert layout.notes == [
        "1 images in train/ are not named in train.csv and left out (train/a/99.png)"
    ]


def test_class_folders_are_ranked_by_name_and_read_in_natural_order(
    tmp_path: Path,
) -> None:
    made(
        tmp_path,
        *(f"train/{name}" for name in TRAIN),
        "train/loose.png",
        "test/10.png",
    )
    layout = read_layout(made(tmp_path, "test/9.JPEG", "train/a/notes.txt"))
    assert "train/" + layout.columns["image_path"][0] == column(layout, "id")[0]
    names = ["train/a/0.png", "train/a/2.png", "train/a/10.png", "train/b/1.png"]
    assert column(layout, "id") == [*names, "test/9.JPEG", "test/10.png"]
    assert column(layout, "label") == [0, 0, 0, 1, -1, -1]
    assert layout.notes == [
        "1 images in train/ are in no class folder and left out: loose.png"
    ]
    assert layout.sample.to_dict("list") == {
        "ID": ["0", "1"], "image_path": ["9.JPEG", "10.png"], "target": [0, 0]
    }  # fmt: skip


def test_no_test_set_at_all_is_fine(tmp_path: Path) -> None:
    layout = read_layout(made(tmp_path, "train/a/0.png", "train/b/0.png"))
    assert column(layout, "split") == ["train", "train"]
    assert (
        list(layout.sample) == ["ID", "image_path", "target"]
        and layout.sample.empty
    )


def test_a_class_called_train_keeps_its_files(tmp_path: Path) -> None:
    rows = "class_name,image_path\ntrain,train/0.png\ntrain,train/1.png\n"
    layout = read_layout(
        made(tmp_path, "train/train/0.png", "train/train/1.png", train=rows)
    )
    assert column(layout, "path") == ["train/train/0.png", "train/train/1.png"]


def test_paths_that_begin_with_their_folder_are_understood(tmp_path: Path) -> None:
    rows = "class_name,image_path\na,train/a/0.png\nb,train/b/1.png\n"
    made(tmp_path, "train/a/0.png", "train/b/1.png", "test/9.png", train=rows)
    layout = read_layout(made(tmp_path, test="image_path\ntest/9.png\n"))
    assert column(layout, "path") == [
        "train/a/0.png",
        "train/b/1.png",
        "test/9.png",
    ]
    # The id is the row's own name for the image, so that csv files can be joined to it.
    assert column(layout, "id")[2] == "test/test/9.png"


def test_a_class_folder_without_images_is_an_error(tmp_path: Path) -> None:
    made(tmp_path, "train/a/0.png", "train/b/readme.txt")
    with pytest.raises(InputError, match="train/b: expected images, received none"):
        read_layout(tmp_path)


def test_an_empty_train_csv_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected training images, received none"):
        read_layout(competition(tmp_path, train="class_name,image_path,target\n"))


def test_test_csv_without_its_column_names_those_there_are(tmp_path: Path) -> None:
    message = r"test.csv: expected a column image_path, received only row, of;"
    with pytest.raises(InputError, match=message):
        read_layout(competition(tmp_path, test="row,of\n0,8.png\n"))


def test_a_test_image_that_is_missing_is_named(tmp_path: Path) -> None:
    message = r"test.csv: expected a file in test/ for each image_path, received 1 .*\(8.png\)"
    with pytest.raises(InputError, match=message):
        read_layout(competition(tmp_path, test="image_path\n9.png\n8.png\n"))


def test_whose_numbers_they_are_is_known(tmp_path: Path) -> None:
    """A solution by ID or by number can be read only where these are the competition's own."""
    assert read_layout(competition(tmp_path / "a")).numbered == {"target"}
    with_ids = competition(tmp_path / "b", test="ID,image_path\n7,9.png\n")
    assert read_layout(with_ids).numbered == {"target", "ID"}
    sample = "ID,image_path,target\n7,9.png,0\n"
    names = "\n".join(f"{name[0]},{name}" for name in TRAIN)
    train = f"class_name,image_path\n{names}\n"
    layout = read_layout(
        competition(tmp_path / "c", train=train, sample_submission=sample)
    )
    assert layout.numbered == {"ID"}
    assert (
        read_layout(made(tmp_path / "d", "train/a/0.png", "train/b/0.png")).numbered
        == set()
    )


def test_which_images_only_train_is_kept_and_is_no_domain(tmp_path: Path) -> None:
    rows = "\n".join(
        f"{name[0]},{name},{'train' * (name[0] == 'b')}" for name in TRAIN
    )
    layout = read_layout(
        competition(tmp_path, train=f"class_name,image_path,use\n{rows}\n")
    )
    assert layout.columns["use"].tolist() == ["train", "", "", ""]
    assert layout.notes == [
        "1 images train only (train.csv: use), and are never scored"
    ]
