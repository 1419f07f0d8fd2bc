"""What people name instead of an archive: each is called by its name, with the fix that helps."""

import bz2
import lzma
import os
import pickle
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.download.kinds.file_checks import kind_of_file, refuse_other_file
from support.packed import packed

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:2d6c\nsize 10\n"
DVC = (
    b"outs:\n- md5: a304afb96060aad90176268345e10355\n  size: 5\n  path: set.zip\n"
)
# A name, the bytes, what the error says was received, and a part of its fix.
OTHERS = [
    ("a.zip", b"", "an empty file", "fetch it again"),
    ("a.zip", bytes(2048), "a file of zeros alone", "fetch it again"),
    ("a.zip", b"<!DOCTYPE html><html><title>x</title>", "a web page ('x')", "browser"),
    ("a.zip", b"\xef\xbb\xbf\n <HTML><body>", "a web page", "browser"),
    ("a.zip", b"<!-- hi --><html><body>", "a web page", "browser"),
    (
        "a.zip",
        b"<html><head><title>Google Drive - Virus scan warning</title>",
        "Virus scan warning",
        "`gdown ID`",
    ),
    ("a.zip", b"<html><title>Login | Kaggle</title>", "Kaggle", "kaggle competitions"),
    ("a.zip", LFS, "a pointer of Git LFS", "git lfs pull"),
    ("set.zip.dvc", DVC, "a .dvc file", "dvc pull set.zip.dvc"),
    ("my set.7z", b"7z\xbc\xaf\x27\x1c" + bytes(99), "a 7z", "7z x 'my set.7z'"),
    ("a.rar", b"Rar!\x1a\x07\x01\0", "a rar archive", "unrar x a.rar"),
    ("a.rar", b"Rar!\x1a\x07\0", "a rar archive", "unrar x a.rar"),
    ("a.tar.zst", b"\x28\xb5\x2f\xfd" + bytes(9), "a zstd file", "tar --zstd -xf"),
    ("a.tar.lz4", b"\x04\x22\x4d\x18" + bytes(9), "an lz4 file", "lz4 -dc a.tar.lz4"),
    ("a.tar.lzma", lzma.compress(b"x", lzma.FORMAT_ALONE), "an lzma file", "--lzma"),
    ("a.exe", b"MZ" + bytes(600), "a program", "name the archive"),
    ("a.pkg", b"xar!" + bytes(9), "a xar archive", "7z x a.pkg"),
    ("a.dmg", b"\x78\x01" + bytes(900) + b"koly" + bytes(508), "a disk image", "open"),
    ("a.iso", b"\1" + bytes(32768) + b"CD001", "a disk image", "open"),
    ("a.png", b"\x89PNG\r\n\x1a\n\0", "a single image", "the folder of all images"),
    ("a.jpg", b"\xff\xd8\xff\xe0", "a single image", "the folder of all images"),
    ("a.bmp", b"BM\x10\0\0\0\0\0\0\0", "a single image", "the folder of all images"),
    ("a.heic", b"\0\0\0\x18ftypheic", "an image (HEIC", "the folder of all images"),
    ("a.csv", b"image,label\n0.png,1\n", "a table alone", "holds it and the images"),
    ("a.csv", "이름;값\n0.png;1\n".encode(), "a table alone", "holds it"),
    ("a.csv", "id,label\n".encode("utf-16"), "a table alone", "holds it"),
    ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "an old file of Office", "folder"),
    ("a.parquet", b"PAR1\x15\x04", "a Parquet table", "saved as files"),
    ("a.pkl", pickle.dumps([1]), "a pickle of Python", "the folder of all images"),
    ("a.npy", b"\x93NUMPY\x01", "a .npy file", "saved as files"),
    ("a.h5", b"\x89HDF\r\n\x1a\n", "an HDF5 file", "saved as files"),
    ("a.pt", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "PyTorch", "pretrained:"),
    ("a.enc", b"Salted__" + bytes(8), "an encrypted file", "decrypt it"),
    ("a.zip.gpg", b"\x8c\x0d\x04\x09", "an encrypted file", "decrypt it"),
    ("a.zip.gpg", b"\x99\xfe\x01\x02\xff", "an encrypted file", "decrypt it"),
    ("a.zip.asc", b"-----BEGIN PGP MESSAGE-----\n", "an encrypted file", "decrypt"),
    ("train.z01", b"PK\x07\x08PK\x03\x04", "one part of an archive", "7z x"),
    ("a.zip.002", b"\x99\xfe\x01\x02\xff", "one part of an archive", "7z x"),
    ("a.tar.gz.ab", b"\x99\xfe\x01\x02\xff", "one part of an archive", "7z x"),
    ("a.zip.crdownload", b"\x99\xfe\x01", "a download that has not ended", "browser"),
    ("a.zip", b'{"message": "Not Found"}', "an answer in JSON", "again"),
    ("a.zip", b"<?xml version='1.0'?><Error>", "an answer in XML", "again"),
    ("a.url", b"[InternetShortcut]\nURL=http://h", "a link of a desktop", "leads to"),
    ("a.torrent", b"d8:announce35:udp", "a torrent", "torrent program"),
    ("a.zip", b"hello there", "a text, bytes that begin with 'hello", "an archive"),
    ("a.zip", b"\x99\xfe\x01\x02", "bytes that begin with", "the folder of the images"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "received", "fix"), OTHERS)
def test_a_file_that_is_no_archive_is_named_with_its_fix(
    tmp_path: Path, name: str, content: bytes, received: str, fix: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        refuse_other_file(path, "data.source", name)
    error = str(caught.value)
    start, _, end = error.partition("; ")
    assert start.startswith("data.source: expected a .zip, .tar, .tar.gz")
    assert received in start and fix in end and len(error) < 300


@pytest.mark.parametrize("folder", ["BM", "MZ", "GIF8", "PAR1", "#!", "7z", "Rar!"])
@pytest.mark.parametrize("suffix", [".tar", ".tgz", ".zip"])
def test_a_folder_called_like_another_format_is_an_archive_all_the_same(
    tmp_path: Path, folder: str, suffix: str
) -> None:
    """A tar begins with the first name in it."""
    path = packed(tmp_path / f"a{suffix}", {f"{folder}/0.png": os.urandom(9)})
    assert kind_of_file(path, path.name) is None


def test_packed_tars_are_archives(tmp_path: Path) -> None:
    for pack in (bz2.compress, lzma.compress):
        path = tmp_path / "a"
        path.write_bytes(pack(packed(tmp_path / "a.tar", {"x": b""}).read_bytes()))
        assert kind_of_file(path, "a") is None


def test_a_program_that_unpacks_itself_is_an_archive(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"x": b"x"})
    path.write_bytes(b"MZ" + bytes(999) + path.read_bytes())
    assert kind_of_file(path, "a.exe") is None


def test_a_huge_sparse_file_is_known_at_once(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(2**40)
    kind = kind_of_file(tmp_path / "a", "a.zip")
    assert kind is not None and kind.name.startswith("a file of zeros")
