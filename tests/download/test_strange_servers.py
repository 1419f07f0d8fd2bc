"""Servers that drop, stall, lie, lead astray or never end: one line, or the archive as it is."""

import gc
import gzip
import hashlib
import io
import os
import random
import re
import shutil
import subprocess
import sys
import time
import warnings
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset.data_params import DataParams
from croquis.download import transfers, web
from croquis.download.part_files import PartFile
from croquis.download.sources import fetch
from support.packed import packed
from support.strange_server import (
    Request,
    head,
    in_parts,
    say,
    serve,
    whole,
)

FILES = {
    "train.csv": b"image_path,target\ncat/0.png,0\n",
    # 300 kB that no packing makes smaller
    "train/cat/0.png": random.Random(0).randbytes(300_000),
}
SOURCE = Path(web.__file__).parents[2]
ETAG = '"abc"'


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in; tries follow each other at once, and no proxies or netrc."""
    monkeypatch.setattr(transfers, "BACKOFF_SECONDS", 0)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("CROQUIS_TOKEN", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits of time are tenths of seconds: for servers that would pass them anyway."""
    monkeypatch.setattr(transfers, "STALL_SECONDS", 0.6)
    monkeypatch.setattr(web, "READ_SECONDS", 0.5)


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    return packed(tmp_path / "a.tar.gz", FILES).read_bytes()


def bring(url: str, sha256: str | None = None) -> None:
    wanted = DataParams(source=url, sha256=sha256)
    fetch(wanted, Path("data/raw"), Path("data/solution.csv"))


def arrived() -> bool:
    """Whether the image came as it was, and nothing else is left."""
    image = Path("data/raw/train/cat/0.png")
    left = [path for path in Path(".resume").rglob("*") if path.is_file()]
    return image.read_bytes() == FILES["train/cat/0.png"] and not left


def refused(url: str) -> str:
    """The error; the data that was there before must stay."""
    with pytest.raises(InputError) as caught:
        bring(url)
    assert not Path("data/raw").exists()
    return str(caught.value)


def parts() -> list[Path]:
    return [p for p in Path(".resume/download").glob("*") if p.suffix != ".json"]


# ---- the bytes as they are


@pytest.mark.parametrize("label", ["x-gzip", "gzip", "identity"])
def test_a_label_of_packing_changes_no_byte(archive: bytes, label: str) -> None:
    """requests unpacked it: a right sha256 was "wrong", and the advice was to trust the other."""
    with serve(whole(archive, content_encoding=label)) as server:
        bring(server.url, hashlib.sha256(archive).hexdigest())
    assert arrived()
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_an_archive_that_the_server_packs_once_more_is_named(
    archive: bytes,
) -> None:
    twice = gzip.compress(archive)
    with serve(whole(twice, content_encoding="gzip")) as server:
        assert "packed once more (Content-Encoding)" in refused(server.url)
    assert not parts()


def test_a_bomb_in_the_encoding_is_never_unpacked() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    with serve(whole(bomb, content_encoding="gzip")) as server:
        refused(server.url)


def test_another_packing_that_nobody_asked_for_is_named() -> None:
    with serve(whole(b"\x0b" * 1000, content_encoding="br")) as server:
        assert "packed as 'br'" in refused(server.url)


# ---- drops


def test_a_transfer_goes_on_where_it_was_dropped(archive: bytes) -> None:
    with serve(in_parts(archive, 100_000, etag=ETAG)) as server:
        bring(server.url)
    assert arrived()
    assert [request.first_byte for request in server.requests] == [
        0,
        100_000,
        200_000,
        300_000,
    ]
    assert server.requests[1].headers["if-range"] == ETAG


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"etag": 'W/"abc"'},
        {"last_modified": "Mon, 30 Nov 2026 10:00:00 GMT"},
        {"etag": '"a\tb"'},
    ],
)
def test_other_proofs_of_the_same_file_do_as_well(
    archive: bytes, headers: dict[str, object]
) -> None:
    with serve(in_parts(archive, 100_000, **headers)) as server:
        bring(server.url, hashlib.sha256(archive).hexdigest())
    assert arrived() and len(server.requests) == 4


