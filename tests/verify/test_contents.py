"""What files hold, and which need not be read again."""

import hashlib
import os
from pathlib import Path

import pytest

from croquis.verify import contents
from croquis.verify.contents import ReadBefore, read_contents

ABC = "900150983cd24fb0d6963f7d28e17f72"  # md5 of b"abc"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    return path


def flip(path: Path) -> None:
    """Another byte under the same size and the same time of the last write."""
    state = os.stat(path)
    path.write_bytes(b"abd")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    read: list[Path] = []
    digest = contents.file_digest

    def counting(path: Path, algorithm: str) -> str:
        read.append(path)
        return digest(path, algorithm)

    monkeypatch.setattr(contents, "file_digest", counting)
    return read


def test_a_file_that_nobody_touched_is_read_once(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = count_reads(monkeypatch)
    before = ReadBefore(tmp_path / "notes.json")
    assert before.md5(file) == ABC
    before.save()
    again = ReadBefore(tmp_path / "notes.json")
    assert again.md5(file) == ABC
    assert read_contents([file], again).md5s == {file: ABC}
    assert read == [file]


def test_an_edit_in_place_that_puts_the_time_back_is_seen(
    file: Path, tmp_path: Path
) -> None:
    before = ReadBefore(tmp_path / "notes.json")
    before.md5(file)
    flip(file)
    assert before.md5(file) == hashlib.md5(b"abd").hexdigest()


def test_what_is_forgotten_is_read_again(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ReadBefore(tmp_path / "notes.json")
    before.md5(file)
    before.forget()
    read = count_reads(monkeypatch)
    before.md5(file)
    assert read == [file]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"a": [1, 2, 3]}'])
def test_notes_that_were_cut_off_say_nothing(
    file: Path, tmp_path: Path, text: str
) -> None:
    notes = tmp_path / "notes.json"
    notes.write_text(text)
    assert ReadBefore(notes).md5(file) == ABC


def test_notes_that_cannot_be_kept_cost_no_error(
    file: Path, tmp_path: Path
) -> None:
    (tmp_path / "in the way").touch()
    before = ReadBefore(tmp_path / "in the way" / "notes.json")
    before.md5(file)
    before.save()


def test_small_files_come_first_and_the_rest_is_counted(tmp_path: Path) -> None:
    sizes = {"big": 50, "small": 10, "middle": 20}
    paths = {name: tmp_path / name for name in sizes}
    for name, size in sizes.items():
        paths[name].write_bytes(bytes(size))
    seen = read_contents(paths.values(), limit=30)
    assert set(seen.md5s) == {paths["small"], paths["middle"]}
    assert seen.unread == {paths["big"]} and seen.unread_bytes == 50


def test_links_to_one_file_are_read_once(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.link(file, tmp_path / "link")
    read = count_reads(monkeypatch)
    seen = read_contents([file, tmp_path / "link"])
    assert seen.md5s == {file: ABC, tmp_path / "link": ABC} and len(read) == 1


def test_a_file_that_cannot_be_read_has_no_hash(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bad_sector(path: Path, algorithm: str) -> str:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(contents, "file_digest", bad_sector)
    assert read_contents([file]).md5s == {file: ""}
