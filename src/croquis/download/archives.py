"""Safe unpacking of .zip, .tar and .tar.gz: nothing leaves its folder or fills the disk."""

import gzip
import lzma
import os
import posixpath
import shutil
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from pathlib import Path

from croquis.core.errors import InputError
from croquis.core.progress import progress
from croquis.dataset.hidden_files import is_junk, is_of_tools
from croquis.dataset.left_out import is_image_of_tools, note_on_tools
from croquis.download.entries import Meter, Metered, entries
from croquis.download.kinds.file_kinds import FileKind, kind_by_name
from croquis.download.unpackers import MOST_MEMORY, Readable

# RuntimeError is zipfile's word for a password and (NotImplementedError) an exotic compression.
CORRUPT = (
    tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, struct.error, EOFError,
    lzma.LZMAError, RuntimeError, ValueError,
    FileExistsError, NotADirectoryError, IsADirectoryError,
)  # fmt: skip

LZMA_LIMIT = "Memory usage limit exceeded"  # the words of lzma
MUCH_MEMORY = FileKind(
    f"an xz that takes more than {MOST_MEMORY // 2**20} MB of memory",
    "unpack it by hand (`tar -xf {file}`), and name the folder",
)
# Linux takes 255 bytes for a name and 4,096 for a path, that of the project's folder included.
MOST_NAME = 255
MOST_PATH = 1024
MOST_DEPTH = 64
# Links wait in memory until all files are there.
MOST_LINK_CHARACTERS = 2**25


def unpack(
    archive: Path, folder: Path, where: str, meter: Meter | None = None
) -> list[str]:
    """Writes the files of `archive` into `folder`, without junk, links, owners or modes.

    A link to a file inside the archive becomes a copy of it, so that no link is ever followed.

    Args:
        archive: a zip or tar, packed or not; its first bytes decide, not its name.
        folder: an empty folder. On an error it is left half full: the caller throws it away.
        where: what to call the archive in errors.
        meter: of an archive that this one was in; None for an archive of its own.

    Returns:
        a note on images in folders of tools, where there are some.

    Raises:
        InputError: if it is damaged, holds a path or a link that leaves `folder` or a device, or
            unpacks to more than 200 times its size (and 1 GiB) or than the disk has free.
    """
    meter = meter or Meter(archive, folder, where)
    try:
        junk = _write_entries(archive, folder, meter)
        return note_on_tools([*junk, *_remove_tools(folder)])
    except (*CORRUPT, OSError) as error:
        if not isinstance(error, CORRUPT) and error.errno is not None:
            raise  # the disk's own; bzip2's word for damage is an OSError without a number
        said = kind_by_name(where.partition("?")[0])
        if str(error) == LZMA_LIMIT:
            said = MUCH_MEMORY
        again = "fetch it again, or compare its sha256 with the publisher's"
        raise InputError(
            where,
            expected="a whole, readable .tar, .tar.gz, .tar.bz2, .tar.xz or .zip archive",
            received=_damage(error),
            fix=said.fix_of(meter.file) if said else again,
        ) from error


def _damage(error: Exception) -> str:
    if str(error) == LZMA_LIMIT:
        return MUCH_MEMORY.name
    text = " ".join(str(error).split()) or type(error).__name__
    # In the words of zipfile, where a file begins as a zip, and of gzip, where it ends as one.
    if text == "File is not a zip file":
        return "a zip without its end"
    if text.startswith("Not a gzipped file"):
        return (
            "other bytes behind the end of its gzip, as where two files were joined"
        )
    return text


