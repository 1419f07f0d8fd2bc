"""What `data.source` may be (the embedded set, a URL, an archive, a folder), and its fetching."""

import hashlib
import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from croquis.core import cli
from croquis.core.errors import InputError
from croquis.core.files import atomic_write
from croquis.core.progress import progress
from croquis.dataset.data_params import DataParams
from croquis.dataset.naming.backslashes import split_windows_paths, windows_paths
from croquis.dataset.naming.names import to_utf8
from croquis.dataset.roots import find_root
from croquis.download.archives import unpack
from croquis.download.copy_tree import copy_tree
from croquis.download.entries import Meter
from croquis.download.kinds.file_checks import refuse_other_file
from croquis.download.kinds.pointers import refuse_pointers
from croquis.download.local_paths import (
    is_as_written,
    local,
    missing_error,
    without_quotes,
)
from croquis.download.nested import (
    left_lines,
    packed_in,
    refuse_packed,
    unpack_nested,
)
from croquis.download.schemes import (
    REMOTES,
    refuse_one_slash,
    scheme_of,
    unknown_scheme,
)
from croquis.download.settling import outside, place_of, settle

BLOCK = 2**20  # bytes


def fetch(wanted: DataParams, raw: Path, solution: Path) -> list[str]:
    """Notes on `wanted`, which is brought to the folder `raw`, and its true labels to `solution`.

    `raw` holds the competition layout or class folders afterwards; `solution` is the source's
    solution.csv, and a table without rows where there is none. Either is written whole or not at
    all.

    Raises:
        InputError: if there is no such source, or it cannot be trusted or used.
    """
    bring = SOURCES[kind_of(wanted.source)]
    with atomic_write(solution) as answers, atomic_write(raw) as draft:
        notes = bring(wanted, draft) + to_utf8(draft, wanted.source)
        notes += refuse_pointers(draft, wanted.source)
        notes += settle(draft, wanted.source)
        _set_aside(draft / "solution.csv", answers)
        return notes


def kind_of(source: str) -> str:
    """The key of `SOURCES` for a `data.source`.

    Raises:
        InputError: if it is none of them, or nothing stands at that path.
    """
    if source == "icons":
        return "icons"
    scheme = scheme_of(without_quotes(source))
    if scheme in ("http", "https"):
        return "url"
    if scheme in REMOTES:
        return "remote"
    if scheme not in ("", "file"):
        raise unknown_scheme(source, scheme)
    path = local(source)
    if not path.exists():
        refuse_one_slash(source)
        raise missing_error(source)
    if not path.is_file() and not path.is_dir():
        raise InputError(
            "data.source",
            expected="an archive or a folder",
            received=f"{source!r}, a pipe, a socket or a device",
            fix="save the archive as a file, and name that",
        )
    return "folder" if path.is_dir() else "archive"


def _bring_icons(wanted: DataParams, draft: Path) -> list[str]:
    # Imported here: it brings scikit-learn and scikit-image.
    from croquis.download.icons import write_icons

    _refuse_sha256(wanted)
    draft.mkdir()
    write_icons(draft)
    return []


def _bring_url(wanted: DataParams, draft: Path) -> list[str]:
    # Imported here: it brings requests.
    from croquis.download.transfers import DamagedPartError, fetch_archive

    url = without_quotes(wanted.source)
    name = re.split("[?#]", url)[0].rpartition("/")[2]
    try:
        with fetch_archive(url) as archive:
            refuse_other_file(archive, wanted.source, name or "FILE")
            return _bring_unpacked(archive, wanted, draft)
    except DamagedPartError:
        cli.say("download: what came in parts is of no use; from the start")
    with fetch_archive(url, again=True) as archive:
        refuse_other_file(archive, wanted.source, name or "FILE")
        return _bring_unpacked(archive, wanted, draft)


def _bring_remote(wanted: DataParams, draft: Path) -> list[str]:
    # Imported here: it brings requests and fsspec.
    from croquis.download.remote import fetch_remote

    with _temporary_folder(draft) as folder:
        archive = folder / "archive"
        fetch_remote(without_quotes(wanted.source), archive)
        return _bring_unpacked(archive, wanted, draft)


def _bring_archive(wanted: DataParams, draft: Path) -> list[str]:
    path = local(wanted.source)
    refuse_other_file(path, wanted.source, str(path))
    notes = _bring_unpacked(path, wanted, draft, file=shlex.quote(str(path)))
    return _reading_notes(wanted) + notes


