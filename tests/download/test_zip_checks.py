"""Zips of other packings, in parts, or several in one: one line each, before a file is written."""

import zipfile
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.download.archives import unpack
from support.packed import packed

FILES = {"train/cat/0.png": b"0" * 99, "train/dog/1.png": b"1" * 99}


def with_method(path: Path, method: int, flags: int = 0) -> Path:
    """The zip at `path`, whose files say that they were packed in another way."""
    content = bytearray(packed(path, FILES).read_bytes())
    with zipfile.ZipFile(path) as bundle:
        start = bundle.start_dir
    for info in zipfile.ZipFile(path).infolist():
        content[info.header_offset + 8] = method
        content[info.header_offset + 6] |= flags
        content[start + 10] = method
        content[start + 8] |= flags
        start += 46 + len(info.filename)
    path.write_bytes(content)
    return path


def refused(path: Path, out: Path) -> str:
    out.mkdir(exist_ok=True)
    with pytest.raises(InputError) as caught:
        unpack(path, out, where="a.zip")
    assert not any(out.iterdir())
    return str(caught.value)


@pytest.mark.parametrize(
    ("method", "flags", "said"),
    [
        (9, 0, "packed by Deflate64, as Windows does over 2 GB"),
        (12, 0, "packed by bzip2 or lzma, which may hide a bomb"),
        (14, 0, "packed by bzip2 or lzma, which may hide a bomb"),
        (20, 0, "packed by zstd"),
        (93, 0, "packed by zstd"),
        (95, 0, "packed by xz"),
        (98, 0, "packed by PPMd"),
        (77, 0, "packed by method 77"),
        (99, 1, "which is encrypted (password required)"),
        (8, 1, "which is encrypted (password required)"),
    ],
)
def test_a_packing_that_is_not_read_is_named(
    tmp_path: Path, method: int, flags: int, said: str
) -> None:
    path = with_method(tmp_path / "a.zip", method, flags)
    error = refused(path, tmp_path / "out")
    assert (
        f"received 'train/cat/0.png', {said}; unpack it with `7z x FILE`" in error
    )
    assert ("and its password" in error) == bool(flags)


@pytest.mark.parametrize("first", [".zip", ".tar"])
@pytest.mark.parametrize("second", [".zip", ".tar", ".tgz"])
def test_two_archives_in_one_are_refused(
    tmp_path: Path, first: str, second: str
) -> None:
    """Python reads the last zip alone, and tarfile the first tar: the others were lost unsaid."""
    one = packed(tmp_path / f"a{first}", FILES)
    two = packed(tmp_path / f"b{second}", {"train/cat/2.png": b"2"})
    joined = tmp_path / "joined"
    joined.write_bytes(one.read_bytes() + two.read_bytes())
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(InputError, match="expected one archive, received"):
        unpack(joined, out, where="a")


def test_a_zip_behind_a_program_or_with_a_comment_is_one(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", FILES)
    path.write_bytes(b"MZ" + bytes(999) + path.read_bytes())
    with zipfile.ZipFile(path, "a") as bundle:
        bundle.comment = b"made by hand"
    path.write_bytes(path.read_bytes() + b"\n")
    (tmp_path / "out").mkdir()
    unpack(path, tmp_path / "out", where="a")
    assert (tmp_path / "out/train/dog/1.png").read_bytes() == b"1" * 99


def test_a_large_zip_has_its_numbers_in_another_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    path = packed(tmp_path / "a.zip", FILES)
    assert b"PK\x06\x06" in path.read_bytes()
    (tmp_path / "out").mkdir()
    unpack(path, tmp_path / "out", where="a")
    joined = tmp_path / "joined.zip"
    monkeypatch.undo()
    joined.write_bytes(packed(tmp_path / "b.zip", FILES).read_bytes() * 2)
    assert "two or more" in refused(joined, tmp_path / "other")


def test_the_last_part_of_a_zip_says_so(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", FILES)
    content = bytearray(path.read_bytes())
    content[-18] = 2  # the number of this part, from 0
    path.write_bytes(content)
    assert "received the last of 3 parts" in refused(path, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("a.zip", "fetch it again"),
        ("a.zip.crdownload", "let the browser end it"),
        ("a.zip.001", "unpack all parts together"),
        ("https://h.org/a.zip.part?x=1", "let the browser end it"),
    ],
)
def test_half_a_zip_says_why_by_its_name(
    tmp_path: Path, name: str, fix: str
) -> None:
    path = packed(tmp_path / "a.zip", FILES)
    path.write_bytes(path.read_bytes()[:100])
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError) as caught:
        unpack(path, tmp_path / "out", where=name)
    assert f"received a zip without its end; {fix}" in str(caught.value)
