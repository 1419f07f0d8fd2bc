"""Paths of Windows as names: folders, where no folder is there; they never lead out."""

from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset.naming.backslashes import split_windows_paths, windows_paths


def put(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(file)
    return folder


def files(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    )


@pytest.mark.parametrize("front", ["", "set/", "a/b/"])
def test_names_with_backslashes_become_folders(tmp_path: Path, front: str) -> None:
    put(
        tmp_path,
        f"{front}train.csv",
        f"{front}train\\cup\\0.png",
        f"{front}\\train\\.\\tree\\\\1.png",
    )
    assert split_windows_paths(tmp_path, "set") == [
        r"2 names have backslashes, as '\train\.\tree\\1.png': read as folders"
    ]
    names = ["train.csv", "train/cup/0.png", "train/tree/1.png"]
    assert files(tmp_path) == [f"{front}{name}" for name in names]


def test_beside_a_folder_a_backslash_is_a_letter(tmp_path: Path) -> None:
    put(tmp_path, "train/a/x\\0.png", "train/b/1.png", "y\\2.png")
    assert windows_paths(tmp_path) == []
    assert split_windows_paths(tmp_path, "set") == []


def test_hidden_folders_do_not_count(tmp_path: Path) -> None:
    put(tmp_path, ".git/x", "__MACOSX/y", "train\\a\\0.png")
    assert [path.name for path in windows_paths(tmp_path)] == ["train\\a\\0.png"]


@pytest.mark.parametrize(
    "name", ["..\\evil.png", "train\\..\\..\\evil.png", "\\..\\evil.png"]
)
def test_none_leads_out(tmp_path: Path, name: str) -> None:
    inside = put(tmp_path / "inside", "a.png", name)
    with pytest.raises(InputError, match="set: expected entries that stay inside"):
        split_windows_paths(inside, "set")
    assert files(tmp_path) == sorted([f"inside/{name}", "inside/a.png"])


def test_two_names_of_one_path_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "a\\0.png", "a\\.\\0.png")
    with pytest.raises(InputError, match=r"'a/0.png' twice"):
        split_windows_paths(tmp_path, "set")