def _bring_folder(wanted: DataParams, draft: Path) -> list[str]:
    _refuse_sha256(wanted)
    source = local(wanted.source)
    if draft.resolve().is_relative_to(source.resolve()):
        raise InputError(
            "data.source",
            expected="a folder that does not hold this project's data/raw",
            received=repr(wanted.source),
            fix="name the folder that has train/ in it",
        )
    notes = _reading_notes(wanted)
    by_pattern = wanted.label_pattern is not None
    if windows_paths(source) or packed_in(source, wanted.source, by_pattern):
        with _temporary_folder(draft) as folder:
            copy = folder / "copy"
            notes += copy_tree(source, copy)
            return notes + _bring_copy(copy, wanted, draft)
    refuse_packed(source, wanted.source)
    data = find_root(source, where=wanted.source, by_pattern=by_pattern)
    notes += copy_tree(data, place_of(data, draft, by_pattern))
    notes += left_lines(source, by_pattern)
    return notes + outside(source, data, wanted.source)


def _reading_notes(wanted: DataParams) -> list[str]:
    """A line where a path was read otherwise than it is written."""
    if is_as_written(wanted.source):
        return []
    return [f"data.source is read as {local(wanted.source)}"]


def _bring_copy(
    copy: Path, wanted: DataParams, draft: Path, meter: Meter | None = None
) -> list[str]:
    """Moves the data set that is in `copy`, which is nobody's, to `draft`; notes on it.

    Archives in it are unpacked, and names that are paths of Windows become folders.
    """
    by_pattern = wanted.label_pattern is not None
    notes = _readable_names(copy, wanted)
    inside = unpack_nested(copy, wanted.source, meter, by_pattern)
    if inside:
        notes += inside + _readable_names(copy, wanted)
    data = find_root(copy, where=wanted.source, by_pattern=by_pattern)
    notes += outside(copy, data, wanted.source)
    os.replace(data, place_of(data, draft, by_pattern))
    return notes


def _readable_names(copy: Path, wanted: DataParams) -> list[str]:
    return to_utf8(copy, wanted.source) + split_windows_paths(copy, wanted.source)


# Each brings the data to a draft of data/raw, and returns notes for people.
SOURCES = {
    "icons": _bring_icons,
    "url": _bring_url,
    "remote": _bring_remote,
    "archive": _bring_archive,
    "folder": _bring_folder,
}


@contextmanager
def _temporary_folder(draft: Path) -> Iterator[Path]:
    """A folder that vanishes, on the disk where the data will be: /tmp is often small."""
    with tempfile.TemporaryDirectory(dir=draft.parent) as folder:
        yield Path(folder)


def _bring_unpacked(
    archive: Path, wanted: DataParams, draft: Path, file: str = "FILE"
) -> list[str]:
    """Unpacks an archive that is here; `file` is its name for a command line, in a fix."""
    notes = _verify(archive, wanted)
    with _temporary_folder(draft) as folder:
        unpacked = folder / "unpacked"
        unpacked.mkdir()
        meter = Meter(archive, unpacked, wanted.source, file=file)
        notes += unpack(archive, unpacked, wanted.source, meter)
        if not any(unpacked.iterdir()):
            raise InputError(
                wanted.source,
                expected="an archive of images",
                received="one without files",
                fix="look at what was packed, and pack it again",
            )
        notes += _bring_copy(unpacked, wanted, draft, meter)
    return notes


def _verify(archive: Path, wanted: DataParams) -> list[str]:
    received = _sha256(archive)
    if wanted.sha256 is None:
        return [f"to pin this archive: -S data.sha256={received}"]
    if received != wanted.sha256.lower():
        fix = f"fetch {wanted.source} again, or set data.sha256 to what came if you trust it"
        raise InputError(
            "data.sha256", expected=wanted.sha256, received=received, fix=fix
        )
    return []


def _sha256(archive: Path) -> str:
    digest = hashlib.sha256()
    count = -(-archive.stat().st_size // BLOCK)
    with archive.open("rb") as file:
        blocks = iter(lambda: file.read(BLOCK), b"")
        for block in progress(blocks, "verify", count, "MiB"):
            digest.update(block)
    return digest.hexdigest()


def _refuse_sha256(wanted: DataParams) -> None:
    if wanted.sha256 is not None:
        raise InputError(
            "data.sha256",
            expected=f"null, as {wanted.source!r} is no archive",
            received=wanted.sha256,
            fix="add -S data.sha256=null",
        )


def _set_aside(solution: Path, answers: Path) -> None:
    """Moves the true labels, as they came, out of the sight of what trains; prepare checks them."""
    if not solution.exists():
        answers.write_text("image_path,target\n")
    elif solution.is_file():
        os.replace(solution, answers)
    else:
        raise InputError(
            "solution.csv",
            expected="a csv file",
            received="a folder",
            fix="rename it, or pack the file alone",
        )
