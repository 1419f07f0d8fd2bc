"""Names in bytes that are no UTF-8: the code page that they are from, where that is certain."""

import re
import unicodedata
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from croquis.dataset.name_forms import plain, without_suffix

# By Python's names, those first that seldom decode what is not theirs; and who writes them.
CODE_PAGES = {
    "cp949": "Korean Windows",
    "cp932": "Japanese Windows",
    "gb18030": "Chinese Windows",
    "cp950": "traditional Chinese Windows",
    "euc_jp": "Japanese Unix",
    "latin1": "Western Windows",
    "cp1252": "Western Windows",
    "cp850": "Western DOS",
    "cp437": "DOS",
    "mac_roman": "old macOS",
    "cp1250": "Central European Windows",
    "cp852": "Central European DOS",
    "cp1251": "Cyrillic Windows",
    "cp866": "Cyrillic DOS",
    "koi8_r": "Cyrillic Unix",
    "cp874": "Thai Windows",
    "cp1254": "Turkish Windows",
}
TABLES = (".csv", ".tsv")
MOST_TABLES = 20
MOST_BYTES = 2**26  # of a table that is read for names


class DecodedName(NamedTuple):
    """A name, the code page that it was read in, and whether a table has it."""

    text: str
    page: str
    is_proven: bool


def decodings(name: bytes) -> dict[str, str]:
    """What a name is in each code page that has all of its bytes."""
    texts = {}
    for page in CODE_PAGES:
        try:
            text = name.decode(page)
        except UnicodeDecodeError:
            continue
        if text.isprintable():
            texts[page] = text
    return texts


def likely_decodings(name: bytes) -> dict[str, str]:
    """Those that give letters, and no half-width ones of Japan; Hangul would have been read."""
    return {
        page: text
        for page, text in decodings(name).items()
        if page != "cp949" and all(map(_is_likely, text))
    }


def decode_names(
    names: Collection[bytes], in_tables: frozenset[str]
) -> dict[bytes, DecodedName]:
    """Those of `names` that are certain: a table has them, or they are Korean throughout.

    Where one code page gives all names that tables have, the other names are read in it, too. Where
    several do, they must agree. Names from several code pages are each read in their own.

    Args:
        names: parts of paths.
        in_tables: the names that tables have, as `plain`.
    """
    texts = {name: decodings(name) for name in sorted(names)}
    proven = {
        name: pages for name in texts if (pages := _proven(texts[name], in_tables))
    }
    if not proven:
        return _korean(texts)
    shared = [
        page for page in CODE_PAGES if all(page in p for p in proven.values())
    ]
    decoded = {}
    for name, pages in proven.items():
        page = shared[0] if shared else next(iter(pages))
        decoded[name] = DecodedName(pages[page], page, True)
    others = {name: texts[name] for name in texts if name not in proven}
    if not shared:
        return decoded | _korean(others)
    for name, pages in others.items():
        likely = [page for page in shared if page in pages]
        if len({pages[page] for page in likely}) == 1:
            decoded[name] = DecodedName(pages[likely[0]], likely[0], False)
    return decoded


def is_in_tables(name: str, in_tables: frozenset[str]) -> bool:
    """Whether a table has a name, or a part of one that is a path, with its suffix or without."""
    parts = [part for part in name.split("\\") if not part.isascii()]
    forms = {
        plain(form)
        for part in parts
        for form in (part, without_suffix(part) or part)
    }
    return not forms.isdisjoint(in_tables)


def names_in_tables(folder: Path) -> frozenset[str]:
    """All parts of paths in the csv files under a folder, as `plain`; ASCII ones left out."""
    tables = (path for path in folder.rglob("*") if path.suffix.lower() in TABLES)
    sizes = [(path.stat().st_size, path) for path in tables if path.is_file()]
    names: set[str] = set()
    for size, path in sorted(sizes)[:MOST_TABLES]:
        if size <= MOST_BYTES:
            names |= _names_in(path.read_bytes())
    return frozenset(names)


def _names_in(content: bytes) -> set[str]:
    """The names of a table; none where its own encoding would have to be guessed."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        return set()
    parts = set(re.split(r'[,;\t|\r\n"/\\]+', text))
    return {plain(part) for part in parts if not part.isascii()}


def _proven(texts: dict[str, str], in_tables: frozenset[str]) -> dict[str, str]:
    """The decodings that a table has; none where it has two different ones."""
    named = {
        page: text for page, text in texts.items() if is_in_tables(text, in_tables)
    }
    return named if len(set(named.values())) == 1 else {}


def _korean(texts: dict[bytes, dict[str, str]]) -> dict[bytes, DecodedName]:
    """The names that are Hangul without other letters, most of it of the usual syllables.

    CP949 has the usual ones at the places of EUC-KR. What is Japanese, or has a sign of Western
    Windows, decodes to some of the 8,822 further ones, which Korean names hardly have.
    """
    korean = {
        name: pages["cp949"]
        for name, pages in texts.items()
        if "cp949" in pages and _is_korean(pages["cp949"])
    }
    hangul = [sign for text in korean.values() for sign in text if _is_hangul(sign)]
    usual = sum(_is_usual(sign) for sign in hangul)
    if 2 * usual <= len(hangul):
        return {}
    return {
        name: DecodedName(text, "cp949", False) for name, text in korean.items()
    }


def _is_korean(text: str) -> bool:
    others = [sign for sign in text if not sign.isascii() and not _is_hangul(sign)]
    is_letter = any(unicodedata.category(sign)[0] in "LM" for sign in others)
    return any(map(_is_hangul, text)) and not is_letter


def _is_likely(sign: str) -> bool:
    return sign.isascii() or (sign.isalnum() and not "\uff61" <= sign <= "\uff9f")


def _is_hangul(sign: str) -> bool:
    return "가" <= sign <= "힣"


def _is_usual(sign: str) -> bool:
    try:
        return (
            len(sign.encode("euc_kr")) == 2
        )  # Python spells others in eight bytes
    except UnicodeEncodeError:
        return False
