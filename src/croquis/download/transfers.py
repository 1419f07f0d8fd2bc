"""An archive from the web, as its server has it: tried again, gone on with, and bounded."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.util.retry import Retry

from croquis.core import cli
from croquis.core.errors import InputError
from croquis.core.progress import progress
from croquis.download.content import (
    refuse_no_archive,
    refuse_packed_twice,
    refuse_page,
)
from croquis.download.in_time import in_time
from croquis.download.kinds.file_kinds import HEAD
from croquis.download.kinds.pages import fix_of_page
from croquis.download.part_files import PartFile
from croquis.download.web import (
    BY_HAND,
    LOGIN,
    Answer,
    BrokenTransferError,
    WebSource,
    read_answer,
)

TRIES = 5  # in a row that bring nothing
BACKOFF_SECONDS = 0.5  # after the second try; twice as long after each one
MOST_WAIT_SECONDS = 60  # that a server may ask for
STALL_SECONDS = 60
LEAST_BYTES = (
    60 * 2**10
)  # in STALL_SECONDS; less is a server that keeps people waiting
NEW_BYTES = 2**16  # that make a try count as one that brought something
MOST_OF_DISK = 0.9  # of what is free: the archive has to be unpacked, too
PASSING = (408, 425, 429, 500, 502, 503, 504)  # statuses that may be others soon


class DamagedPartError(Exception):
    """An archive of two parts or more is not what was wanted; a whole one may be."""


@contextmanager
def fetch_archive(source: str, *, again: bool = False) -> Iterator[Path]:
    """The archive at a URL, for as long as the block lasts.

    A drop, a kill or a full disk leaves its part in .resume/download, and the next run goes on with
    it. It is removed when the block ends well, or in an InputError: then it is of no use.

    Args:
        source: its address.
        again: whether this is the second time, after a DamagedPartError.

    Raises:
        InputError: if there is no archive to be had.
        DamagedPartError: if the block raises an InputError that a second time may not meet.
    """
    part = PartFile(source)
    with part.alone():
        try:
            _fetch(WebSource(source), part)
        finally:
            if not part.size:
                part.remove()
        try:
            yield part.path
        except InputError as error:
            part.remove()
            if part.resumed and not again:
                raise DamagedPartError from error
            raise
        part.remove()


def _fetch(source: WebSource, part: PartFile) -> None:
    """Brings what `part` lacks, with as many tries as bring something, and a few more."""
    retry = _retry()
    most = part.size
    while True:
        try:
            _go_on(source, part)
            return
        except BrokenTransferError as error:
            if part.size >= most + NEW_BYTES:
                most = part.size
                retry = _retry()
            retry = _next_try(retry, error, source, part)


def _retry() -> Retry:
    return Retry(total=TRIES - 1, backoff_factor=BACKOFF_SECONDS)


def _next_try(
    retry: Retry, error: BrokenTransferError, source: WebSource, part: PartFile
) -> Retry:
    """Waits; raises InputError if there were tries enough, or the server wants hours."""
    again = "give the same command again"
    if part.range_headers():
        again += f": it goes on after the {part.size:,} bytes that are here"
    if error.wait > MOST_WAIT_SECONDS:
        wait = f"a request to wait {error.wait:,.0f} s"
        raise source.error(f"{wait} ({error})", f"later, {again}, {BY_HAND}")
    try:
        retry = retry.increment(error=error)
    except MaxRetryError:
        fix = f"check the address and the network, then {again}, {BY_HAND}"
        raise source.error(f"{error}, {TRIES} times", fix) from error
    cli.say(f"download: {error}; trying again")
    time.sleep(max(retry.get_backoff_time(), error.wait))
    return retry


def _go_on(source: WebSource, part: PartFile) -> None:
    """One try: asks for what is not here yet, and writes what comes."""
    headers = {"Accept-Encoding": "identity", **part.range_headers()}
    with closing(in_time(read_answer(source, headers), STALL_SECONDS)) as items:
        try:
            answer = next(items)
            assert isinstance(answer, Answer)  # the head comes first
            if not _place(answer, source, part):
                return
            _refuse_too_large(source, part, part.total or 0)
            _write(items, answer, source, part)
        except TimeoutError as error:
            raise BrokenTransferError(str(error)) from error
    if part.total is not None and part.size < part.total:
        raise BrokenTransferError(
            f"an end after {part.size:,} of {part.total:,} bytes"
        )
    _remove_if_wrong(
        part, partial(refuse_packed_twice, source, part.path, answer.headers)
    )


def _place(answer: Answer, source: WebSource, part: PartFile) -> bool:
    """Whether bytes will come, for the end of `part`, which begins anew where need be."""
    if answer.status == 200:
        if part.size:  # which a page instead of the rest shall not replace
            refuse_page(source, answer.headers)
        part.begin(answer.headers, _length(answer))
        return True
    if answer.status == 206:
        _refuse_other_range(answer, part)
        return True
    if answer.status == 416 and part.size:
        whole = _range(answer)[2]
        if whole == part.size and part.total in (None, whole):
            return False  # a run was killed after the last byte
        part.remove()
        raise BrokenTransferError("no such part of the file")
    raise _refusal(answer, source)


def _refusal(answer: Answer, source: WebSource) -> Exception:
    """What a status means that brings no file."""
    said = f"status {answer.status}"
    if answer.status in PASSING:
        return BrokenTransferError(said, _seconds_to_wait(answer))
    page = fix_of_page(source.text)
    if answer.status in (401, 403, 407):
        return source.error(f"{said}, no right to read it", page or LOGIN)
    return source.error(said, page or f"check the address, {BY_HAND}")


def _refuse_other_range(answer: Answer, part: PartFile) -> None:
    """Another part than asked for, or one of another file, would be sewn to what is here."""
    first, last, whole = _range(answer)
    same_size = whole is None or part.total in (None, whole)
    same = same_size and part.is_of(answer.headers)
    if first != part.size or last is None or not same:
        part.remove()
        raise BrokenTransferError("another part of the file than asked for")
    part.resumed = part.size > 0
    if not part.size:  # nobody asked for a part
        part.begin(answer.headers, whole)


def _write(
    items: Iterator[Answer | bytes],
    answer: Answer,
    source: WebSource,
    part: PartFile,
) -> None:
    """Writes blocks as they come, and looks at the first ones: endless pages are no archive."""
    bar: Any = progress((), "download", part.total, "B", part.size)
    bar.unit_scale = True
    pace = _Pace()
    refuse = partial(refuse_no_archive, source, part.path, answer.headers)
    known = part.size >= HEAD
    with part.open_at_end() as file, closing(bar):
        for block in items:
            assert isinstance(block, bytes)  # the head came before
            file.write(block)
            file.flush()
            bar.update(len(block))
            pace.add(len(block))
            _refuse_too_large(source, part, part.size)
            if not known and part.size >= HEAD:
                _remove_if_wrong(part, refuse)
                known = True
    if not known and (part.total is None or part.size == part.total):
        _remove_if_wrong(part, refuse)


def _remove_if_wrong(part: PartFile, refuse: Callable[[], None]) -> None:
    """Removes the part if `refuse` raises: going on with it would be of no use."""
    try:
        refuse()
    except InputError:
        part.remove()
        raise


def _refuse_too_large(source: WebSource, part: PartFile, size: int) -> None:
    """Before the disk is full: other programs need it, and so does the unpacking."""
    free = shutil.disk_usage(part.path.parent).free
    most = int(MOST_OF_DISK * (free + part.size))
    if size > most:
        part.remove()
        raise InputError(
            source.text,
            expected=f"at most {most:,} bytes, {MOST_OF_DISK:.0%} of what the disk has free",
            received=f"{size:,} or more",
            fix="free some disk space, or check the address: it may never end",
        )


class _Pace:
    """Bytes of the last STALL_SECONDS; a server may not send one now and then for ever."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._count = 0

    def add(self, count: int) -> None:
        """Counts bytes.

        Raises:
            BrokenTransferError: if too few came in STALL_SECONDS.
        """
        self._count += count
        passed = time.monotonic() - self._start
        if passed < STALL_SECONDS:
            return
        if self._count < LEAST_BYTES:
            raise BrokenTransferError(f"{self._count:,} bytes in {passed:.0f} s")
        self._start = time.monotonic()
        self._count = 0


def _length(answer: Answer) -> int | None:
    """Content-Length, where it is a number and counts these bytes."""
    if "chunked" in answer.headers.get("Transfer-Encoding", "").lower():
        return None
    text = answer.headers.get("Content-Length", "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _range(answer: Answer) -> tuple[int | None, int | None, int | None]:
    """The first and last byte of a part, and the size of the whole; None for what is not said."""
    text = answer.headers.get("Content-Range", "")
    match = re.fullmatch(
        r"bytes (?:([0-9]{1,18})-([0-9]{1,18})|\*)/(?:([0-9]{1,18})|\*)",
        text.strip(),
    )
    if match is None:
        return None, None, None
    first, last, whole = (
        None if each is None else int(each) for each in match.groups()
    )
    return first, last, whole


def _seconds_to_wait(answer: Answer) -> float:
    """What Retry-After says, as seconds or as a date; 0 where it says nothing that makes sense."""
    text = answer.headers.get("Retry-After", "")
    try:
        return max(0.0, Retry().parse_retry_after(text)) if text else 0.0
    except (HTTPError, ValueError, OverflowError):
        return 0.0
