"""What is in a .zip or .tar archive, entry after entry, counted as it comes out."""

import copy
import posixpath
import shlex
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Literal, NamedTuple, Self, cast

from croquis.core.errors import InputError
from croquis.download.kinds.file_kinds import PACKED, is_tar_header
from croquis.download.kinds.zip_checks import (
    refuse_several,
    refuse_unreadable,
    zip_end,
)
from croquis.download.unpackers import Readable, open_unpacked
from croquis.download.zip_names import zip_name
from croquis.tables.zip_files import open_zip

# Drawings shrink 2 to 20 times, zeros a thousand times: an archive is called a bomb only when it is
# past both limits. No archive stores an entry in under 16 bytes, and images take hundreds.
MOST_RATIO = 200
HARMLESS_BYTES = 2**30
MOST_ENTRIES = 1_000_000
HARMLESS_ENTRIES = 10_000
BYTES_PER_ENTRY = 16
BOMB = "look inside: this is how a zip bomb behaves"
# Of an entry of a tar: its long names and attributes, or those of all entries from there on.
HEADER_BYTES = 2**20
GLOBAL_KEYS = 100
GLOBAL_CHARACTERS = 2**16


class ArchiveEntry(NamedTuple):
    """One entry of an archive, whatever its format."""

    name: str
    kind: Literal["file", "folder", "link", "special"]
    open: Callable[[], Readable]
    target: str = ""  # of a link, seen from the archive's root


@dataclass
class Total:
    """What has come out of an archive, and of those inside it.

    Attributes:
        bytes: of files.
        entries: files and folders.
    """

    bytes: int = 0
    entries: int = 0