def test_another_try_is_said(
    archive: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(in_parts(archive, 200_000, etag=ETAG)) as server:
        bring(server.url)
    said = (
        f"download: an end after 200,000 of {len(archive):,} bytes; trying again\n"
    )
    assert capsys.readouterr().out == said


def test_a_server_without_ranges_is_asked_from_the_start(archive: bytes) -> None:
    drop = say(head(content_length=len(archive), etag=ETAG), archive[:200_000])
    with serve(drop, drop, whole(archive, etag=ETAG)) as server:
        bring(server.url)
    assert arrived() and len(server.requests) == 3


def test_a_server_that_always_drops_is_given_up(archive: bytes) -> None:
    drop = say(head(content_length=len(archive)), archive[:200_000])
    with serve(drop) as server:
        error = refused(server.url)
    assert "an end after 200,000 of" in error and "5 times" in error
    assert len(server.requests) < 12


def test_a_file_that_changed_meanwhile_is_brought_from_the_start(
    archive: bytes, tmp_path: Path
) -> None:
    other = packed(tmp_path / "b.tar.gz", FILES | {"new.txt": b"1"}).read_bytes()
    with serve(
        in_parts(archive, 100_000, etag=ETAG), whole(other, etag='"new"')
    ) as server:
        bring(server.url, hashlib.sha256(other).hexdigest())
    assert arrived() is True


@pytest.mark.parametrize(
    "content_range",
    [
        "bytes 0-9/10",
        "bytes 99999-399999/400000",
        "bytes 100000-5/7",
        "bytes */*",
        "abc",
        "bytes 100000-200000/999999999999999999999",
    ],
)
def test_a_part_that_was_not_asked_for_is_thrown_away(
    archive: bytes, content_range: str
) -> None:
    other = say(
        head("206 Partial Content", content_range=content_range, etag=ETAG),
        b"x" * 10,
    )
    with serve(
        in_parts(archive, 100_000, etag=ETAG), other, whole(archive)
    ) as server:
        bring(server.url, hashlib.sha256(archive).hexdigest())
    assert arrived()


def test_a_part_of_another_file_is_thrown_away(archive: bytes) -> None:
    ends = f"bytes 100000-{len(archive) - 1}/{len(archive)}"
    other = say(
        head("206 Partial Content", content_range=ends, etag='"new"'),
        bytes(len(archive) - 100_000),
    )
    with serve(
        in_parts(archive, 100_000, etag=ETAG), other, whole(archive)
    ) as server:
        bring(server.url, hashlib.sha256(archive).hexdigest())
    assert arrived()


def test_a_rest_of_a_size_that_is_not_said_is_taken(archive: bytes) -> None:
    ends = f"bytes 100000-{len(archive) - 1}/*"
    rest = say(
        head("206 Partial Content", content_range=ends, etag=ETAG),
        archive[100_000:],
    )
    with serve(in_parts(archive, 100_000, etag=ETAG), rest) as server:
        bring(server.url)
    assert arrived()


def test_a_part_that_nobody_asked_for_is_gone_on_with(archive: bytes) -> None:
    ends = f"bytes 0-99999/{len(archive)}"
    first = say(
        head("206 Partial Content", content_range=ends, etag=ETAG),
        archive[:100_000],
    )
    with serve(first, in_parts(archive, 10**6, etag=ETAG)) as server:
        bring(server.url)
    assert arrived()


def test_a_chunked_answer_that_breaks_is_asked_again(archive: bytes) -> None:
    start = head(transfer_encoding="chunked") + b"ffff\r\n" + archive[:1000]
    nonsense = head(transfer_encoding="chunked") + b"xyz\r\n" + archive[:1000]
    length = f"{len(archive):x}\r\n".encode()
    right = head(transfer_encoding="chunked") + length + archive + b"\r\n0\r\n\r\n"
    with serve(say(start), say(nonsense), say(right)) as server:
        bring(server.url)
    assert arrived() and len(server.requests) == 3


def test_a_page_instead_of_the_rest_leaves_what_is_here(archive: bytes) -> None:
    page = whole(b"<html>log in</html>", content_type="text/html")
    with serve(in_parts(archive, 100_000, etag=ETAG), page) as server:
        assert "a web page" in refused(server.url)
    assert [path.stat().st_size for path in parts()] == [100_000]


# ---- the next run


def test_the_next_run_goes_on_with_another_signature(archive: bytes) -> None:
    script = in_parts(archive, 100_000, etag=ETAG)
    with serve(
        script, say(head("403 Forbidden")), in_parts(archive, 10**6)
    ) as server:
        assert "403" in refused(f"{server.url}/a.zip?sig=one")
        bring(f"{server.url}/a.zip?sig=two")
    assert arrived()
    assert [request.first_byte for request in server.requests] == [
        0,
        100_000,
        100_000,
    ]


def test_a_killed_run_goes_on(archive: bytes) -> None:
    slow = say(head(content_length=len(archive), etag=ETAG), archive[:150_000], 5.0)
    with serve(slow, in_parts(archive, 10**6, etag=ETAG)) as server:
        text = (
            "from pathlib import Path; from croquis.download.sources import *;"
            f"fetch(DataParams(source='{server.url}'), Path('data/raw'), Path('s.csv'))"
        )
        environment = os.environ | {"PYTHONPATH": str(SOURCE)}
        process = subprocess.Popen([sys.executable, "-c", text], env=environment)
        deadline = time.monotonic() + 60
        while not any(path.stat().st_size == 150_000 for path in parts()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
        process.wait()
        bring(server.url)
    assert arrived() and server.requests[1].first_byte == 150_000


def test_a_run_that_was_killed_after_the_last_byte_asks_for_no_more(
    archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(
            "croquis.download.sources.unpack", lambda *_, **__: os.abort.missing
        )
        with (
            serve(whole(archive, etag=ETAG)) as server,
            pytest.raises(AttributeError),
        ):
            bring(server.url)
    (part,) = parts()
    assert part.read_bytes() == archive
    ends = say(
        head("416 Range Not Satisfiable", content_range=f"bytes */{len(archive)}")
    )
    with serve(ends) as server:
        _rename_for(server.url, part)
        bring(server.url)
    assert arrived()


def _rename_for(url: str, part: Path) -> None:
    """The port of a second server differs, and with it the part's name."""
    name = PartFile(url).path
    part.rename(name)
    part.with_suffix(".json").rename(name.with_suffix(".json"))


def test_a_part_without_its_note_is_not_used(archive: bytes) -> None:
    with serve(whole(archive, etag=ETAG)) as server:
        path = PartFile(server.url).path
        path.write_bytes(b"junk" * 1000)
        bring(server.url)
    assert arrived() and "range" not in server.requests[0].headers


def test_a_part_is_of_no_use_once_it_is_not_what_was_wanted(archive: bytes) -> None:
    with serve(whole(archive, etag=ETAG)) as server:
        with pytest.raises(InputError, match=r"data.sha256"):
            bring(server.url, "0" * 64)
    assert not parts()


# ---- time


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "script",
    [
        say(5.0),
        say(b"HTTP/1.1 200 OK\r\n", 5.0),
        say(*[piece for _ in range(40) for piece in (b"X", 0.1)]),
        say(head(), b"PK" * 300, 5.0),
        say(
            head(content_length=10**6), *[p for _ in range(40) for p in (b"P", 0.1)]
        ),
        say(
            head(transfer_encoding="chunked"),
            *[piece for _ in range(40) for piece in (b"0", 0.1)],
        ),
        say(*[b"HTTP/1.1 100 Continue\r\n\r\n", 0.1] * 40),
    ],
    ids=[
        "mute",
        "half a head",
        "slow head",
        "stall",
        "drip",
        "slow chunk",
        "continue",
    ],
)
def test_a_server_that_keeps_people_waiting_is_given_up(
    script: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "TRIES", 2)
    start = time.monotonic()
    with serve(script) as server:  # type: ignore[arg-type]  # scripts of all kinds
        assert "2 times" in refused(server.url)
    assert time.monotonic() - start < 5


@pytest.mark.usefixtures("impatient")
def test_a_stall_is_asked_for_the_rest(archive: bytes) -> None:
    stall = say(
        head(content_length=len(archive), etag=ETAG), archive[:100_000], 5.0
    )
    with serve(stall, in_parts(archive, 10**6, etag=ETAG)) as server:
        bring(server.url)
    assert arrived() and server.requests[1].first_byte == 100_000


@pytest.mark.parametrize("status", ["503 Busy", "429 Too Many", "500 Oh", "502 Oh"])
def test_a_busy_server_is_asked_again(archive: bytes, status: str) -> None:
    with serve(say(head(status, retry_after=0)), whole(archive)) as server:
        bring(server.url)
    assert arrived()


def test_a_server_may_ask_to_wait(
    archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(transfers.time, "sleep", waits.append)
    with serve(say(head("503 Busy", retry_after=7)), whole(archive)) as server:
        bring(server.url)
    assert arrived() and 7.0 in waits


@pytest.mark.parametrize(
    "text", ["abc", "-5", "9" * 5000, "Mon, 99 Xyz", "1e9", "\x01"]
)
def test_nonsense_about_waiting_is_no_wait(archive: bytes, text: str) -> None:
    with serve(say(head("503 Busy", retry_after=text)), whole(archive)) as server:
        try:
            bring(server.url)
        except InputError as error:
            assert "a request to wait" in str(error)
        else:
            assert arrived()


def test_hours_are_not_waited_for() -> None:
    with serve(say(head("503 Busy", retry_after=7200))) as server:
        error = refused(server.url)
    assert "a request to wait 7,200 s" in error and len(server.requests) == 1


# ---- sizes


@pytest.mark.parametrize("length", ["abc", "-5", "", "1.5", "0x10", "9" * 30, "٣"])
def test_a_length_that_is_none_is_no_traceback(archive: bytes, length: str) -> None:
    with serve(say(head(content_length=length), archive)) as server:
        bring(server.url)
    assert arrived()


def test_two_lengths_are_no_traceback(archive: bytes) -> None:
    with serve(say(head(content_length="5, 6"), archive)) as server:
        assert "expected an archive at this URL" in refused(server.url)
    with warnings.catch_warnings():  # urllib3 leaves its socket to Python here
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_a_length_beyond_the_disk_is_refused_at_once() -> None:
    with serve(say(head(content_length=10**17), b"PK", 5.0)) as server:
        start = time.monotonic()
        assert "of what the disk has free" in refused(server.url)
    assert time.monotonic() - start < 2 and not parts()


def test_a_length_that_is_too_small_ends_the_file(archive: bytes) -> None:
    with serve(say(head(content_length=1000), archive)) as server:
        assert "a whole, readable" in refused(server.url)
    assert not parts()


def _endless(start: bytes):
    def script(request: Request) -> Iterator[bytes | float]:
        yield head() + start
        while True:
            yield bytes(2**16)

    return script


def test_an_endless_archive_ends_before_the_disk_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usage = namedtuple("usage", "total used free")
    free = 20_000_000

    def left(_: object) -> object:
        used = sum(path.stat().st_size for path in parts())
        return usage(free, used, free - used)

    monkeypatch.setattr(shutil, "disk_usage", left)
    with serve(_endless(b"PK")) as server:
        assert "90% of what the disk has free" in refused(server.url)
    assert not parts()


def test_an_endless_page_is_no_archive() -> None:
    with serve(_endless(b"once upon a time " * 100)) as server:
        assert "begin with 'once upon a time" in refused(server.url)
    assert not parts()


@pytest.mark.parametrize("length", [{"content_length": 0}, {}])
def test_an_empty_answer_is_named(length: dict[str, object]) -> None:
    with serve(say(head(**length))) as server:
        assert "nothing: the answer is empty" in refused(server.url)


def test_a_full_disk_leaves_a_part_that_the_next_run_goes_on_with(
    archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.FileIO):
        def write(self, block: object) -> int:
            if self.tell() + len(block) > 100_000:  # type: ignore[arg-type]  # bytes
                raise OSError(28, "No space left on device")
            return super().write(block)  # type: ignore[arg-type]  # bytes

    with serve(
        say(
            head(content_length=len(archive), etag=ETAG),
            archive[:90_000],
            0.3,
            archive[90_000:],
        ),
        in_parts(archive, 10**6, etag=ETAG),
    ) as server:
        with monkeypatch.context() as patched:
            patched.setattr(
                PartFile, "open_at_end", lambda part: Full(part.path, "a")
            )
            with pytest.raises(OSError, match="No space left"):
                bring(server.url)
        bring(server.url)
    assert arrived() and server.requests[1].first_byte > 0


# ---- ways astray


def _to(target: str, status: str = "302 Found"):
    return say(head(status, location=target, content_length=0))


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_redirects_are_followed(archive: bytes, status: str) -> None:
    with serve(_to("/b/../c.zip", status), whole(archive)) as server:
        bring(f"{server.url}/a.zip")
    assert arrived() and server.requests[1].path == "/c.zip"


def test_redirects_in_a_circle_end() -> None:
    with serve(_to("/a.zip")) as server:
        assert "more than 10 redirects" in refused(f"{server.url}/a.zip")
    assert len(server.requests) == 11


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "ftp://h.org/a", "javascript:1", "FILE:/x", "data:,x"],
)
def test_a_redirect_to_no_web_page_is_refused(target: str) -> None:
    with serve(_to(target)) as server:
        assert "a redirect to" in refused(server.url)


def test_a_redirect_from_https_to_http_is_refused() -> None:
    source = web.WebSource("https://host.org/a.zip")
    with pytest.raises(
        InputError, match=r"a redirect from https to 'http://host.org/b'"
    ):
        web._next_url(source, source.url, "http://host.org/b")
    assert web._next_url(source, source.url, "/b") == "https://host.org/b"


def test_the_body_of_a_redirect_is_not_read(archive: bytes) -> None:
    def script(request: Request) -> Iterator[bytes | float]:
        yield head("302 Found", location="/b")
        while True:
            yield bytes(2**16)

    with serve(script, whole(archive)) as server:
        bring(server.url)
    assert arrived()


@pytest.mark.parametrize(
    "answer",
    [
        head("302 Found"),
        head("302 Found", location=""),
        head("302 Found", location="http://"),
        head("302 Found", location="http://[::1"),
        head("302 Found", location="http://h:99999/"),
        head("302 Found", location=f"http://{'a' * 300}.org/"),
        head("304 Not Modified"),
        head("204 No Content"),
        head("404 Not Found"),
        head("410 Gone"),
        head("416 Range Not Satisfiable"),
        head("600 What"),
    ],
)
def test_an_answer_without_a_file_is_one_line(answer: bytes) -> None:
    with serve(say(answer)) as server:
        assert "expected an archive at this URL, received" in refused(server.url)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff\xfe",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/9.9 abc def\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,
    ],
)
def test_what_is_no_answer_is_one_line(answer: bytes) -> None:
    with serve(say(answer)) as server:
        assert "expected an archive at this URL, received" in refused(server.url)


