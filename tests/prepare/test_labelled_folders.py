"""val/ beside train/: left out with a line, or joined, and never a class of its own."""

import unicodedata
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset.data_params import DataParams
from croquis.prepare.folders.labelled_folders import FolderImages, read_folders
from croquis.prepare.layout import read_layout
from support.empty_files import grown

LEAVE_OUT = DataParams()
JOIN = DataParams(val="join")
TRAIN = "train/{cup,star}/{0,1}.png"


def read(folder: Path, data: DataParams, *names: str) -> FolderImages:
    return read_folders(grown(folder, TRAIN, *names), data)


def test_val_is_left_out_with_its_count_its_first_and_the_setting(
    tmp_path: Path,
) -> None:
    images = read(tmp_path, LEAVE_OUT, "val/{cup,star}/{2,3}.png")
    assert len(images.table) == 4
    assert images.read_as == "class folders, with val/ left out"
    first = "val/cup/2.png, val/cup/3.png, val/star/2.png and 1 more"
    assert images.notes == [
        f"val/: 4 images are left out ({first}); -S data.val=join trains on them, too"
    ]


@pytest.mark.parametrize("val", ["val", "Valid", "VALIDATION", "dev"])
def test_joined_images_have_ids_of_their_own(tmp_path: Path, val: str) -> None:
    images = read(tmp_path, JOIN, f"{val}/{{cup,star}}/0.png")
    assert images.table["id"].tolist()[4:] == [
        f"{val}/cup/0.png",
        f"{val}/star/0.png",
    ]
    assert images.table["label"].tolist() == [0, 0, 1, 1, 0, 1]
    assert (images.table["split"] == "train").all()
    assert images.read_as == f"class folders, with {val}/ joined to train/"
    assert images.notes == [f"{val}/: 2 images train like those of train/"]


def test_a_class_that_only_val_has_is_named(tmp_path: Path) -> None:
    message = r"val: expected the 2 classes of train/, .*\(Cup, tree\); did you mean 'cup'"
    with pytest.raises(InputError, match=message):
        read(tmp_path, JOIN, "val/{Cup,star,tree}/0.png")


def test_val_may_lack_a_class_and_write_accents_apart(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "사과")
    grown(tmp_path, "val/cup/readme.txt")
    images = read(tmp_path, JOIN, "train/사과/0.png", f"val/{apart}/0.png")
    assert images.table["class_name"].tolist()[4:] == ["사과", "사과"]


def test_val_without_labels_is_left_out_and_cannot_join(tmp_path: Path) -> None:
    assert read(tmp_path, LEAVE_OUT, "val/0.png").notes == [
        "val/: 1 images are left out (val/0.png); they have no class folders"
    ]
    with pytest.raises(
        InputError, match=r"val: expected class folders with images"
    ):
        read_folders(tmp_path, JOIN)


def test_a_list_beside_the_images_of_val_says_their_classes(tmp_path: Path) -> None:
    grown(tmp_path, "val/images/{0,1}.png")
    lines = "0.png\tcup\t0\t0\n1.png\tstar\t0\t0\n"
    (tmp_path / "val/val_annotations.txt").write_text(lines)
    images = read(tmp_path, JOIN)
    assert images.table["class_name"].tolist()[4:] == ["cup", "star"]
    assert (
        images.notes[1] == "val/: their classes are read from val_annotations.txt"
    )
    grown(tmp_path, "val/images/2.png")
    with pytest.raises(
        InputError, match=r"annotations.txt: .*none for 1 \(images/2"
    ):
        read_folders(tmp_path, JOIN)


def test_nothing_to_join_is_said(tmp_path: Path) -> None:
    assert read(tmp_path, JOIN).notes == ["data.val: there is no val/ to join"]


def test_a_folder_that_may_be_val_or_test_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"eval: .*may mean either; call the folder"
    ):
        read(tmp_path, LEAVE_OUT, "eval/cup/0.png")


def test_names_say_the_classes_of_val_too(tmp_path: Path) -> None:
    grown(
        tmp_path, "train/{cat,dog}.{0,1}.jpg", "val/{cat,dog}.2.jpg", "test/3.jpg"
    )
    data = DataParams(val="join", label_pattern=r"([a-z]+)\.\d+")
    layout = read_layout(tmp_path, data)
    train = layout.images[layout.images["split"] == "train"]
    assert train["class_name"].tolist() == [
        "cat",
        "cat",
        "dog",
        "dog",
        "cat",
        "dog",
    ]
    assert layout.read_as == (
        "labels in names, by data.label_pattern, with val/ joined to train/"
    )


def test_a_pattern_that_an_image_lacks_is_counted(tmp_path: Path) -> None:
    grown(tmp_path, "train/{cat,dog}.0.jpg", "train/{1,2}.jpg")
    message = r"each of the 4 images in train/, received none in 2 \(1.jpg, 2.jpg\); widen"
    with pytest.raises(InputError, match=message):
        read_folders(tmp_path, DataParams(label_pattern=r"([a-z]+)\."))


def test_a_pattern_takes_no_images_of_other_parts(tmp_path: Path) -> None:
    """One flat folder with test/ in it becomes train/, and all of its images matched."""
    grown(tmp_path, "train/{cat,dog}.0.jpg", "train/test/cat.1.jpg")
    message = (
        r"1 in folders that are other parts \(train/test/cat.1.jpg\); put the parts"
    )
    with pytest.raises(InputError, match=message):
        read_folders(tmp_path, DataParams(label_pattern=r"([a-z]+)\."))
    grown(tmp_path / "x", "train/{bus,test}/{0,1}.jpg")
    images = read_folders(tmp_path / "x", DataParams(label_pattern="^([^/]+)/"))
    assert sorted(set(images.table["class_name"])) == ["bus", "test"]


def test_a_pattern_beside_a_table_of_labels_is_refused(tmp_path: Path) -> None:
    grown(tmp_path, "train/{0,1}.png")
    (tmp_path / "train.csv").write_text("image_path,class_name\n0.png,a\n1.png,b\n")
    message = r"data.label_pattern: expected null, .*add -S data.label_pattern=null"
    with pytest.raises(InputError, match=message):
        read_layout(tmp_path, DataParams(label_pattern="(.)"))


def test_a_pattern_reads_names_as_people_see_them(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "train/{사과,배}_{0,1}.png")
    grown(tmp_path, apart, "train/사과_2.png")
    data = DataParams(label_pattern="([가-힣]+)_")
    images = read_folders(tmp_path, data)
    assert sorted(images.table["class_name"]) == [
        "배",
        "배",
        "사과",
        "사과",
        "사과",
    ]