class Meter:
    """Counts the bytes and entries that really come out, whatever the headers claim.

    Attributes:
        where: what to call the archive in errors.
        file: its name for a command line, in a fix.
        packed: bytes of the archive, or of all archives that are unpacked together.
    """

    def __init__(
        self,
        archive: Path,
        folder: Path,
        where: str,
        *,
        file: str = "FILE",
        packed: int | None = None,
    ) -> None:
        size = archive.stat().st_size if packed is None else packed
        self.where = where
        self.file = file
        self.total = Total()
        self.free = shutil.disk_usage(folder).free
        self.most_bytes = min(max(HARMLESS_BYTES, MOST_RATIO * size), self.free)
        fair = max(HARMLESS_ENTRIES, size // BYTES_PER_ENTRY)
        self.most_entries = min(fair, MOST_ENTRIES)

    def inside(self, name: str) -> Self:
        """A meter for an archive in the archive: what comes out of it counts to the whole."""
        inner = copy.copy(self)
        inner.where = f"{self.where}: {name}"
        inner.file = shlex.quote(name)
        return inner

    def add_bytes(self, count: int) -> None:
        self.total.bytes += count
        if self.total.bytes > self.most_bytes:
            full = self.most_bytes == self.free
            limit = "as the disk has free" if full else "unpacked"
            expected = f"at most {self.most_bytes:,} bytes {limit}"
            fix = "free some disk space" if full else BOMB
            raise InputError(
                self.where, expected=expected, received="more", fix=fix
            )

    def add_entry(self) -> None:
        self.total.entries += 1
        if self.total.entries > self.most_entries:
            limit = f"at most {self.most_entries:,} entries"
            expected = f"{limit} in an archive of this size"
            raise InputError(
                self.where, expected=expected, received="more", fix=BOMB
            )


class Metered:
    """A readable stream that a meter watches."""

    def __init__(self, stream: Readable, meter: Meter) -> None:
        self.stream = stream
        self.meter = meter

    def read(self, size: int = -1, /) -> bytes:
        chunk = self.stream.read(size)
        self.meter.add_bytes(len(chunk))
        return chunk


class TarStream(Metered):
    """The bytes of a tar, of which a header may take few: tarfile keeps all of one in memory.

    Attributes:
        left: how many bytes the header that is being read may still take; None between headers.
    """

    def __init__(self, stream: Readable, meter: Meter) -> None:
        super().__init__(stream, meter)
        self.left: int | None = HEADER_BYTES

    def read(self, size: int = -1, /) -> bytes:
        """As a stream's; raises ReadError where a header goes on and on."""
        if self.left is None:
            return super().read(size)
        chunk = super().read(min(size, self.left + 1) if size >= 0 else self.left)
        self.left -= len(chunk)
        if self.left < 0:
            raise tarfile.ReadError(f"a header of more than {HEADER_BYTES:,} bytes")
        return chunk


class StrictHeader(tarfile.TarInfo):
    """Python takes a damaged header for the end of the archive, and would lose what follows it."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """As TarInfo.frombuf, but only a block of zeros ends an archive."""
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                raise
            raise tarfile.ReadError(f"{error}") from error


def entries(archive: Path, meter: Meter) -> Iterator[ArchiveEntry]:
    """The entries of `archive` in its order; each is to be read before the next is asked for."""
    return (
        _zip_entries(archive, meter)
        if is_zip(archive)
        else _tar_entries(archive, meter)
    )


def is_zip(archive: Path) -> bool:
    """Whether a file is a zip; a program may stand before it, which unpacks it on Windows."""
    with archive.open("rb") as file:
        head = file.read(tarfile.BLOCKSIZE)
    if is_tar_header(head):
        return False  # even if its first folder is called PKLot, or a zip is at its end
    if head.startswith(b"PK"):
        return True
    return not head.startswith(PACKED) and zip_end(archive) is not None


def _tar_entries(archive: Path, meter: Meter) -> Iterator[ArchiveEntry]:
    with open_unpacked(archive) as plain:
        stream = TarStream(plain, meter)
        file = cast("IO[bytes]", stream)  # in this mode tarfile only reads
        with tarfile.open(fileobj=file, mode="r|", tarinfo=StrictHeader) as tar:
            while (info := _next_header(tar, stream)) is not None:
                yield _tar_entry(tar, info)
                _skip_content(tar)
            _refuse_more(tar, meter.where)


def _next_header(tar: tarfile.TarFile, stream: TarStream) -> tarfile.TarInfo | None:
    """The next entry's header, or None at the end; tarfile keeps none of those before."""
    stream.left = HEADER_BYTES
    info = tar.next()
    stream.left = None
    tar.members.clear()  # type: ignore[attr-defined]  # typeshed has no list of what was read
    characters = sum(len(key) + len(each) for key, each in tar.pax_headers.items())
    if len(tar.pax_headers) > GLOBAL_KEYS or characters > GLOBAL_CHARACTERS:
        raise tarfile.ReadError("attributes of all entries by the thousand")
    return info


def _rest_of(tar: tarfile.TarFile, size: int) -> bytes:
    """The next bytes of what tarfile unpacks, at most `size`."""
    return b"" if tar.fileobj is None else tar.fileobj.read(size)


def _skip_content(tar: tarfile.TarFile) -> None:
    """Reads on to the last byte before the next header: tarfile would count to any size."""
    position = 0 if tar.fileobj is None else tar.fileobj.tell()
    gap = tar.offset - 1 - position
    while gap > 0:
        chunk = _rest_of(tar, min(gap, 2**20))
        if not chunk:
            raise tarfile.ReadError("unexpected end of data")
        gap -= len(chunk)


def _refuse_more(tar: tarfile.TarFile, where: str) -> None:
    """Reads to the end, where gzip keeps its checksum; only zeros may stand there."""
    while chunk := _rest_of(tar, 2**20):
        if chunk.strip(b"\0"):
            raise InputError(
                where,
                expected="one archive",
                received="more bytes behind its end, as where two were joined by `cat`",
                fix="unpack all of it by hand (`tar --ignore-zeros -xf`), and name the folder",
            )


def _tar_entry(tar: tarfile.TarFile, info: tarfile.TarInfo) -> ArchiveEntry:
    target = info.linkname
    if info.issym():
        target = posixpath.join(posixpath.dirname(info.name), target)
    opened = partial(_open_in_tar, tar, info)
    if info.issym() or info.islnk():
        return ArchiveEntry(info.name, "link", opened, target)
    if info.isdir():
        return ArchiveEntry(info.name, "folder", opened)
    # A sparse file is a hole with a size: it writes more than the meter sees.
    if info.isreg() and not info.issparse():
        return ArchiveEntry(info.name, "file", opened)
    return ArchiveEntry(info.name, "special", opened)


def _open_in_tar(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Readable:
    stream = tar.extractfile(info)
    if stream is None:
        raise tarfile.ReadError(f"{info.name!r} is no file")
    return stream


def _zip_entries(archive: Path, meter: Meter) -> Iterator[ArchiveEntry]:
    refuse_several(archive, meter.where)
    with open_zip(archive) as bundle:
        refuse_unreadable(bundle.infolist(), meter.where, meter.file)
        for info in bundle.infolist():
            name = zip_name(info)
            yield ArchiveEntry(
                name,
                _zip_kind(name, info),
                partial(_open_in_zip, bundle, info, meter),
            )


def _zip_kind(
    name: str, info: zipfile.ZipInfo
) -> Literal["file", "folder", "special"]:
    mode = stat.S_IFMT(info.external_attr >> 16)
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "special"  # links among them: unzip's users rarely mean them
    return "folder" if name.endswith("/") else "file"


def _open_in_zip(
    bundle: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter
) -> Readable:
    return Metered(bundle.open(info), meter)
