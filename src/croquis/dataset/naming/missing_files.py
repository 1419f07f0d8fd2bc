"""What is wrong where rows of a table name files that are not there."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from croquis.core.errors import InputError, brief
from croquis.core.text import counted
from croquis.dataset.hidden_files import is_hidden
from croquis.dataset.image_files import images_in
from croquis.dataset.naming.files_by_name import FilesByName
from croquis.dataset.naming.name_forms import Form, folded, slashed, without_suffix

NAMED = 3  # names that an error shows
ASKED = 20  # missing names that are looked for in other places


def as_text(name: str) -> str:
    """A name in quotes for people, cut where it is long; its backslashes are single."""
    return brief(name).replace("\\\\", "\\")


def refuse_missing(
    rows: list[str],
    names: list[str],
    files: list[list[str]],
    present: FilesByName,
    csv: Path,
) -> None:
    """Raises InputError where rows have no file, and says what is there instead.

    Args:
        rows: the image_path of each row, as the csv has it.
        names: the same as it is read, relative to the folder of the images.
        files: those that each row means.
        present: all files of that folder.
        csv: where the rows are from.
    """
    lost = [place for place, meant in enumerate(files) if not meant]
    if not lost:
        return
    named = {file for meant in files for file in meant}
    unnamed = sorted(
        file
        for file in present.files - named
        if without_suffix(file) and not is_hidden(file)
    )
    received = f"{len(lost):,} that are not there ({_first(rows, lost)})"
    if unnamed:
        count = counted(len(unnamed), "image")
        received += f", and {count} that no row names ({_few(unnamed)})"
    raise InputError(
        csv,
        expected=f"a file in {present.folder.name}/ for each image_path",
        received=received,
        fix=_fix([names[place] for place in lost[:ASKED]], unnamed, present),
    )


def near_names(folder: Path, name: str) -> list[str]:
    """What lies in `folder` under this name in another case or normal form, as Train for train."""
    if not folder.is_dir():
        return []
    names = sorted(os.listdir(folder))
    return [one for one in names if one != name and folded(one) == folded(name)]


def _first(rows: list[str], places: list[int]) -> str:
    return _few([rows[place] for place in places])


def _few(names: list[str]) -> str:
    more = ", ..." if len(names) > NAMED else ""
    first = [brief(name)[1:-1].replace("\\\\", "\\") for name in names[:NAMED]]
    return ", ".join(first) + more


def _fix(lost: list[str], unnamed: list[str], present: FilesByName) -> str:
    """What helps: the likely cause, else to add the files."""
    folder = present.folder
    if not folder.is_dir():
        if near := near_names(folder.parent, folder.name):
            return f"rename {near[0]}/, which differs in case, to {folder.name}/"
        if places := _folders_of_images(folder.parent):
            return (
                "compare the names in the csv with those of the files in"
                f" {' and '.join(places)}"
            )
        return f"add the folder {folder.name}/, which is not there"
    for name in lost:
        if hint := next(_hints(slashed(name), unnamed, present), ""):
            return f"correct the names in the csv: {hint}"
    if unnamed:
        return "compare the names in the csv with those of the files"
    return "add these files, or take their rows out"


def _folders_of_images(base: Path) -> list[str]:
    """The first few folders right in `base` that hold an image, at any depth."""
    if not base.is_dir():
        return []
    tops = [path.partition("/")[0] for path in images_in(base) if "/" in path]
    return [f"{top}/" for top in sorted(set(tops))[:NAMED]]


def _hints(name: str, unnamed: list[str], present: FilesByName) -> Iterator[str]:
    """What a missing name could mean, if people make the usual mistakes."""
    stem = without_suffix(name)
    if stem is not None:
        for file in present.alike(stem, Form(folded, False)):
            yield f"{as_text(file)} has another suffix than {as_text(name)}"
        for file in present.alike(stem, Form(folded, True)):
            yield f"{as_text(file)} has no suffix, unlike {as_text(name)}"
    for file in unnamed:
        if _unpadded(file) == _unpadded(name):
            yield f"{as_text(file)} has other leading zeros than {as_text(name)}"
    last = PurePosixPath(name).name
    for file in unnamed:
        if folded(PurePosixPath(file).name) == folded(last):
            yield f"{as_text(name)} is there as {as_text(file)}"
    for sibling in _siblings(present.folder):
        if os.path.isfile(sibling / name):
            yield f"{as_text(name)} is in {sibling.name}/"


def _unpadded(name: str) -> str:
    """A name without suffix, and without zeros that lead its numbers."""
    return re.sub(r"0*(\d+)", r"\1", folded(without_suffix(name) or name))


def _siblings(folder: Path) -> list[Path]:
    """The other folders beside this one."""
    beside = (path for path in folder.parent.iterdir() if path != folder)
    return sorted(path for path in beside if path.is_dir())