def _write_entries(archive: Path, folder: Path, meter: Meter) -> list[str]:
    """Writes all files but junk; the images in folders that are junk, as __MACOSX."""
    junk = []
    links: list[tuple[str, str]] = []
    names = Names(meter.where)
    waiting = 0
    for entry in progress(entries(archive, meter), "unpack", unit="file"):
        meter.add_entry()
        if is_junk(entry.name):
            if entry.kind == "file" and is_image_of_tools(entry.name):
                junk.append(entry.name)
            continue
        name = _inside(entry.name, entry.name, meter.where)
        if entry.kind == "folder":
            _make_folders((folder / name).parent, meter)
            (folder / name).mkdir(exist_ok=True)
            continue
        names.add(name)
        if entry.kind == "file":
            _write(entry.open(), folder / name, meter)
        elif entry.kind == "link":
            links.append((name, _inside(entry.target, entry.name, meter.where)))
            waiting += len(name) + len(entry.target)
            _refuse_link_bomb(waiting, meter.where)
        else:
            raise InputError(
                meter.where,
                expected="files and folders",
                received=repr(entry.name),
                fix="pack it again with plain files only",
            )
    for name, target in links:
        _copy_linked(folder / target, folder / name, meter)
    return junk


def _remove_tools(folder: Path) -> list[str]:
    """Removes what systems and tools keep for themselves, and returns the paths of its files.

    Not sooner: git-annex and DVC pack links to files in folders of theirs.
    """
    removed = []
    for here, folders, names in os.walk(folder):
        for name in filter(is_of_tools, names):
            Path(here, name).unlink()
        tools = [name for name in folders if is_of_tools(name)]
        folders[:] = [name for name in folders if name not in tools]
        for tool in tools:
            below = (path for path in Path(here, tool).rglob("*") if path.is_file())
            removed += [path.relative_to(folder).as_posix() for path in below]
            shutil.rmtree(Path(here, tool))
    return removed


class Names:
    """The files of an archive so far: of two with one name, one would be lost unsaid."""

    def __init__(self, where: str) -> None:
        self._where = where
        # Hashes, as a million names would take memory; Python salts them anew in each process.
        self._hashes: set[int] = set()
        self._composed: set[int] = set()

    def add(self, name: str) -> None:
        """Raises InputError where a file has that name already, or has it in another normal form.

        macOS takes the two forms (NFC and NFD) for one name, and would lose one of the files.
        """
        digest = hash(name)
        composed = hash(unicodedata.normalize("NFC", name))
        if composed in self._composed:
            form = (
                "" if digest in self._hashes else ", in two normal forms (NFC, NFD)"
            )
            raise InputError(
                self._where,
                expected="each name once",
                received=f"{name!r} twice{form}",
                fix="unpack it by hand, keep or rename one of the two, and name the folder",
            )
        self._hashes.add(digest)
        self._composed.add(composed)


def _refuse_link_bomb(waiting: int, where: str) -> None:
    if waiting > MOST_LINK_CHARACTERS:
        raise InputError(
            where,
            expected=f"links with names of at most {MOST_LINK_CHARACTERS:,} characters in all",
            received="more",
            fix="pack it again with `tar --dereference`",
        )


def _inside(name: str, entry: str, where: str) -> str:
    """`name` without its dots, if it stays under the archive's root and Linux can have it."""
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
    _refuse_long(short, where)
    return short


def _refuse_long(name: str, where: str) -> None:
    """Raises InputError where a path is more than Linux can have, by its own limits."""
    parts = name.encode("utf-8", "surrogatepass").split(b"/")
    longest = max(map(len, parts))
    whole = sum(map(len, parts)) + len(parts)
    limits = {
        f"names of at most {MOST_NAME} bytes": (longest, MOST_NAME),
        f"paths of at most {MOST_PATH:,} bytes": (whole, MOST_PATH),
        f"paths of at most {MOST_DEPTH} folders": (len(parts), MOST_DEPTH),
    }
    for expected, (number, most) in limits.items():
        if number > most:
            raise InputError(
                where,
                expected=expected,
                received=f"one of {number:,}, {name[:40]!r} ...",
                fix="give it a shorter name, and pack it again",
            )


def _make_folders(folder: Path, meter: Meter) -> None:
    """Makes a folder and those above it; they count as entries, as they take space."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        meter.add_entry()
        each.mkdir()


def _write(stream: Readable, path: Path, meter: Meter) -> None:
    _make_folders(path.parent, meter)
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
        _write(Metered(file, meter), path, meter)
