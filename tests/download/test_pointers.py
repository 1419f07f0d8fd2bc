"""Pointers of Git LFS in a data set: said before anything is decoded."""

from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.download.kinds.pointers import refuse_pointers

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:2d6c\nsize 10\n"


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_set_of_pointers_is_refused_with_the_fix(tmp_path: Path) -> None:
    files = {f"train/cat/{number}.png": POINTER for number in range(5)}
    with pytest.raises(InputError) as caught:
        refuse_pointers(put(tmp_path, files), "a.zip")
    error = str(caught.value)
    assert (
        "received 5 pointers of Git LFS in place of files (train/cat/0.png, "
        in error
    )
    assert "git lfs pull" in error


def test_a_table_that_is_a_pointer_is_refused(tmp_path: Path) -> None:
    files = {"train.csv": POINTER, **{f"train/{n}.png": b"x" for n in range(5)}}
    with pytest.raises(InputError, match=r"1 pointer of Git LFS .*\(train.csv\)"):
        refuse_pointers(put(tmp_path, files), "a.zip")


def test_a_few_pointers_are_named(tmp_path: Path) -> None:
    files = {"train/9.png": POINTER, **{f"train/{n}.png": b"x" for n in range(5)}}
    (line,) = refuse_pointers(put(tmp_path, files), "a.zip")
    assert line.startswith(
        "1 pointer of Git LFS in place of files: train/9.png; say"
    )


def test_other_small_files_are_none(tmp_path: Path) -> None:
    files = {"train/0.png": b"version 1", "train/1.png": b"", "notes.txt": POINTER}
    assert refuse_pointers(put(tmp_path, files), "a.zip") == []
