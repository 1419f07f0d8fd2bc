"""Archives in a data set, such as train.zip in all.zip: unpacked in their place, once or twice."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from croquis.core.errors import InputError
from croquis.core.text import counted
from croquis.dataset.folders.split_names import split_of
from croquis.dataset.hidden_files import is_hidden
from croquis.dataset.image_files import SUFFIXES, is_image
from croquis.dataset.roots import find_root, is_layout
from croquis.download.archives import unpack
from croquis.download.entries import Meter
from croquis.download.kinds.file_checks import kind_of_file

MOST_LEVELS = 2  # archives in archives in a source
MOST_DEPTH = 4  # folders above an archive
MOST_ARCHIVES = 100
NAMED = 3  # archives that a line names
ARCHIVES = (
    ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".tbz", ".txz", ".tar", ".zip",
)  # fmt: skip
FOREIGN = (
    ".7z", ".rar", ".tar.zst", ".tzst", ".tar.lz4", ".tar.lzma", ".7z.001", ".zip.001",
    ".z01",
)  # fmt: skip
# What stands beside images, and is none.
DOCUMENTS = frozenset(
    ".csv .tsv .txt .json .jsonl .md .rst .html .xml .yaml .yml .pdf .docx .xlsx .xls .py"
    " .ipynb .m .r .sh .cff .bib .license".split()
)
# What an archive beside images may be that is unpacked, by its name.
PARTS = ("train", "val", "test")


class Packed(NamedTuple):
    """An archive in a data set.

    Attributes:
        path: of the file.
        stem: its name without .zip and the like.
    """

    path: Path
    stem: str


def packed_in(folder: Path, where: str, by_pattern: bool = False) -> list[Packed]:
    """The archives in a data set that hold a part of it.

    Where a data set has images without them, these are the archives right in it that are called
    like a split or a table which is not there. Else they are all of them.

    Args:
        folder: the data set, or a copy of it.
        where: what to call it in the error.
        by_pattern: whether labels stand in the images' names.

    Raises:
        InputError: if there are a hundred or more.
    """
    if not any(_archives(folder, MOST_DEPTH)):
        return []
    root = _root(folder, by_pattern)
    if root is not None and _has_images(root):
        is_whole = is_layout(root, by_pattern)
        archives = list(_archives(root, 0)) if is_whole else []
        return [each for each in archives if _is_missing_part(each, root)]
    archives = list(_archives(root or folder, MOST_DEPTH))
    if len(archives) >= MOST_ARCHIVES:
        raise InputError(
            where,
            expected=f"fewer than {MOST_ARCHIVES} archives in a data set",
            received=f"{len(archives):,} ({archives[0].path.name}, ...)",
            fix="unpack them by hand, and name the folder",
        )
    return [each for each in archives if not _beside(each).exists()]


def unpack_nested(
    folder: Path, where: str, meter: Meter | None = None, by_pattern: bool = False
) -> list[str]:
    """Unpacks the archives in a copy of a data set, in their places; a line for each.

    Args:
        folder: the copy, never a person's own files.
        where: what to call the source in errors.
        meter: that of the archive that they came in; None counts from here.
        by_pattern: whether labels stand in the images' names.

    Raises:
        InputError: if one cannot be read, all of them together unpack to far too much, or a data
            set has no images but archives of other kinds.
    """
    lines: list[str] = []
    for _ in range(MOST_LEVELS):
        archives = packed_in(folder, where, by_pattern)
        if not archives:
            break
        if meter is None:
            meter = _meter_of(archives, folder, where)
        for each in archives:
            lines += _unpack_one(each, folder, meter)
    refuse_packed(folder, where)
    return [*lines, *left_lines(folder, by_pattern)]


def left_lines(folder: Path, by_pattern: bool = False) -> list[str]:
    """A line that names the archives of a data set which stay packed; none where there are none."""
    if not any(_is_packed(path) for path in _files(folder, MOST_DEPTH)):
        return []  # looking for the root takes longer
    root = _root(folder, by_pattern)
    if root is None:
        return []
    left = [path.name for path in _files(root, 0) if _is_packed(path)]
    if not left:
        return []
    names = ", ".join(left[:NAMED]) + (", ..." if len(left) > NAMED else "")
    what = counted(len(left), "archive")
    return [f"{what} left packed beside the images: {names}"]


def refuse_packed(folder: Path, where: str) -> None:
    """Raises InputError where a data set has no images, but archives that are not read."""
    if _has_images(folder):
        return
    for path in _files(folder, MOST_DEPTH):
        if not _is_packed(path):
            continue
        kind = kind_of_file(path, path.name)
        what = kind.name if kind else f"in more than {MOST_LEVELS} archives"
        raise InputError(
            where,
            expected="images, or archives of them that can be read",
            received=f"{path.relative_to(folder).as_posix()}, {what}",
            fix="unpack it by hand (`7z x` reads most kinds), and name the folder",
        )


def _root(folder: Path, by_pattern: bool) -> Path | None:
    try:
        return find_root(folder, where="", by_pattern=by_pattern)
    except InputError:
        return None


def _stem(name: str) -> str | None:
    """The name of an archive without .zip and the like; None for other files."""
    for suffix in ARCHIVES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return None


def _is_foreign(name: str) -> bool:
    return name.lower().endswith(FOREIGN)


def _is_packed(path: Path) -> bool:
    return _is_foreign(path.name) or _stem(path.name) is not None


def _archives(folder: Path, depth: int) -> Iterator[Packed]:
    for path in _files(folder, depth):
        stem = _stem(path.name)
        if stem is not None:
            yield Packed(path, stem)


def _files(folder: Path, depth: int) -> Iterator[Path]:
    """The files under a folder in order, at most so many folders deep; without hidden ones."""
    for here, folders, names in os.walk(folder):
        above = len(Path(here).relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        if above >= depth:
            folders.clear()
        yield from (
            Path(here, each) for each in sorted(names) if not is_hidden(each)
        )


def _has_images(folder: Path) -> bool:
    """Whether a data set holds anything else than tables, texts and archives, at any depth."""
    for _, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_hidden(name)]
        if any(_may_be_image(name) for name in names):
            return True
    return False


def _may_be_image(name: str) -> bool:
    is_other = _stem(name) is not None or _is_foreign(name) or is_hidden(name)
    suffix = Path(name).suffix.lower()
    return suffix in SUFFIXES or not (is_other or suffix in DOCUMENTS)


def _is_missing_part(archive: Packed, root: Path) -> bool:
    """Whether an archive has a split or a table of a data set that is not there by its name."""
    if _beside(archive).exists():
        return False
    if archive.stem.lower().endswith(".csv"):
        return True
    split = split_of(archive.stem)
    there = {split_of(path.name) for path in root.iterdir() if path.is_dir()}
    return split in PARTS and split not in there


def _beside(archive: Packed) -> Path:
    """Where a person who unpacks an archive has what was in it."""
    return archive.path.parent / archive.stem


def _meter_of(archives: list[Packed], folder: Path, where: str) -> Meter:
    size = sum(each.path.stat().st_size for each in archives)
    return Meter(archives[0].path, folder, where, packed=size)


def _unpack_one(archive: Packed, folder: Path, meter: Meter) -> list[str]:
    """Unpacks an archive beside itself, and removes it; lines that say so."""
    name = archive.path.relative_to(folder).as_posix()
    inner = meter.inside(name)
    kind = kind_of_file(archive.path, archive.path.name)
    if kind is not None:
        raise InputError(
            inner.where,
            expected="an archive",
            received=kind.name,
            fix=kind.fix_of(inner.file),
        )
    with tempfile.TemporaryDirectory(dir=archive.path.parent, prefix=".") as desk:
        content = Path(desk, "content")
        content.mkdir()
        notes = unpack(archive.path, content, inner.where, inner)
        files = (path for path in content.rglob("*") if path.is_file())
        images = sum(map(is_image, files))
        archive.path.unlink()
        _place(content, archive, inner.where)
    line = f"{name} inside was unpacked, {counted(images, 'image')}"
    return [line, *notes]


def _place(content: Path, archive: Packed, where: str) -> None:
    """Moves what came out to where a person would have it.

    `train.zip` with a folder `train` becomes that folder, and so do `train_1.zip` and
    `train_2.zip`. `labels.csv.zip` becomes labels.csv. Anything else gets a folder of its own.
    """
    here = archive.path.parent
    tops = [path for path in content.iterdir() if not is_hidden(path.name)]
    folders = [path for path in tops if path.is_dir()]
    one_folder = len(folders) == 1 and archive.stem.lower().startswith(
        folders[0].name.lower()
    )
    if one_folder and not any(map(is_image, tops)):
        place = here / folders[0].name
        _merge(folders[0], place, where)
        _merge(content, place, where)  # a README beside the folder
    elif [path.name for path in tops] in ([archive.stem], [archive.path.name]):
        _merge(content, here, where)
    else:
        _merge(content, here / archive.stem, where)


def _merge(source: Path, target: Path, where: str) -> None:
    """Moves files to a folder, where others may be already, but none of the same name."""
    if not target.exists():
        source.rename(target)
        return
    for path in sorted(source.iterdir()):
        place = target / path.name
        if path.is_dir() and place.is_dir():
            _merge(path, place, where)
        elif os.path.lexists(place):
            raise InputError(
                where,
                expected="files that nothing else in the data set has",
                received=f"{path.name!r}, which is there already",
                fix="unpack it by hand, keep the right one, and name the folder",
            )
        else:
            shutil.move(path, place)
    source.rmdir()  # an empty train/ in train/ would look like a class
