"""An archive in a store (S3, Google, Azure, Hugging Face, SSH, FTP), read by a library for it.

fsspec, which DVC brings, knows these libraries; each finds credentials where its own programs do.
"""

import shutil
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from croquis.core.errors import InputError
from croquis.core.progress import progress
from croquis.download.in_time import in_time
from croquis.download.kinds.file_checks import refuse_other_file
from croquis.download.kinds.file_kinds import HEAD, is_archive, kind_of_bytes
from croquis.download.schemes import NAME_IT, REMOTES, scheme_of
from croquis.download.web import WebSource

BLOCK = 2**20  # bytes that are read at once
STALL_SECONDS = 120  # for one block; libraries try again by themselves
MOST_OF_DISK = 0.9  # of what is free: the archive has to be unpacked, too
EXPECTED = "an archive at this address"


def refuse_missing_driver(source: str) -> None:
    """Raises InputError where the library is not installed that reads such an address."""
    driver = REMOTES[scheme_of(source)]
    if find_spec(driver.module) is None:
        raise InputError(
            "data.source",
            expected=f"the library {driver.package}, for {scheme_of(source)}://",
            received="an environment without it",
            fix=f"say `.venv/.uv/bin/uv pip install --python .venv/bin/python {driver.package}`"
            " (another environment: `pip install`); or fetch the file by hand, and name it",
        )


def fetch_remote(source: str, place: Path) -> None:
    """Writes the archive at an address to a new file; from the start, as nothing goes on later.

    Args:
        source: the address; {NAME} in it is a variable of the environment.
        place: the file.

    Raises:
        InputError: if there is no archive to be had.
    """
    refuse_missing_driver(source)
    text = WebSource(source)
    try:
        blocks = in_time(_blocks(text.filled()), STALL_SECONDS)
        with closing(blocks) as items, place.open("xb") as file:
            _write(items, file, text)
    except (InputError, KeyboardInterrupt):
        raise
    except TimeoutError as error:
        raise _error(text, str(error), "give the same command again") from error
    except FileNotFoundError as error:
        fix = f"check the address, or fetch it by hand, {NAME_IT}"
        raise _error(text, "nothing there", fix) from error
    except OSError as error:
        if error.filename == str(place) or _is_full(place):
            raise  # this machine's disk
        raise _refused(text, error) from error
    except Exception as error:  # each library has errors of its own
        raise _refused(text, error) from error
    refuse_other_file(place, source, text.hide(source))


def _blocks(address: str) -> Iterator[bytes | int]:
    """The size of a file, or -1 where it is not known, and then its bytes."""
    from fsspec.core import url_to_fs  # takes a moment to import

    store, path = url_to_fs(address)
    about: dict[str, Any] = store.info(path)
    if about.get("type") == "directory":
        raise IsADirectoryError("a folder")
    yield int(about.get("size") or -1)
    with store.open(path, "rb", block_size=BLOCK) as stream:
        while block := stream.read(BLOCK):
            yield block


def _write(items: Iterator[bytes | int], file: IO[bytes], text: WebSource) -> None:
    """Writes blocks as they come; the first ones tell whether it is an archive at all."""
    size = next(items)
    assert isinstance(size, int)  # it comes first
    free = int(MOST_OF_DISK * shutil.disk_usage(file.name).free)
    total = None if size < 0 else size
    bar: Any = progress((), "download", total, "B", 0)
    bar.unit_scale = True
    head = b""
    count = 0
    with closing(bar):
        for block in items:
            assert isinstance(block, bytes)  # the size came before
            count += len(block)
            if max(count, size) > free:
                limit = f"{MOST_OF_DISK:.0%} of what the disk has free"
                raise InputError(
                    text.text,
                    expected=f"at most {free:,} bytes, {limit}",
                    received=f"{max(count, size):,} or more",
                    fix="free some disk space",
                )
            file.write(block)
            bar.update(len(block))
            if len(head) < HEAD:
                head += block[:HEAD]
                _refuse_other_start(head, text)
    if 0 <= size != count:
        received = f"an end after {count:,} of {size:,} bytes"
        raise _error(text, received, "give the same command again")


def _refuse_other_start(head: bytes, text: WebSource) -> None:
    """Before gigabytes of another thing come; what is not sure is looked at when it is whole."""
    kind = (
        kind_of_bytes(head) if len(head) >= HEAD and not is_archive(head) else None
    )
    if kind is not None and not head.startswith((b"MZ", b"\x7fELF", b"#!")):
        raise _error(text, kind.name, kind.fix_of("FILE"))


def _refused(text: WebSource, error: Exception) -> InputError:
    """What a library says, as an error of ours."""
    words = " ".join(str(error).split())
    name = type(error).__name__
    if isinstance(error, IsADirectoryError):
        fix = f"name an archive in it, or fetch it with a program of its own, {NAME_IT}"
        return _error(text, "a folder", fix)
    said = f"{name}: {words}" if words else name
    # Each library has classes of its own for a host that does not answer.
    is_network = isinstance(error, OSError) and not isinstance(
        error, PermissionError
    )
    if is_network or "connect" in name.lower() or "timeout" in name.lower():
        fix = f"check the address and the network, or fetch it by hand, {NAME_IT}"
        return _error(text, said, fix)
    fix = "give the library its credentials as its documentation says (environment, or files"
    return _error(text, said, f"{fix} of its own), or fetch it by hand, {NAME_IT}")


def _error(text: WebSource, received: str, fix: str) -> InputError:
    return InputError(
        text.text, expected=EXPECTED, received=text.hide(received), fix=fix
    )


def _is_full(place: Path) -> bool:
    return shutil.disk_usage(place.parent).free < BLOCK
