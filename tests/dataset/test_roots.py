"""Roots: the one folder where a data set begins, however deep, and never a guess between two."""

from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset.roots import find_root, is_layout


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
