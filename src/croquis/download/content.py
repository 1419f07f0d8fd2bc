"""Whether what a server sends is an archive: a page that asks for a login comes with status 200."""

import gzip
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from croquis.download.web import BY_HAND, LOGIN, WebSource

HEAD = tarfile.BLOCKSIZE  # bytes that tell an archive from anything else
SHOWN_BYTES = 40
PAGES = ("text/html", "application/xhtml+xml")
PAGE_TAGS = (b"<!doctype html", b"<html", b"<head", b"<body")
PAGE = "a web page, as one that asks for a login"
GZIP = b"\x1f\x8b"


def refuse_no_archive(
    source: WebSource, file: Path, headers: Mapping[str, str]
) -> None:
    """Raises InputError if the first bytes of `file` are those of no .zip, .tar or .tar.gz."""
    with file.open("rb") as stream:
        head = stream.read(HEAD)
    if is_archive(head):
        return
    kind = _kind(headers)
    coding = headers.get("Content-Encoding", "").strip()
    if not head:
        raise source.error(
            "nothing: the answer is empty", f"check the address, {BY_HAND}"
        )
    if kind in PAGES or _start(head).startswith(PAGE_TAGS):
        raise source.error(PAGE, LOGIN)
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise source.error(
            f"bytes packed as {coding!r}, which was not asked for",
            "download it by hand and name the file",
        )
    text = head[:SHOWN_BYTES].decode("latin-1")
    begins = f"bytes that begin with {text!r}"
    raise source.error(f"{kind}, {begins}" if kind else begins, LOGIN)


def is_archive(head: bytes) -> bool:
    """Whether the first HEAD bytes of a file are those of an archive that can be unpacked."""
    if head.startswith((b"PK", GZIP)):
        return True
    if len(head) < HEAD:
        return False
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return not any(head)  # zeros are an empty one
    return True


def refuse_page(source: WebSource, headers: Mapping[str, str]) -> None:
    """Raises InputError if an answer says itself that it is a web page."""
    if _kind(headers) in PAGES:
        raise source.error(PAGE, LOGIN)


def refuse_packed_twice(
    source: WebSource, file: Path, headers: Mapping[str, str]
) -> None:
    """Raises InputError if the server has packed an archive once more, unasked.

    Many label a .tar.gz itself as `Content-Encoding: x-gzip`, and then its bytes are right.
    """
    if headers.get("Content-Encoding", "").strip().lower() not in (
        "gzip",
        "x-gzip",
    ):
        return
    try:
        with gzip.open(file) as stream:
            inner = stream.read(len(GZIP))
    except (OSError, EOFError, zlib.error):
        return  # unpacking says what is wrong with it
    if inner in (b"PK", GZIP):
        raise source.error(
            "an archive that the server has packed once more (Content-Encoding)",
            "download it with a browser and name the file",
        )


def _kind(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _start(head: bytes) -> bytes:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
