"""File names as text: Linux takes any bytes for one, but tables and DVC want UTF-8."""

import os
from collections.abc import Iterator
from pathlib import Path

from croquis.core.errors import InputError

NAMED = 3  # names that an error shows


def to_utf8(folder: Path, where: object) -> list[str]:
    """Renames what Korean Windows named under `folder` to UTF-8; a note, if there was any.

    CP949 is taken where it gives Hangul and nothing else, which no other encoding's letters do.

    Args:
        folder: a copy, never a person's own files.
        where: what to call it in errors.

    Raises:
        InputError: if there are other names that are not UTF-8.
    """
    wrong = list(_undecodable(folder))
    korean = {
        path: name for path in wrong if (name := _korean(path.name)) is not None
    }
    _refuse([path for path in wrong if path not in korean], folder, where)
    for path, name in korean.items():  # what is inside a folder comes before it
        if path.with_name(name).exists():
            _refuse([path], folder, where)
        path.rename(path.with_name(name))
    if not korean:
        return []
    return [f"{len(korean):,} file names were read as CP949 (Korean Windows)"]


def refuse_undecodable(folder: Path) -> None:
    """Raises InputError if a name under `folder` is not UTF-8."""
    _refuse(list(_undecodable(folder)), folder, folder)


def _undecodable(folder: Path) -> Iterator[Path]:
    """The paths under `folder` whose last name is not UTF-8; what is inside a folder first."""
    for here, folders, names in os.walk(folder, topdown=False):
        for name in sorted((*folders, *names)):
            try:
                name.encode()
            except UnicodeEncodeError:  # bytes that Python keeps as surrogates
                yield Path(here, name)


def _korean(name: str) -> str | None:
    """The name under CP949, if that gives Hangul besides ASCII."""
    try:
        text = os.fsencode(name).decode("cp949")
    except UnicodeDecodeError:
        return None
    is_korean = all(sign.isascii() or "가" <= sign <= "힣" for sign in text)
    return text if is_korean else None


def _refuse(wrong: list[Path], folder: Path, where: object) -> None:
    if not wrong:
        return
    first = [os.fsencode(path.relative_to(folder)) for path in wrong[:NAMED]]
    names = ", ".join(name.decode("utf-8", "backslashreplace") for name in first)
    more = ", ..." if len(wrong) > NAMED else ""
    raise InputError(
        where,
        expected="file names in UTF-8",
        received=f"{len(wrong):,} in another encoding ({names}{more})",
        fix="rename them, as with `convmv -r --notest -f latin1 -t utf8 FOLDER`, or unpack a zip"
        " with `unzip -O latin1`; your encoding may be another one than latin1",
    )
