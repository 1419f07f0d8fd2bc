"""What lies in .resume/download was changed since: it goes, and nothing else is touched."""

import fcntl
import hashlib
import os
import random
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset.data_params import DataParams
from croquis.download import transfers
from croquis.download.part_files import FOLDER, PartFile
from croquis.download.sources import fetch
from support.packed import packed
from support.strange_server import StrangeServer, in_parts, serve

FILES = {
    "train.csv": b"image_path,target\ncat/0.png,0\n",
    "train/cat/0.png": random.Random(0).randbytes(300_000),
}
ETAG = '"abc"'
HALF = 150_000


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "BACKOFF_SECONDS", 0)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    return packed(tmp_path / "a.tar.gz", FILES).read_bytes()


def bring(url: str, sha256: str | None = None) -> None:
    wanted = DataParams(source=url, sha256=sha256)
    fetch(wanted, Path("data/raw"), Path("data/solution.csv"))


def arrived() -> bool:
    image = Path("data/raw/train/cat/0.png")
    left = [path for path in FOLDER.rglob("*") if path.is_file()]
    return image.read_bytes() == FILES["train/cat/0.png"] and not left


def leave_half(server: StrangeServer, archive: bytes) -> Path:
    """As a killed run leaves it."""
    part = PartFile(server.url)
    part.begin({"ETag": ETAG}, len(archive))
    part.path.write_bytes(archive[:HALF])
    return part.path


@pytest.mark.parametrize("pinned", [True, False])
def test_a_damaged_part_is_brought_from_the_start_once(
    archive: bytes, pinned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    sha256 = hashlib.sha256(archive).hexdigest() if pinned else None
    with serve(in_parts(archive, 10**6, etag=ETAG)) as server:
        part = leave_half(server, archive)
        content = bytearray(archive[:HALF])
        content[100_000:100_100] = bytes(100)
        part.write_bytes(content)
        bring(server.url, sha256)
    assert arrived()
    assert [request.first_byte for request in server.requests] == [HALF, 0]
    assert (
        "what came in parts is of no use; from the start" in capsys.readouterr().out
    )


def test_parts_of_two_files_are_not_taken_for_one(archive: bytes) -> None:
    """A server with several copies, which have the same date and are not the same."""
    date = {"last_modified": "Mon, 30 Nov 2026 20:00:00 GMT"}
    other = bytes(reversed(archive))
    scripts = (in_parts(archive, HALF, **date), in_parts(other, 10**6, **date))
    with serve(
        *scripts, in_parts(archive, HALF, **date), in_parts(archive, 10**6, **date)
    ) as server:
        bring(server.url, hashlib.sha256(archive).hexdigest())
    assert arrived()
    firsts = [request.first_byte for request in server.requests]
    assert firsts == [0, HALF, 0, HALF]
    with serve(*scripts, *scripts) as server:
        with pytest.raises(InputError, match=r"data\.sha256"):
            bring(server.url, hashlib.sha256(archive).hexdigest())
    assert len(server.requests) == 4


def test_a_wrong_sha256_of_a_whole_file_is_not_asked_for_again(
    archive: bytes,
) -> None:
    with serve(in_parts(archive, 10**6, etag=ETAG)) as server:
        with pytest.raises(InputError, match=r"data\.sha256"):
            bring(server.url, "0" * 64)
        assert len(server.requests) == 1
        leave_half(server, archive)
        with pytest.raises(InputError, match=r"data\.sha256"):
            bring(server.url, "0" * 64)
        assert len(server.requests) == 3


@pytest.mark.parametrize("kind", ["folder", "link", "dead link", "folder as note"])
def test_a_part_that_is_no_file_is_replaced(
    archive: bytes, kind: str, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(archive[:HALF])
    with serve(in_parts(archive, 10**6, etag=ETAG)) as server:
        part = leave_half(server, archive)
        place = part.with_suffix(".json") if kind == "folder as note" else part
        place.unlink()
        if kind.startswith("folder"):
            place.mkdir()
            (place / "file").write_bytes(b"x")
        else:
            place.symlink_to(victim if kind == "link" else tmp_path / "none")
        bring(server.url)
    assert arrived() and victim.read_bytes() == archive[:HALF]
    assert not (tmp_path / "none").exists()
    assert server.requests[0].first_byte == 0


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"etag": "\\"a\\r\\nX: y\\"", "modified": "\\u0663\\n", "total": 7}',
        b'{"etag": "", "modified": "\\u0663", "total": -7}',
        b'{"etag": 5, "modified": [], "total": 1e400}',
    ],
)
def test_a_damaged_note_is_no_error(archive: bytes, note: bytes) -> None:
    with serve(in_parts(archive, 10**6, etag=ETAG)) as server:
        leave_half(server, archive).with_suffix(".json").write_bytes(note)
        bring(server.url)
    assert arrived()


def test_a_file_where_the_folder_should_be_is_one_line(archive: bytes) -> None:
    Path(".resume").write_bytes(b"")
    with (
        serve(in_parts(archive, 10**6)) as server,
        pytest.raises(
            InputError, match=r"received a file in its place; remove \.resume"
        ),
    ):
        bring(server.url)


def test_two_downloads_at_once_do_not_write_into_one_file(archive: bytes) -> None:
    with serve(in_parts(archive, 10**6, etag=ETAG)) as server:
        part = leave_half(server, archive)
        folder = os.open(FOLDER, os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="one download at a time"):
            bring(server.url)
        assert part.stat().st_size == HALF and not server.requests
        os.close(folder)
        bring(server.url)
    assert arrived()
