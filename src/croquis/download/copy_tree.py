"""A folder of somebody's images, copied without what nobody means to hand in."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from croquis.core.errors import InputError
from croquis.core.progress import progress
from croquis.dataset.hidden_files import is_junk, is_of_tools
from croquis.dataset.image_files import may_be_image, refuse_unlisted
from croquis.dataset.left_out import first_few, note_on_tools


def copy_tree(source: Path, place: Path) -> list[str]:
    """Copies what is not junk; links become what they point to, unless that is a loop.

    Of what a dot hides, images alone are copied, as they are unpacked from an archive: a table may
    name them, and who reads the copy counts the others.

    Returns:
        a note on images in folders of tools, where there are some.

    Raises:
        InputError: if a folder cannot be listed or a file cannot be read, or something else
            is there, such as a pipe, a device (which has no end), or a link that leads nowhere.
    """
    files = []
    of_tools: list[str] = []
    for folder in _walk(source):
        if not _is_dotted(folder.path):
            (place / folder.path).mkdir()
        paths = [folder.path / name for name in folder.names]
        files += [path for path in paths if _to_copy(path, source)]
        for tool in folder.of_tools:
            of_tools += _names_below(source, folder.path / tool)
    for file in files:
        _refuse_special(source / file, source)
    _refuse_closed(files, source)
    for file in progress(files, "copy", unit="file"):
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / file, place / file)
    return note_on_tools(of_tools)


class _Folder(NamedTuple):
    """One folder of the tree.

    Attributes:
        path: from the source.
        names: of what is in it, but for folders.
        of_tools: the folders in it that nobody walks into, as a system or a tool keeps them.
    """

    path: Path
    names: list[str]
    of_tools: list[str]


def _walk(source: Path) -> Iterator[_Folder]:
    """The folders of the tree, those outside before those inside."""

    def refuse_visible(error: OSError) -> None:
        if not _is_dotted(Path(error.filename).relative_to(source)):
            refuse_unlisted(error)

    for here, folders, names in os.walk(
        source, onerror=refuse_visible, followlinks=True
    ):
        of_tools = [name for name in folders if is_junk(name) or is_of_tools(name)]
        folders[:] = [
            name
            for name in sorted(folders)
            if name not in of_tools and not _leads_back(Path(here, name))
        ]
        yield _Folder(Path(here).relative_to(source), names, of_tools)


def _names_below(source: Path, folder: Path) -> list[str]:
    """The files in a folder of a tool, as far as it lets itself be listed."""
    return [
        Path(here, name).relative_to(source).as_posix()
        for here, _, names in os.walk(source / folder)
        for name in names
    ]


def _is_dotted(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _to_copy(path: Path, source: Path) -> bool:
    if is_junk(path.name) or is_of_tools(path.name):
        return False
    if _is_dotted(path):
        return (source / path).is_file() and may_be_image(source / path)
    return True


def _refuse_special(file: Path, source: Path) -> None:
    if file.is_file():
        return
    received = "a pipe, a socket or a device" if file.exists() else "no file"
    if file.is_symlink():
        received = f"a link to {received}"
    raise InputError(
        file.relative_to(source),
        expected="a file, or a link to one",
        received=received,
        fix=f"remove it from {source}",
    )


def _refuse_closed(files: list[Path], source: Path) -> None:
    closed = [str(file) for file in files if not os.access(source / file, os.R_OK)]
    if closed:
        raise InputError(
            source,
            expected="files that can be read",
            received=f"{len(closed):,} that cannot ({first_few(closed)})",
            fix="give yourself the right to, as with `chmod -R u+rX FOLDER`",
        )


def _leads_back(folder: Path) -> bool:
    """Whether a link points to a folder that the way to it came through, by other links or not."""
    if not folder.is_symlink():
        return False
    way = [step.resolve() for step in folder.parents]
    return folder.resolve() in {
        place for step in way for place in (step, *step.parents)
    }
