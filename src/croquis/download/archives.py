"""Safe unpacking of .tar, .tar.gz, .tgz and .zip: nothing leaves its folder or fills the disk."""

import gzip
import lzma
import posixpath
import shutil
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

from croquis.core.errors import InputError
from croquis.core.progress import progress
from croquis.dataset.hidden_files import is_junk
from croquis.download.entries import Meter, Metered, Readable, entries

# RuntimeError is zipfile's word for a password and (NotImplementedError) an exotic compression.
CORRUPT = (
    tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, struct.error, EOFError,
    lzma.LZMAError, RuntimeError, ValueError,
    FileExistsError, NotADirectoryError, IsADirectoryError,
)  # fmt: skip


def unpack(archive: Path, folder: Path, where: str) -> None:
    """Writes the files of `archive` into `folder`, without junk, links, owners or modes.

    A link to a file inside the archive becomes a copy of it, so that no link is ever followed.

    Args:
        archive: a zip, tar or gzipped tar; its first bytes decide, not its name.
        folder: an empty folder. On an error it is left half full: the caller throws it away.
        where: what to call the archive in errors.

    Raises:
        InputError: if it is damaged, holds a path or a link that leaves `folder` or a device, or
            unpacks to more than 200 times its size (and 1 GiB) or than the disk has free.
    """
    meter = Meter(archive, folder, where)
    try:
        _write_entries(archive, folder, meter)
    except (*CORRUPT, OSError) as error:
        if not isinstance(error, CORRUPT) and error.errno is not None:
            raise  # the disk's own; bzip2's word for damage is an OSError without a number
        raise InputError(
            where,
            expected="a whole, readable .tar, .tar.gz, .tgz or .zip archive",
            received=" ".join(str(error).split()) or type(error).__name__,
            fix="fetch it again, or compare its sha256 with the publisher's",
        ) from error


def _write_entries(archive: Path, folder: Path, meter: Meter) -> None:
    links: list[tuple[Path, str]] = []
    for entry in progress(entries(archive, meter), "unpack", unit="file"):
        meter.add_entry()
        if is_junk(entry.name):
            continue
        path = folder / _inside(entry.name, entry.name, meter.where)
        if entry.kind == "folder":
            path.mkdir(parents=True, exist_ok=True)
        elif entry.kind == "file":
            _write(entry.open(), path)
        elif entry.kind == "link":
            links.append((path, _inside(entry.target, entry.name, meter.where)))
        else:
            raise InputError(
                meter.where,
                expected="files and folders",
                received=repr(entry.name),
                fix="pack it again with plain files only",
            )
    for path, target in links:
        _copy_linked(folder / target, path, meter)


def _inside(name: str, entry: str, where: str) -> str:
    """`name` without its dots, if it stays under the archive's root."""
    short = posixpath.normpath(name)
    if short.startswith(("/", "../")) or short == ".." or "\0" in name:
        raise InputError(
            where,
            expected="entries that stay inside",
            received=repr(entry)
            if name == entry
            else f"{entry!r}, a link to {name!r}",
            fix="do not trust this archive; ask its publisher",
        )
    return short


def _write(stream: Readable, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        shutil.copyfileobj(stream, file, 2**20)


def _copy_linked(source: Path, path: Path, meter: Meter) -> None:
    if not source.is_file():
        raise InputError(
            meter.where,
            expected="links to files inside",
            received=f"{path.name!r}, a link to {source.name!r}, which is none",
            fix="pack it again with `tar --dereference`",
        )
    with source.open("rb") as file:
        _write(Metered(file, meter), path)
