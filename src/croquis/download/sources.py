"""What `data.source` may be (the embedded set, a URL, an archive, a folder), and its fetching."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from croquis.core import cli
from croquis.core.errors import InputError
from croquis.core.files import atomic_write, root
from croquis.core.progress import progress
from croquis.dataset.data_params import DataParams
from croquis.dataset.names import to_utf8
from croquis.dataset.naming.backslashes import split_windows_paths, windows_paths
from croquis.dataset.roots import find_root
from croquis.download.archives import unpack
from croquis.download.copy_tree import copy_tree
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
    if source.lower().startswith(("http://", "https://")):
        return "url"
    if re.match(r"[a-zA-Z][\w+.-]+://", source):
        raise InputError(
            "data.source",
            expected="an address that begins with http:// or https://",
            received=repr(source),
            fix="fetch it with a program of its own, such as `aws s3 cp`, and name the file",
        )
    path = local(source)
    if not path.exists():
        raise InputError(
            "data.source",
            expected="'icons', an http(s) URL, or the path of an archive or a folder",
            received=repr(source),
            fix=f"nothing is at {path}; relative paths start at the project's folder",
        )
    if not path.is_file() and not path.is_dir():
        raise InputError(
            "data.source",
            expected="an archive or a folder",
            received=f"{source!r}, a pipe, a socket or a device",
            fix="save the archive as a file, and name that",
        )
    return "folder" if path.is_dir() else "archive"


def local(source: str) -> Path:
    """The path that a `data.source` means; relative ones start at the project's folder."""
    return root() / Path(source).expanduser()


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

    try:
        with fetch_archive(wanted.source) as archive:
            return _bring_unpacked(archive, wanted, draft)
    except DamagedPartError:
        cli.say("download: what came in parts is of no use; from the start")
    with fetch_archive(wanted.source, again=True) as archive:
        return _bring_unpacked(archive, wanted, draft)


def _bring_archive(wanted: DataParams, draft: Path) -> list[str]:
    return _bring_unpacked(local(wanted.source), wanted, draft)


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
    if windows_paths(source):
        return _bring_windows_paths(source, wanted, draft)
    by_pattern = wanted.label_pattern is not None
    data = find_root(source, where=wanted.source, by_pattern=by_pattern)
    notes = copy_tree(data, place_of(data, draft, by_pattern))
    return notes + outside(source, data, wanted.source)


def _bring_windows_paths(
    source: Path, wanted: DataParams, draft: Path
) -> list[str]:
    """Brings a folder of files whose names are paths: they become folders in a copy."""
    with _temporary_folder(draft) as folder:
        copy = folder / "copy"
        notes = copy_tree(source, copy)
        notes += split_windows_paths(copy, wanted.source)
        notes += _move_root(copy, wanted, draft)
    return notes


def _move_root(folder: Path, wanted: DataParams, draft: Path) -> list[str]:
    """Moves the data set that is in `folder`, which is nobody's, to `draft`."""
    by_pattern = wanted.label_pattern is not None
    data = find_root(folder, where=wanted.source, by_pattern=by_pattern)
    notes = outside(folder, data, wanted.source)
    os.replace(data, place_of(data, draft, by_pattern))
    return notes


# Each brings the data to a draft of data/raw, and returns notes for people.
SOURCES = {
    "icons": _bring_icons,
    "url": _bring_url,
    "archive": _bring_archive,
    "folder": _bring_folder,
}


@contextmanager
def _temporary_folder(draft: Path) -> Iterator[Path]:
    """A folder that vanishes, on the disk where the data will be: /tmp is often small."""
    with tempfile.TemporaryDirectory(dir=draft.parent) as folder:
        yield Path(folder)


def _bring_unpacked(archive: Path, wanted: DataParams, draft: Path) -> list[str]:
    notes = _verify(archive, wanted)
    with _temporary_folder(draft) as folder:
        unpacked = folder / "unpacked"
        unpacked.mkdir()
        notes += unpack(archive, unpacked, where=wanted.source)
        notes += to_utf8(unpacked, wanted.source)
        notes += split_windows_paths(unpacked, wanted.source)
        notes += _move_root(unpacked, wanted, draft)
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