@pytest.mark.parametrize(
    "kind", ["text/html; charset=utf-8", "", "application/zip"]
)
def test_a_page_with_a_login_is_named(kind: str) -> None:
    page = b"\n <!DOCTYPE html><html><title>Sign in</title>" + b" " * 1000
    with serve(whole(page, content_type=kind)) as server:
        error = refused(server.url)
    assert (
        "a web page, as one that asks for a login" in error and "~/.netrc" in error
    )


def test_an_archive_that_is_called_a_page_is_taken(archive: bytes) -> None:
    with serve(whole(archive, content_type="text/html")) as server:
        bring(server.url)
    assert arrived()


def test_other_bytes_are_named() -> None:
    with serve(
        whole(b'{"error": "expired"}', content_type="application/json")
    ) as server:
        error = refused(server.url)
    assert """received an answer in JSON ('{"error": "expired"}')""" in error


@pytest.mark.parametrize(
    "name", ["gopher://h.org/a.zip", "kaggle://a/b", "ftps://h.org/a.zip"]
)
def test_another_protocol_is_named(name: str) -> None:
    assert "begins with http:// or https://" in refused(name)


def test_a_file_address_of_nothing_says_the_path() -> None:
    assert "nothing is at /a.zip" in refused("file:///a.zip")


@pytest.mark.parametrize(
    ("content", "name", "fix"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS", "git lfs"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(600), "a 7z archive", "7z x FILE"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied", "in XML", "again"),
        (b"PAR1" + bytes(600), "a Parquet table", "saved as files"),
    ],
)
def test_what_a_server_sends_instead_is_named(
    content: bytes, name: str, fix: str
) -> None:
    with serve(whole(content, content_type="application/octet-stream")) as server:
        error = refused(server.url)
    assert name in error and fix in error and not parts()


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///a.zip",
        "http://h:abc/a.zip",
        "http://h:99999/a.zip",
        "http://[::1/a.zip",
        "http://h .org/a.zip",
        "http://h.org\t/a.zip",
        "http://me:se/cret@h.org/a.zip",
        "http://me%3Asecret%40h.org/a.zip",
        f"http://{'a' * 300}.org/a.zip",
        "http://xn--a.org:0/a.zip",
        "http://h..org/a.zip",
    ],
)
def test_an_address_that_is_none_is_one_line(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "TRIES", 1)
    assert re.search(
        "data.source: expected|expected an archive at this", refused(url)
    )


