"""Whether what a server sends is an archive: a page that asks for a login comes with status 200."""

import gzip
import zlib
from collections.abc import Mapping
from pathlib import Path

from croquis.core.errors import InputError
from croquis.download.kinds.file_kinds import (
    HEAD,
    LONGEST_NOTE,
    is_archive,
    is_page,
    kind_of_bytes,
    shown_start,
)
from croquis.download.kinds.pages import fix_of_page
from croquis.download.web import BY_HAND, LOGIN, WebSource

PAGES = ("text/html", "application/xhtml+xml")
PAGE = "a web page, as one that asks for a login"
GZIP = b"\x1f\x8b"
PROGRAMS = (b"MZ", b"\x7fELF", b"#!")  # a zip may follow that unpacks itself


def refuse_no_archive(
    source: WebSource, file: Path, headers: Mapping[str, str]
) -> None:
    """Raises InputError if the first bytes of `file` are those of no .zip, .tar or .tar.gz."""
    with file.open("rb") as stream:
        head = stream.read(LONGEST_NOTE)
    zeros = len(head) >= HEAD and not any(head)
    # What begins so is looked at when it is whole.
    if is_archive(head) or zeros or head.startswith((*PROGRAMS, b"PK")):
        return
    kind = _kind(headers)
    coding = headers.get("Content-Encoding", "").strip()
    if not head:
        raise source.error(
            "nothing: the answer is empty", f"check the address, {BY_HAND}"
        )
    if kind in PAGES or is_page(head):
        raise _page_error(source, head)
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise source.error(
            f"bytes packed as {coding!r}, which was not asked for",
            "download it by hand and name the file",
        )
    said = kind_of_bytes(head)
    if said is None:
        begins = shown_start(head)
        raise source.error(f"{kind}, {begins}" if kind else begins, LOGIN)
    fix = fix_of_page(source.text) or said.fix_of("FILE")
    raise source.error(said.name, fix)


def _page_error(source: WebSource, head: bytes) -> InputError:
    """The error of a page, with its title, and with what helps at some hosts."""
    said = kind_of_bytes(head)
    title = said.name.removeprefix("a web page") if said and is_page(head) else ""
    return source.error(PAGE + title, fix_of_page(source.text) or LOGIN)


def refuse_page(source: WebSource, headers: Mapping[str, str]) -> None:
    """Raises InputError if an answer says itself that it is a web page."""
    if _kind(headers) in PAGES:
        raise source.error(PAGE, fix_of_page(source.text) or LOGIN)


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
