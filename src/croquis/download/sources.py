"""What `data.source` may be (the embedded set, a URL, an archive, a folder), and its fetching."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import Field

from croquis.core.errors import InputError
from croquis.core.files import atomic_write, root
from croquis.core.params import Section
from croquis.core.progress import progress
from croquis.dataset.names import to_utf8
from croquis.dataset.roots import find_root, is_layout
from croquis.download.archives import unpack
from croquis.download.copy_tree import copy_tree

BLOCK = 2**20  # bytes


class DataParams(Section):
    """Where the data comes from, and the archive's checksum, if pinned."""

    source: str = Field(
        default="icons",
        min_length=1,
        description="The embedded set `icons`, or an archive's path or URL, or a folder.",
    )
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = Field(
        default=None,
        description="The archive's checksum; null takes any archive, and says what came.",
    )


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
    path = local(source)
    if not path.exists():
        expected = "'icons', an http(s) URL, or the path of an archive or a folder"
        fix = f"nothing is at {path}; relative paths start at the project's folder"
        raise InputError(
            "data.source", expected=expected, received=repr(source), fix=fix
        )
    return "folder" if path.is_dir() else "archive"


def local(source: str) -> Path:
    """The path that a `data.source` means; relative ones start at the project's folder."""
    return root() / Path(source).expanduser()


def _icons(wanted: DataParams, draft: Path) -> list[str]:
    from croquis.download.icons import (
        write_icons,  # fonts and scikit-learn: only where they are needed
    )

    _refuse_sha256(wanted)
    draft.mkdir()
    write_icons(draft)
    return []


def _url(wanted: DataParams, draft: Path) -> list[str]:
    with _desk(draft) as desk:
        return _unpacked(_downloaded(wanted.source, desk), wanted, draft)


def _archive(wanted: DataParams, draft: Path) -> list[str]:
    return _unpacked(local(wanted.source), wanted, draft)


def _folder(wanted: DataParams, draft: Path) -> list[str]:
    _refuse_sha256(wanted)
    source = local(wanted.source)
    if draft.resolve().is_relative_to(source.resolve()):
        expected = "a folder that does not hold this project's data/raw"
        fix = "name the folder that has train/ in it"
        raise InputError(
            "data.source", expected=expected, received=repr(wanted.source), fix=fix
        )
    found = find_root(source, where=wanted.source)
    copy_tree(found, _place_of(found, draft))
    return []


SOURCES = {"icons": _icons, "url": _url, "archive": _archive, "folder": _folder}


@contextmanager
def _desk(draft: Path) -> Iterator[Path]:
    """A folder that vanishes, on the disk where the data will be: /tmp is often small."""
    with tempfile.TemporaryDirectory(dir=draft.parent) as desk:
        yield Path(desk)


def _downloaded(url: str, desk: Path) -> Path:
    import pooch  # brings requests: only where a URL is fetched
    import requests

    pooch.get_logger().setLevel("WARNING")  # it would print the sha256 in its own words
    bar = progress((), "download", unit="B")
    bar.unit_scale = True
    downloader = pooch.HTTPDownloader(progressbar=bar)
    try:
        return Path(
            pooch.retrieve(url, None, fname="archive", path=desk, downloader=downloader)
        )
    except requests.RequestException as error:
        reason = " ".join(str(error).split())
        fix = "check the address and the network, or download it by hand and name the file"
        expected = "an archive at this URL"
        raise InputError(url, expected=expected, received=reason, fix=fix) from error


def _unpacked(archive: Path, wanted: DataParams, draft: Path) -> list[str]:
    notes = _verified(archive, wanted)
    with _desk(draft) as desk:
        unpacked = desk / "unpacked"
        unpacked.mkdir()
        unpack(archive, unpacked, where=wanted.source)
        found = find_root(unpacked, where=wanted.source)
        os.replace(found, _place_of(found, draft))
    return notes


def _verified(archive: Path, wanted: DataParams) -> list[str]:
    digest = hashlib.sha256()
    blocks = -(-archive.stat().st_size // BLOCK)
    with archive.open("rb") as file:
        for block in progress(
            iter(lambda: file.read(BLOCK), b""), "verify", blocks, "MiB"
        ):
            digest.update(block)
    received = digest.hexdigest()
    if wanted.sha256 is None:
        return [f"to pin this archive: -S data.sha256={received}"]
    if received != wanted.sha256.lower():
        fix = f"fetch {wanted.source} again, or set data.sha256 to what came if you trust it"
        raise InputError(
            "data.sha256", expected=wanted.sha256, received=received, fix=fix
        )
    return []


def _refuse_sha256(wanted: DataParams) -> None:
    if wanted.sha256 is not None:
        expected = f"null, as {wanted.source!r} is no archive"
        fix = "add -S data.sha256=null"
        raise InputError(
            "data.sha256", expected=expected, received=wanted.sha256, fix=fix
        )


def _place_of(found: Path, draft: Path) -> Path:
    """Where `found` goes in `draft`: bare class folders become its train/."""
    place = draft if is_layout(found) else draft / "train"
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _set_aside(given: Path, answers: Path) -> None:
    """Moves the true labels, as they came, out of the sight of what trains; prepare checks them."""
    if not given.exists():
        answers.write_text("image_path,target\n")
    elif given.is_file():
        os.replace(given, answers)
    else:
        fix = "rename it, or pack the file alone"
        raise InputError(
            "solution.csv", expected="a csv file", received="a folder", fix=fix
        )