# ---- credentials


def test_a_token_goes_to_the_sources_own_host_alone(
    archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROQUIS_TOKEN", "SECRET\n")
    with serve(whole(archive)) as other:
        with serve(_to("/b"), _to(f"{other.url}/c")) as server:
            bring(server.url)
    assert [r.headers.get("authorization") for r in server.requests] == [
        "Bearer SECRET",
        "Bearer SECRET",
    ]
    assert "authorization" not in other.requests[0].headers


def test_a_password_in_the_address_goes_to_its_host_alone(archive: bytes) -> None:
    with serve(whole(archive)) as other:
        with serve(_to(f"{other.url}/c")) as server:
            bring(f"http://me:pass%40word@{server.host}/a.zip")
    # me:pass@word in base64
    assert server.requests[0].headers["authorization"] == "Basic bWU6cGFzc0B3b3Jk"
    assert "authorization" not in other.requests[0].headers


def test_netrc_is_read_and_a_token_wins_over_it(
    archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password word\n")
    with serve(whole(archive)) as server:
        bring(server.url)
        monkeypatch.setenv("CROQUIS_TOKEN", "abc")
        bring(server.url)
    # me:word in base64
    assert [r.headers["authorization"] for r in server.requests] == [
        "Basic bWU6d29yZA==",
        "Bearer abc",
    ]


def test_a_token_that_no_header_can_hold_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CROQUIS_TOKEN", "SECRET\nSECRET")
    with serve(say(head())) as server:
        error = refused(server.url)
    assert error.startswith("CROQUIS_TOKEN: expected") and "SECRET" not in error


def test_a_variable_of_the_environment_stands_in_for_a_secret(
    archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(whole(archive), say(head("404 Gone"))) as server:
        url = f"{server.url}/{{KEY}}/a.zip?sig={{SIG}}"
        monkeypatch.setenv("KEY", "KEYSECRET")
        assert refused(url).startswith("data.source: expected a variable SIG")
        monkeypatch.setenv("SIG", "SIGSECRET")
        bring(url)
        assert server.requests[0].path == "/KEYSECRET/a.zip?sig=SIGSECRET"
    shutil.rmtree("data/raw")
    error = refused(url)  # nobody answers any more, and requests names the path
    assert "SECRET" not in error and "/{KEY}/a.zip?sig={SIG}" in error


def test_no_error_of_a_server_shows_a_secret() -> None:
    target = "ftp://me:SECRET@h.org/token=SECRET/a?sig=SECRET"
    with serve(_to(target), say(head("404 SECRET")), say(b"")) as server:
        url = f"http://me:SECRET@{server.host}/token=SECRET/a.zip?sig=SECRET#SECRET"
        errors = [refused(url) for _ in range(3)]
    errors.append(refused(url))
    assert not any("SECRET" in error for error in errors)
    assert "ftp://***@h.org/token=***/a?sig=***" in errors[0]
