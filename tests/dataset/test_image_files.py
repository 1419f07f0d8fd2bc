"""The images of a folder: by content where a suffix says nothing, and none passed over unsaid."""

import os
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset.image_files import images_in, is_image, list_files
from support.cases import as_folder, image

HEIC = b"\0\0\0\x18ftypheic" + bytes(100)


def test_what_a_suffix_does_not_say_the_content_does(tmp_path: Path) -> None:
    folder = as_folder(
        {
            "10": image(0, "JPEG"),
            "9.avif": image(1, "AVIF"),
            "a/b.jpe": image(2, "JPEG"),
            "photo.jpg?w=600": image(3, "JPEG"),
            "scan.2": image(4),
            "notes": b"hello",
            "notes.txt": b"P5 8 8 255",
            "0.png": b"",
        },
        tmp_path,
    )
    files = list_files(folder)
    assert files.images == [
        "0.png", "9.avif", "10", "a/b.jpe", "photo.jpg?w=600", "scan.2"
    ]  # fmt: skip
    assert files.formats == {
        "9.avif": "AVIF", "10": "JPEG", "a/b.jpe": "JPEG", "photo.jpg?w=600": "JPEG",
        "scan.2": "PNG",
    }  # fmt: skip
    assert files.others == ["notes", "notes.txt"]
    assert images_in(folder) == files.images


def test_only_files_of_rare_suffixes_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """50,000 files are named in a second, and opened in minutes on some disks."""
    folder = as_folder({"0.png": b"", "1.JPG": b"", "2.txt": b""}, tmp_path)
    monkeypatch.setattr(Path, "open", None)
    assert images_in(folder) == ["0.png", "1.JPG"]


def test_an_image_of_a_rare_suffix_that_is_none_is_kept_for_the_quarantine(
    tmp_path: Path,
) -> None:
    folder = as_folder({"0.avif": b"", "1.heic": b"cut", "2.svg": b""}, tmp_path)
    assert images_in(folder) == ["0.avif", "1.heic", "2.svg"]


def test_an_empty_file_among_images_without_suffixes_is_a_lost_image(
    tmp_path: Path,
) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1"
    folder = as_folder(
        {
            "a/1": image(1),
            "a/2": b"",
            "a/3": pointer,
            "a/LICENSE": b"text",
            "b/4": b"",
        },
        tmp_path,
    )
    files = list_files(folder)
    assert files.images == ["a/1", "a/2", "a/3"]
    assert files.others == ["a/LICENSE", "b/4"]


def test_what_editors_and_browsers_leave_is_no_image(tmp_path: Path) -> None:
    leftovers = ("0.png~", "0.png.bak", "1.jpg.part", "2.jpg.crdownload", "3.tmp")
    folder = as_folder(dict.fromkeys(leftovers, image(0)), tmp_path)
    assert images_in(folder) == []
    assert sorted(list_files(folder).others) == sorted(leftovers)


def test_a_raw_file_beside_its_jpeg_is_another_form_of_it(tmp_path: Path) -> None:
    folder = as_folder(
        {"a/1.JPG": image(1), "a/1.HEIC": HEIC, "a/2.HEIC": HEIC, "b/1.HEIC": HEIC},
        tmp_path,
    )
    files = list_files(folder)
    assert files.images == ["a/1.JPG", "a/2.HEIC", "b/1.HEIC"]
    assert files.other_forms == ["a/1.HEIC"]


def test_hidden_images_are_told_from_others(tmp_path: Path) -> None:
    folder = as_folder(
        {
            "0.png": b"",
            ".1.png": b"",
            ".ipynb_checkpoints/0-checkpoint.png": b"",
            "a/.b/c/2.png": b"",
            "a/@eaDir/2.png/T.jpg": b"",
            ".x/readme.txt": b"",
        },
        tmp_path,
    )
    files = list_files(folder)
    assert files.images == ["0.png"] and files.others == []
    assert sorted(files.hidden) == [
        ".1.png",
        ".ipynb_checkpoints/0-checkpoint.png",
        "a/.b/c/2.png",
        "a/@eaDir/2.png/T.jpg",
    ]


def test_a_data_set_in_a_hidden_folder_is_not_hidden(tmp_path: Path) -> None:
    place = tmp_path / ".cache" / "set"
    assert images_in(as_folder({"0.png": b""}, place)) == ["0.png"]


def test_equal_numbers_keep_one_order(tmp_path: Path) -> None:
    folder = as_folder({"1.png": b"", "01.png": b"", "001.png": b""}, tmp_path)
    assert images_in(folder) == ["001.png", "01.png", "1.png"]


def test_links_to_nowhere_and_pipes_are_no_images(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "lost.png").symlink_to(tmp_path / "nowhere")
    assert images_in(tmp_path) == [] and list_files(tmp_path).others == []


def test_a_folder_that_cannot_be_listed_is_no_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """os.walk passes over it: 40 images of a class were gone, and nothing was said."""
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def closed(path: str) -> object:
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(
        InputError, match=r"closed: expected a folder that can be listed"
    ):
        images_in(tmp_path)


def test_a_hidden_folder_that_cannot_be_listed_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """lost+found is root's alone on each disk of Linux."""
    folder = as_folder({"0.png": b"", "lost+found/1": b""}, tmp_path)
    scandir = os.scandir

    def closed(path: str) -> object:
        if os.fspath(path).endswith("lost+found"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert images_in(folder) == list_files(folder).images == ["0.png"]


def test_no_folder_has_no_images(tmp_path: Path) -> None:
    assert images_in(tmp_path / "none") == []


def test_one_file_is_judged_as_in_its_folder(tmp_path: Path) -> None:
    folder = as_folder({"0.png": b"", "1": image(1), "2": b"text"}, tmp_path)
    assert is_image(folder / "0.png") and is_image(folder / "1")
    assert not is_image(folder / "2") and not is_image(tmp_path)
