"""File names as text: Linux takes any bytes for one, but tables and DVC want UTF-8."""

import os
from collections.abc import Iterator
from pathlib import Path

from croquis.core.errors import InputError
from croquis.dataset.naming.backslashes import move_inside
from croquis.dataset.naming.code_pages import (
    CODE_PAGES,
    DecodedName,
    decode_names,
    is_in_tables,
    likely_decodings,
    names_in_tables,
)
from croquis.dataset.naming.missing_files import as_text

NAMED = 3  # names that an error shows


def to_utf8(folder: Path, where: object) -> list[str]:
    """Renames what another system named under `folder` to UTF-8; notes, if there was any.

    A code page is certain where it gives the names that the csv files have. Without these, CP949 is
    taken where it gives Hangul and no other letters.

    Args:
        folder: a copy, never a person's own files.
        where: what to call it in errors.

    Raises:
        InputError: if there are other names that are not UTF-8.
    """
    wrong = list(_not_ascii(folder, utf8=False))
    if not wrong:
        return []
    in_tables = names_in_tables(folder)
    chance = [
        path
        for path in _not_ascii(folder, utf8=True)
        if not is_in_tables(path.name, in_tables)
    ]
    names = {os.fsencode(path.name) for path in (*wrong, *chance)}
    decoded = decode_names(names, in_tables)
    _refuse(
        [path for path in wrong if os.fsencode(path.name) not in decoded],
        folder,
        where,
    )
    certain = {path: decoded[os.fsencode(path.name)] for path in wrong}
    for path in chance:
        name = decoded.get(os.fsencode(path.name))
        if name is not None and name.is_proven:
            certain[path] = name
    # What is inside a folder comes before it.
    for path in sorted(certain, key=lambda path: -len(path.parts)):
        move_inside(path, certain[path].text, where)
    return _notes(list(certain.values()))


def refuse_undecodable(folder: Path) -> None:
    """Raises InputError if a name under `folder` is not UTF-8."""
    _refuse(list(_not_ascii(folder, utf8=False)), folder, folder)


def _not_ascii(folder: Path, *, utf8: bool) -> Iterator[Path]:
    """The paths under `folder` whose last name is not ASCII, those in UTF-8 or all others.

    By chance a name is UTF-8, too: a Chinese cat in GBK is an e with an accent.
    """
    for here, folders, names in os.walk(folder, topdown=False):
        for name in sorted((*folders, *names)):
            if not name.isascii() and _is_utf8(name) == utf8:
                yield Path(here, name)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that Python keeps as surrogates
        return False
    return True


def _notes(names: list[DecodedName]) -> list[str]:
    """A note for each code page, with the first names as they were read."""
    notes = []
    for page in dict.fromkeys(name.page for name in names):
        alike = [name for name in names if name.page == page]
        words = f"{len(alike):,} file names were read as {page.upper()} ({CODE_PAGES[page]})"
        proof = (
            ", as tables have them" if any(name.is_proven for name in alike) else ""
        )
        texts = sorted({name.text for name in alike})
        first = ", ".join(map(as_text, texts[:NAMED]))
        more = ", ..." if len(texts) > NAMED else ""
        notes.append(f"{words}{proof}: {first}{more}")
    return notes


def _refuse(wrong: list[Path], folder: Path, where: object) -> None:
    if not wrong:
        return
    first = [os.fsencode(path.relative_to(folder)) for path in wrong[:NAMED]]
    names = ", ".join(name.decode("utf-8", "backslashreplace") for name in first)
    more = ", ..." if len(wrong) > NAMED else ""
    texts = [likely_decodings(os.fsencode(path.name)) for path in wrong]
    pages = [page for page in CODE_PAGES if all(page in each for each in texts)]
    page = pages[0] if pages else "latin1"
    raise InputError(
        where,
        expected="file names in UTF-8",
        received=f"{len(wrong):,} in another encoding ({names}{more}){_readings(texts[0])}",
        fix=f"rename them, as with `convmv -r --notest -f {page} -t utf8 FOLDER`, or unpack a zip"
        f" with `unzip -O {page}`; your encoding may be another one than {page}",
    )


def _readings(texts: dict[str, str]) -> str:
    """What a name could be, in the first code pages that differ."""
    page_of: dict[str, str] = {}
    for page, text in texts.items():
        page_of.setdefault(text, page)
    words = [f"{as_text(text)} in {page}" for text, page in page_of.items()]
    return f", as {' or '.join(words[:NAMED])}" if words else ""
