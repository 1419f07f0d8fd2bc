"""Copying somebody's folder: what is hidden, what is of tools, and what cannot be listed."""

import os
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.download.copy_tree import copy_tree
from support.cases import as_folder


def copied(place: Path) -> list[str]:
    files = (path for path in place.rglob("*") if not path.is_dir())
    return sorted(path.relative_to(place).as_posix() for path in files)


def test_images_of_tools_are_left_out_and_counted(tmp_path: Path) -> None:
    source = as_folder(
        {
            "train/0.png": b"0",
            "train/@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg": b"1",
            "$RECYCLE.BIN/1.png": b"2",
            ".Trash-1000/files/2.png": b"3",
            ".git/objects/aa": b"4",
            "lost+found/x": b"5",
            "Thumbs.db": b"6",
            "train/Icon\r": b"7",
        },
        tmp_path,
    )
    notes = copy_tree(source, tmp_path / "copy")
    assert copied(tmp_path / "copy") == ["train/0.png"]
    assert notes == [
        "3 images are in folders of a system or a tool, and left out: $RECYCLE.BIN/1.png,"
        " .Trash-1000/files/2.png, train/@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg"
    ]


def test_of_hidden_folders_images_alone_are_copied_as_a_table_may_name_them(
    tmp_path: Path,
) -> None:
    """An archive keeps them; a folder with the same files lost them."""
    source = as_folder(
        {
            "train/0.png": b"0",
            "train/.ipynb_checkpoints/0-checkpoint.png": b"1",
            "train/.ipynb_checkpoints/a-checkpoint.ipynb": b"2",
            "train/.1.png": b"3",
            ".gitignore": b"4",
        },
        tmp_path,
    )
    (source / "train/.lost.png").symlink_to("nowhere")
    assert copy_tree(source, tmp_path / "copy") == []
    assert copied(tmp_path / "copy") == [
        "train/.1.png",
        "train/.ipynb_checkpoints/0-checkpoint.png",
        "train/0.png",
    ]


def test_an_empty_folder_stays_one(tmp_path: Path) -> None:
    (tmp_path / "source/train/cup").mkdir(parents=True)
    (tmp_path / "source/.hidden").mkdir()
    copy_tree(tmp_path / "source", tmp_path / "copy")
    assert (tmp_path / "copy/train/cup").is_dir()
    assert not (tmp_path / "copy/.hidden").exists()


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of this name cannot be listed, as those of mode 000."""
    scandir = os.scandir

    def refuse(path: str) -> object:
        if os.path.basename(path) in ("closed", "lost+found", ".closed"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)


@pytest.mark.usefixtures("closed")
def test_a_folder_that_cannot_be_listed_stops_the_copy(tmp_path: Path) -> None:
    source = as_folder(
        {"train/closed/0.png": b"0", "train/a/1.png": b"1"}, tmp_path
    )
    with pytest.raises(
        InputError, match=r"train/closed: .*Permission denied; .*chmod -R u\+rX"
    ):
        copy_tree(source, tmp_path / "copy")


@pytest.mark.usefixtures("closed")
def test_a_folder_of_a_tool_that_cannot_be_listed_is_passed_over(
    tmp_path: Path,
) -> None:
    """lost+found is root's alone on each disk of Linux."""
    source = as_folder(
        {"a/0.png": b"0", "lost+found/1": b"", ".closed/2.png": b""}, tmp_path
    )
    assert copy_tree(source, tmp_path / "copy") == []
    assert copied(tmp_path / "copy") == ["a/0.png"]


def test_files_that_cannot_be_read_are_counted_before_any_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended in the words of the system, on the first of them, after all before it."""
    source = as_folder(
        {f"train/{number}.png": b"" for number in range(5)}, tmp_path
    )
    monkeypatch.setattr(os, "access", lambda path, _: path.name == "0.png")
    with pytest.raises(
        InputError,
        match=r"received 4 that cannot \(.* and 1 more\); .*chmod -R u\+rX",
    ):
        copy_tree(source, tmp_path / "copy")
    assert copied(tmp_path / "copy") == []
