"""The bytes inside a .gz, .bz2 or .xz, never more at once than are asked for."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from croquis.download.kinds.file_kinds import HEAD, is_tar_header

GZIP = b"\x1f\x8b"
BZIP2 = b"BZh"
XZ = b"\xfd7zXZ\0"
BLOCK = 2**16
MOST_MEMORY = (
    2**28
)  # of xz; its strongest preset takes 65 MiB, a header may ask for 4 GiB


class Readable(Protocol):
    """A stream of bytes that is only read."""

    def read(self, size: int = -1, /) -> bytes: ...


class Decompressor(Protocol):
    """What unpacks one stream of a file, as those of `bz2` and `lzma` do."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class PackedStream:
    """The bytes of a packed file, of one stream or of several in a row, as `pbzip2` writes."""

    def __init__(self, file: IO[bytes], make: Callable[[], Decompressor]) -> None:
        self._file = file
        self._make = make
        self._unpacker = make()
        self._ahead = b""  # bytes of the file that nobody has unpacked

    def read(self, size: int = BLOCK, /) -> bytes:
        """At most `size` bytes; none at the end.

        Raises:
            EOFError: if the file ends too early.
        """
        while size:
            if self._unpacker.eof and not self._begin_next():
                return b""
            chunk = b""
            if self._unpacker.needs_input:
                chunk = self._ahead or self._file.read(BLOCK)
                self._ahead = b""
                if not chunk:
                    raise EOFError("the packed file ends too early")
            block = self._unpacker.decompress(chunk, size)
            if block:
                return block
        return b""

    def _begin_next(self) -> bool:
        """Whether another stream follows; zeros may fill the space behind one."""
        rest = self._unpacker.unused_data.lstrip(b"\0")
        while not rest:
            block = self._file.read(BLOCK)
            if not block:
                return False
            rest = block.lstrip(b"\0")
        self._ahead = rest
        self._unpacker = self._make()
        return True


def _xz() -> Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_MEMORY)


@contextmanager
def open_unpacked(path: Path) -> Iterator[Readable]:
    """The bytes inside a file; those of the file itself where it is not packed."""
    with path.open("rb") as file:
        start = file.read(HEAD)
        file.seek(0)
        if is_tar_header(start):
            yield file  # even if its first folder is called BZhang
        elif start.startswith(GZIP):
            with gzip.open(file) as stream:
                yield stream
        elif start.startswith(BZIP2):
            yield PackedStream(file, bz2.BZ2Decompressor)
        elif start.startswith(XZ):
            yield PackedStream(file, _xz)
        else:
            yield file
