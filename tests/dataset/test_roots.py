"""Roots: the one folder where a data set begins, however deep, and never a guess between two."""

from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset.roots import find_root, is_layout
from support.empty_files import grown


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_the_root_is_the_outermost_layout_at_any_depth(tmp_path: Path) -> None:
    made(tmp_path, "x/y/train.csv", "x/y/train/train/0.png", "x/y/test/train/0.png")
    assert find_root(tmp_path, where="") == tmp_path / "x/y"


def test_the_root_may_be_bare_class_folders_one_called_train(
    tmp_path: Path,
) -> None:
    made(tmp_path, "x/cat/0.png", "x/train/0.png")
    assert find_root(tmp_path, where="") == tmp_path / "x"
    assert not is_layout(tmp_path / "x")


@pytest.mark.parametrize(
    ("stray", "fix"),
    [
        ("x/labels.csv", "put the class folders into train/, or rename the table"),
        ("x/docs/manual.txt", "take out docs/, or put the class folders into"),
    ],
)
def test_bare_class_folders_hold_nothing_else(
    tmp_path: Path, stray: str, fix: str
) -> None:
    made(tmp_path, "x/cat/0.png", "x/dog/0.png", stray)
    seen = r"received none, but cat/ with 1 file \(0.png\); .*dog/ with 1 file"
    with pytest.raises(InputError, match=rf"mine: expected .*{seen}.*{fix}"):
        find_root(tmp_path, where="mine")


def test_one_folder_of_images_alone_is_no_set_of_classes(tmp_path: Path) -> None:
    made(tmp_path, "x/cat/0.png")
    with pytest.raises(
        InputError, match=r"received none, but 1 file \(0.png\); add"
    ):
        find_root(tmp_path, where="mine")


def test_several_roots_are_named(tmp_path: Path) -> None:
    made(tmp_path, *(f"{part}/train/cat/0.png" for part in "abcd"))
    with pytest.raises(InputError, match=r"received 4 of them \(a, b, c\)"):
        find_root(tmp_path, where="mine")


def test_hidden_folders_and_junk_hold_no_root(tmp_path: Path) -> None:
    made(tmp_path, "a/train.csv", ".cache/train.csv", "__MACOSX/train/cat/0.png")
    assert find_root(tmp_path, where="") == tmp_path / "a"


def refused(folder: Path, *names: str) -> str:
    with pytest.raises(InputError) as caught:
        find_root(grown(folder, *names), where="mine")
    return str(caught.value)


@pytest.mark.parametrize(
    "names",
    [
        "Training/{a,b}/0.png Testing/0.png",
        "training_set/training_set/{a,b}/0.png",
        "seg_train/{a,b}/0.png seg_test/{a,b}/0.png",
    ],
)
def test_a_root_has_a_folder_for_training_by_any_name(
    tmp_path: Path, names: str
) -> None:
    grown(tmp_path / "x", *names.split())
    assert find_root(tmp_path, where="") == tmp_path / "x"
    assert is_layout(tmp_path / "x")


def test_a_class_called_training_may_hold_a_folder(tmp_path: Path) -> None:
    grown(tmp_path, "x/{Training,match}/0.png", "x/Training/more/1.png")
    assert find_root(tmp_path, where="") == tmp_path / "x"
    assert not is_layout(tmp_path / "x")


def test_flat_parts_are_no_classes_and_lack_a_table(tmp_path: Path) -> None:
    """Three classes called train, val and test were trained on."""
    message = refused(tmp_path, "{train,val,test}/{0,1}.png", "labels.json")
    assert "labels of the images in train/: train.csv beside it" in message
    assert "train/ with 2 files (0.png, 1.png); val/ with 2" in message
    assert "1 file (labels.json); add train.csv" in message


@pytest.mark.parametrize("other", ["images", "extra"])
def test_train_beside_a_folder_that_is_no_class_is_none_either(
    tmp_path: Path, other: str
) -> None:
    assert "train.csv beside it" in refused(
        tmp_path, f"{{train,{other}}}/{{0,1}}.png"
    )


@pytest.mark.parametrize("part", ["test", "Validation", "eval"])
def test_class_folders_beside_a_part_go_into_train(
    tmp_path: Path, part: str
) -> None:
    message = refused(tmp_path, "{cat,dog}/{0,1}.png", f"{part}/0.png")
    assert f"expected {part} beside train/, or class folders alone" in message
    assert message.endswith(
        "put the class folders into train/; there, any name is a class"
    )


def test_valid_and_invalid_are_two_classes(tmp_path: Path) -> None:
    grown(tmp_path, "{valid,invalid}/{0,1}.png")
    assert find_root(tmp_path, where="") == tmp_path


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("test/0.png val/0.png", "images that train, in train/"),
        ("images/0.png masks/0.png", "class folders (no class is called images)"),
        ("images/0.png readme.md", "; or put each class into a folder"),
        ("train/0.jpg train/0.xml", "an export for detection (VOC"),
        ("docs/a.pdf", "received none, but 1 file (a.pdf); name"),
    ],
)
def test_what_is_there_decides_what_to_do(
    tmp_path: Path, names: str, words: str
) -> None:
    assert words in refused(tmp_path, *names.split())


def test_images_may_lie_one_folder_deeper_in_bare_class_folders(
    tmp_path: Path,
) -> None:
    grown(tmp_path, "x/{n01,n02}/images/0.png")
    assert find_root(tmp_path, where="") == tmp_path / "x"


@pytest.mark.parametrize(
    ("names", "root"),
    [
        ("x/train/{cat,dog}.0.jpg x/test1/1.jpg", "x"),
        ("x/images/{cat,dog}.0.jpg", "x/images"),
        ("x/{pets,cars}/{p,q}/0.jpg", "x"),
        ("x/{a,b}/0.jpg", "x"),
    ],
)
def test_labels_in_names_need_no_class_folders(
    tmp_path: Path, names: str, root: str
) -> None:
    grown(tmp_path, *names.split())
    assert find_root(tmp_path, where="", by_pattern=True) == tmp_path / root


def test_several_bare_roots_may_be_one_set(tmp_path: Path) -> None:
    message = refused(tmp_path, "{pets,cars}/{p,q}/0.jpg")
    assert "2 of them (cars, pets)" in message
    assert message.endswith("or put them into train/ if all are")


def test_a_table_away_from_its_images_is_told_so(tmp_path: Path) -> None:
    """The error was that the folder train/ is not there."""
    made(tmp_path, "x/csv/train.csv", "x/images/0.png")
    with pytest.raises(
        InputError,
        match=r"received one in x/csv/, where no image is; put the table",
    ):
        find_root(tmp_path, where="mine")
    assert find_root(tmp_path / "x/csv", where="mine") == tmp_path / "x/csv"


def test_parts_inside_class_folders_belong_on_top(tmp_path: Path) -> None:
    grown(tmp_path, "{cup,star}/{train,test}/{0,1}.png")
    fix = "put the images of cup/test/ into test/cup/, and so on"
    with pytest.raises(InputError, match=fix):
        find_root(tmp_path, where="mine")
