"""Zip files of strangers, opened without trust in what their directory claims."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

# The directory at a zip's end is read at once, and takes up to 16 times its size as objects of
# Python. A file of 1 MB a name may have a larger one: memory then follows its size.
DIRECTORY_BYTES = 2**24
DIRECTORY_SHARE = 16
# A bomb's member shrinks a thousand times. bzip2 and lzma, which shrink a million times, come
# out of zipfile in one piece, so that no limit can stop them.
BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ShortReads:
    """A file whose reads are short: one of a whole directory of millions of names is refused."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._most = most

    def read(self, size: int = -1) -> bytes:
        """As a file's; raises BadZipFile where more than `most` bytes are there to be read."""
        if 0 <= size <= self._most:
            return self._file.read(size)
        content = self._file.read(self._most + 1)
        if len(content) > self._most:
            raise zipfile.BadZipFile(
                f"a directory of more than {self._most:,} bytes"
            )
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip at `path`, to be read; its directory takes no more memory than is fair.

    Raises:
        BadZipFile: if it is no zip, or its directory is larger than 16 MiB and a 16th of the file.
    """
    most = max(DIRECTORY_BYTES, path.stat().st_size // DIRECTORY_SHARE)
    with path.open("rb") as file:
        short = cast("IO[bytes]", ShortReads(file, most))
        with zipfile.ZipFile(short) as bundle:
            yield bundle
