"""Class folders: what is a class and what is not, and how deep its images may lie."""

import unicodedata
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.prepare.folders.class_folders import images_by_folder
from support.empty_files import grown


def read(folder: Path, *names: str) -> tuple[list[tuple[str, str]], list[str]]:
    images, notes = images_by_folder(grown(folder, *names), "train")
    return [tuple(image) for image in images], notes


def refused(folder: Path, *names: str) -> str:
    with pytest.raises(InputError) as caught:
        read(folder, *names)
    return str(caught.value)


def test_images_of_deeper_folders_are_of_the_outer_class_with_a_line(
    tmp_path: Path,
) -> None:
    images, notes = read(
        tmp_path, "train/n0{1,2}/images/0.JPEG", "train/n01/boxes.txt"
    )
    assert images == [
        ("n01", "train/n01/images/0.JPEG"),
        ("n02", "train/n02/images/0.JPEG"),
    ]
    first = (
        "2 images lie in folders inside class folders, as train/n01/images/0.JPEG"
    )
    assert notes == [f"{first}: their class is the outer folder"]


def test_letters_around_classes_are_two_depths_too(tmp_path: Path) -> None:
    """Places365 has one class under some letters, and folders in some classes."""
    message = refused(
        tmp_path, "train/a/{alley,airport/out}/0.png", "train/q/quarry/0.png"
    )
    assert "the class may be 'a' or 'airport'" in message


def test_one_folder_in_each_class_says_nothing_else(tmp_path: Path) -> None:
    images, _ = read(tmp_path, "train/{cat/cats,dog/dogs}/0.png")
    assert [name for name, _ in images] == ["cat", "dog"]


def test_folders_of_people_in_each_class_are_no_classes(tmp_path: Path) -> None:
    images, _ = read(tmp_path, "train/{cup,star}/{ann,bob}/0.png")
    assert [name for name, _ in images] == ["cup", "cup", "star", "star"]


def test_two_depths_that_both_may_be_the_class_are_refused_with_both_settings(
    tmp_path: Path,
) -> None:
    message = refused(
        tmp_path, "train/pets/{cat,dog}/0.png", "train/cars/{van,taxi}/0.png"
    )
    assert "the class may be 'cars' or 'taxi'" in message
    assert """-S "data.label_pattern='^([^/]+)/'" for 'cars'""" in message
    assert """-S "data.label_pattern='^[^/]+/([^/]+)/'" for 'taxi'""" in message


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (
            "train/{cat,dog}/{train,test}/0.png",
            "parts of a data set in it (test, train)",
        ),
        ("train/{train,val}/{a,b}/0.png", "parts of a data set (train, val)"),
        ("train/{images,masks}/0.png", "and no class is called so"),
        (
            "train/images/0.jpg train/labels/0.txt",
            "for detection (YOLO: train/labels/)",
        ),
        (
            "train/d{1,2}/images/0.jpg train/d{1,2}/labels/0.txt",
            "for detection (YOLO",
        ),
        ("train/{0,1}.png", "received 2 files (0.png, 1.png); add train.csv"),
        (
            "train/a/0.png train/{b,c}/x.txt",
            "expected images, received none, as in c",
        ),
    ],
)
def test_what_is_no_class_is_refused(
    tmp_path: Path, names: str, words: str
) -> None:
    assert words in refused(tmp_path, *names.split())


def test_a_class_called_as_a_part_stands_beside_others_with_a_line(
    tmp_path: Path,
) -> None:
    images, notes = read(tmp_path, "train/{bus,train,test}/0.png")
    assert [name for name, _ in images] == ["bus", "test", "train"]
    assert notes == [
        "train/test/, train/train/ are read as classes like the others"
    ]


def test_folders_that_look_the_same_are_one_class(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "사과")
    images, notes = read(tmp_path, f"train/{{사과,{apart},cup,cup }}/0.png")
    assert [name for name, _ in images] == ["cup", "cup", "사과", "사과"]
    assert len(notes) == 2 and all(note.endswith(": one class") for note in notes)
    alone, none = read(tmp_path / "x", f"train/{{{apart},cup}}/0.png")
    assert (alone[1][0], none) == (apart, [])


def test_loose_images_are_counted_and_named(tmp_path: Path) -> None:
    _, notes = read(tmp_path, "train/{a,b}/0.png", "train/{9,10,11,12}.png")
    first = "9.png, 10.png, 11.png and 1 more"
    assert notes == [
        f"4 images in train/ are in no class folder and left out: {first}"
    ]
