"""Stores that fsspec reads: an archive comes whole and checked, or one line says why not."""

import hashlib
import io
import time
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from croquis.core.addresses import hide_secrets
from croquis.core.errors import InputError
from croquis.dataset.data_params import DataParams
from croquis.download import remote, schemes
from croquis.download.schemes import Driver
from croquis.download.sources import fetch, kind_of
from support.packed import packed

FILES = {"train.csv": b"image_path,target\n", "train/cat/0.png": bytes(9)}


@pytest.fixture(autouse=True)
def store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MemoryFileSystem]:
    """A store in memory, which is in no product."""
    monkeypatch.setitem(schemes.REMOTES, "memory", Driver("fsspec", "fsspec"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    return packed(tmp_path / "a.zip", FILES).read_bytes()


def bring(source: str, sha256: str | None = None) -> list[str]:
    wanted = DataParams(source=source, sha256=sha256)
    return fetch(wanted, Path("data/raw"), Path("data/solution.csv"))


def refused(source: str) -> str:
    with pytest.raises(InputError) as caught:
        bring(source)
    assert list(Path("data").iterdir()) == []
    return str(caught.value)


def test_an_archive_comes_from_a_store_and_is_checked(
    store: MemoryFileSystem, archive: bytes
) -> None:
    store.pipe("/my sets/데이터 1.zip", archive)
    sha256 = hashlib.sha256(archive).hexdigest()
    source = "memory://my sets/데이터 1.zip"
    assert bring(source) == [f"to pin this archive: -S data.sha256={sha256}"]
    assert Path("data/raw/train/cat/0.png").read_bytes() == bytes(9)
    assert bring(source, sha256) == []
    with pytest.raises(InputError, match=r"data.sha256: expected 000"):
        bring(source, "0" * 64)


def test_a_variable_of_the_environment_is_filled_in_and_never_shown(
    store: MemoryFileSystem, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.pipe("/SECRET/a.zip", archive)
    assert "a variable KEY in the environment" in refused("memory://{KEY}/a.zip")
    monkeypatch.setenv("KEY", "SECRET")
    bring("memory://{KEY}/a.zip")
    Path("data/solution.csv").unlink()
    Path("data/raw").rename("old")
    error = refused("memory://{KEY}/b.zip")
    assert "received nothing there" in error and "SECRET" not in error


def test_what_is_no_archive_is_named(
    store: MemoryFileSystem, archive: bytes
) -> None:
    store.pipe("/a/b.zip", archive)
    assert "received a folder; name an archive in it" in refused("memory://a")
    store.pipe("/page", b"<html><title>Sign in</title>" + bytes(600))
    assert "a web page ('Sign in')" in refused("memory://page")
    store.pipe("/empty", b"")
    assert "an empty file" in refused("memory://empty")
    store.pipe("/small", b"version https://git-lfs.github.com/spec/v1")
    assert "a pointer of Git LFS" in refused("memory://small")
    store.pipe("/half", archive[:100])
    assert "a zip without its end" in refused("memory://half")


def test_a_library_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No other way is tried: neither without credentials nor by another program."""
    monkeypatch.setattr(remote, "find_spec", lambda name: None)
    for source, package in (
        ("s3://bucket/a.zip", "s3fs"),
        ("gs://bucket/a.zip", "gcsfs"),
        ("az://box/a.zip", "adlfs"),
        ("abfs://box@account.dfs.core.windows.net/a.zip", "adlfs"),
        ("hf://datasets/me/set/a.zip", "huggingface_hub"),
        ("S3A://bucket/a.zip", "s3fs"),
    ):
        assert kind_of(source) == "remote"
        assert f"expected the library {package}, for " in refused(source)


def test_only_stores_that_are_listed_are_asked(tmp_path: Path) -> None:
    """fsspec has others, which run programs or read any file: github, reference, zip::."""
    for name in ("reference", "zip", "data", "jupyter", "local", "simplecache"):
        with pytest.raises(InputError, match="an address that begins with"):
            kind_of(f"{name}://a.zip")


class Broken(io.BytesIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def read(self, size: int | None = -1, /) -> bytes:
        raise self.error


SAID = "denied to me:SECRET@host.org, token=SECRET"


class ClientConnectError(Exception):
    """Of a library that has a class of its own."""


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (PermissionError(SAID), "give the library its credentials"),
        (ValueError(SAID), "give the library its credentials"),
        (ConnectionError(SAID), "check the address and the network"),
        (ClientConnectError(SAID), "check the address and the network"),
    ],
)
def test_an_error_of_a_library_is_one_line_without_secrets(
    store: MemoryFileSystem,
    archive: bytes,
    error: Exception,
    fix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.pipe("/a.zip", archive)
    monkeypatch.setattr(MemoryFileSystem, "open", lambda *_, **__: Broken(error))
    text = refused("memory://a.zip")
    assert (
        f"received {type(error).__name__}: denied to ***@" in text and fix in text
    )
    assert "SECRET" not in text


def test_a_store_that_stalls_is_given_up(
    store: MemoryFileSystem, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(*_: object, **__: object) -> None:
        time.sleep(0.5)

    store.pipe("/a.zip", archive)
    monkeypatch.setattr(remote, "STALL_SECONDS", 0.05)
    monkeypatch.setattr(MemoryFileSystem, "open", sleep)
    assert "nothing came for 0.05 s" in refused("memory://a.zip")


def test_a_file_that_ends_early_is_no_archive(
    store: MemoryFileSystem, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.pipe("/a.zip", archive)
    short = io.BytesIO(archive[:50])
    monkeypatch.setattr(MemoryFileSystem, "open", lambda *_, **__: short)
    error = refused("memory://a.zip")
    assert f"an end after 50 of {len(archive):,} bytes; give the same" in error


def test_more_than_the_disk_has_free_is_refused(
    store: MemoryFileSystem, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 100})
    store.pipe("/a.zip", archive)
    monkeypatch.setattr(remote.shutil, "disk_usage", lambda _: usage)
    assert "at most 90 bytes, 90% of what the disk has free" in refused(
        "memory://a.zip"
    )


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("s3://key:SECRET@bucket/a.zip", "s3://***@bucket/a.zip"),
        ("ftp://me:SECRET@h.org/a.zip", "ftp://***@h.org/a.zip"),
        ("sftp://me:SECRET@h.org/a.zip", "sftp://***@h.org/a.zip"),
        (
            "az://box/a.zip?sig=SECRET&se=2027-01-01",
            "az://box/a.zip?sig=***&se=***",
        ),
        (
            "gs://b/a.zip?X-Goog-Signature=SECRET",
            "gs://b/a.zip?X-Goog-Signature=***",
        ),
        (
            "hf://datasets/me/set/token=SECRET/a.zip",
            "hf://datasets/me/set/token=***",
        ),
    ],
)
def test_secrets_of_stores_are_hidden_as_those_of_the_web(
    source: str, shown: str
) -> None:
    text = hide_secrets(f"download: {source} is in data/raw")
    assert "SECRET" not in text and shown in text
