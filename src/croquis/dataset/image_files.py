"""The files of a folder that are images, in an order that people expect."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from croquis.core.errors import InputError
from croquis.dataset.first_bytes import (
    HEAD,
    NOT_READ,
    image_format,
    strange_content,
)
from croquis.dataset.hidden_files import is_hidden, is_of_tools

# Of files that are images, unopened: a look into each of 50,000 files takes its time, and what
# cannot be decoded is named then.
SUFFIXES = frozenset(
    ".jpg .jpeg .jfif .png .bmp .gif .tif .tiff .webp .ppm .pgm .pbm".split()
)
# Further ones of images. They are looked into, as not all of them can be read.
ALL_SUFFIXES = SUFFIXES | frozenset(
    ".jpe .avif .jp2 .j2k .jpf .jpx .jpc .dib .tga .pnm .apng .mpo .heic .heif .hif"
    " .jxl .svg .dng .nef .cr2 .cr3 .arw .dcm".split()
)
# Of text, tables and archives, which lie beside images by the thousand.
_NEVER = frozenset(
    ".txt .csv .tsv .json .jsonl .xml .yaml .yml .md .html .htm .log .py .ipynb .ini"
    " .cfg .toml .pdf .zip .gz .tar .tgz .npy .npz .pkl .pt .pth .h5 .mat .parquet"
    " .mp4 .webm .mov .avi .mkv .doc .docx .xls .xlsx .db".split()
)
# What editors and browsers leave: an older copy, or a part of an image.
_LEFTOVER = frozenset(
    ".bak .orig .old .tmp .part .crdownload .download .swp".split()
)


class FolderFiles(NamedTuple):
    """What is in a folder at any depth, each as its path from there, in natural order.

    Attributes:
        images: all images that are not hidden, also such as cannot be read.
        formats: of those images whose suffix is none of SUFFIXES: their formats by content, and
            nothing where the content is none of an image.
        other_forms: files that cannot be read, beside an image of the same name that can.
        others: what is no image.
        hidden: images that are hidden, or lie in a hidden folder.
    """

    images: list[str]
    formats: dict[str, str]
    other_forms: list[str]
    others: list[str]
    hidden: list[str]


def images_in(folder: Path) -> list[str]:
    """The images in `folder`, at any depth, that are not hidden, in natural order.

    Raises:
        InputError: if a folder in it cannot be listed.
    """
    files = dict(_files_in(folder))
    visible = [name for name, is_hidden_file in files.items() if not is_hidden_file]
    return _judge(folder, sorted(visible, key=_in_order)).images


def list_files(folder: Path) -> FolderFiles:
    """What is in `folder`, at any depth; nothing where there is no such folder.

    Raises:
        InputError: if a folder in it cannot be listed, unless that is hidden.
    """
    files = dict(_files_in(folder))
    names = sorted(files, key=_in_order)
    visible = _judge(folder, [name for name in names if not files[name]])
    hidden = [name for name in names if files[name]]
    return visible._replace(
        hidden=[name for name in hidden if _is_hidden_image(folder, name)]
    )


def _judge(folder: Path, names: list[str]) -> FolderFiles:
    """What visible files are, by suffix or content; none is hidden."""
    formats: dict[str, str] = {}
    images = []
    others = []
    for name in names:
        if _suffix(name) in SUFFIXES:
            images.append(name)
            continue
        image = _format_inside(folder, name)
        if image is None:
            others.append(name)
        else:
            images.append(name)
            formats[name] = image
    lost = _lost_images(folder, others, formats)
    if lost:
        formats |= dict.fromkeys(lost, "")
        images = sorted([*images, *lost], key=_in_order)
        others = [name for name in others if name not in lost]
    other_forms = _other_forms(images, formats)
    return FolderFiles(
        [name for name in images if name not in other_forms],
        {name: kind for name, kind in formats.items() if name not in other_forms},
        [name for name in images if name in other_forms],
        others,
        hidden=[],
    )


def _is_hidden_image(folder: Path, name: str) -> bool:
    """Files of tools are not opened: of git alone there may be a hundred thousand."""
    if is_of_tools(name):
        return _suffix(name) in ALL_SUFFIXES
    return may_be_image(folder / name)


def is_image(path: Path) -> bool:
    """Whether a file is an image, by its suffix or, where that says nothing, by its content."""
    if path.suffix.lower() in SUFFIXES:
        return True
    return path.is_file() and _format_inside(path.parent, path.name) is not None


def may_be_image(path: Path) -> bool:
    """As `is_image`; a file that may not be opened is judged by its suffix."""
    try:
        return is_image(path)
    except OSError:
        return path.suffix.lower() in ALL_SUFFIXES


def natural(name: str) -> list[str | int]:
    """A sort key that puts 2.png before 10.png."""
    parts = re.split(r"(\d+)", name)  # every second one is a number
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def _in_order(name: str) -> tuple[list[str | int], str]:
    """Naturally; 01.png before 1.png, whatever the disk says."""
    return natural(name), name


def refuse_unlisted(error: OSError) -> None:
    """For os.walk, which passes over a folder that it cannot list as if that were empty.

    Raises:
        InputError: always.
    """
    raise InputError(
        error.filename,
        expected="a folder that can be listed",
        received=os.strerror(error.errno or 0),
        fix="give yourself the right to, as with `chmod -R u+rX FOLDER`",
    ) from error


def _files_in(folder: Path) -> Iterator[tuple[str, bool]]:
    """The path of each file from `folder`, and whether it or a folder above it is hidden."""
    if not folder.is_dir():
        return
    hidden = {"": False}

    def refuse_visible(error: OSError) -> None:
        inside = os.path.relpath(error.filename, folder)
        if inside == os.curdir or not hidden[f"{inside}/"]:
            refuse_unlisted(error)

    for here, folders, names in os.walk(folder, onerror=refuse_visible):
        inside = os.path.relpath(here, folder)
        start = "" if inside == os.curdir else f"{inside}/"
        for name in folders:
            hidden[f"{start}{name}/"] = hidden[start] or is_hidden(name)
        for name in names:
            # Not of a pipe, which would wait for a writer, nor of a link to nowhere.
            if os.path.isfile(os.path.join(here, name)):
                yield start + name, hidden[start] or is_hidden(name)


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _format_inside(folder: Path, name: str) -> str | None:
    """The format of a file whose suffix is none of SUFFIXES; None if it is no image."""
    suffix = _suffix(name)
    if suffix in _NEVER or suffix in _LEFTOVER or name.endswith("~"):
        return None
    with (folder / name).open("rb") as file:
        image = image_format(file.read(HEAD), suffix)
    return "" if image is None and suffix in ALL_SUFFIXES else image


def _lost_images(
    folder: Path, others: list[str], formats: dict[str, str]
) -> set[str]:
    """Files without a suffix that are empty or pointers, among images without a suffix."""
    bare = {os.path.dirname(name) for name in formats if not _suffix(name)}
    lost = set()
    for name in others:
        if not _suffix(name) and os.path.dirname(name) in bare:
            with (folder / name).open("rb") as file:
                head = file.read(HEAD)
            if not head or strange_content(head) is not None:
                lost.add(name)
    return lost


def _other_forms(images: list[str], formats: dict[str, str]) -> set[str]:
    """Images that cannot be read, beside one of the same name that can: cameras write both."""
    unread = {name for name in images if formats.get(name) in NOT_READ}
    if not unread:
        return unread
    stems = {os.path.splitext(name)[0] for name in images if name not in unread}
    return {name for name in unread if os.path.splitext(name)[0] in stems}
