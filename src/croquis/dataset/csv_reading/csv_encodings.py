"""The text of a csv in an encoding that is certain: by its mark, its form, or the names in it."""

import re
import unicodedata
from pathlib import Path

from croquis.core.errors import InputError
from croquis.dataset.csv_reading.folder_names import names_under
from croquis.dataset.naming.code_pages import CODE_PAGES, USUAL

# The longer marks first: that of UTF-16 begins that of UTF-32.
MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\0\0": "utf-32-le",
    b"\0\0\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
TRIED_FIRST = ("CP949", "CP932", "GB18030")  # that an error names
FIX = "save it as UTF-8, in Excel as `CSV UTF-8 (comma delimited)`"
_SEPARATORS = re.compile(r"[,;\t|\"\r\n/\\]+")
_CONTROLS = re.compile("[\x80-\x9f]")  # what Latin-1 has for the dashes of CP1252
_SHOWN = 20  # characters of a word that a note shows


def decode_csv(content: bytes, path: Path) -> tuple[str, list[str]]:
    """The text, and a note where it is not UTF-8.

    A mark or the zeros of UTF-16 are certain. A code page is where the words that it gives are the
    names of files beside the csv, or where CP949 gives usual Hangul and nothing else.

    Raises:
        InputError: if no encoding is certain, or it is damaged.
    """
    name = _encoding(content)
    try:
        text = content.decode(name)
    except UnicodeDecodeError as error:
        if name != "utf-8":
            raise _damaged(path, name, content, error) from error
        return _of_code_page(content, path, error)
    _refuse_zeros(path, text)
    # Where a script has read the mark as text and written another one, there are two.
    text = text.lstrip("\ufeff")
    if name == "utf-8":
        return text, []
    return text, [f"{path.name}: read as {_plain(name)}"]


def _encoding(content: bytes) -> str:
    """By the mark; else by the zeros that UTF-16 has in each letter of a header."""
    for mark, name in MARKS.items():
        if content.startswith(mark):
            return name
    for name, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        start = content[:8]
        if (
            len(start) == 8
            and not any(start[first::2])
            and all(start[1 - first :: 2])
        ):
            return name
    return "utf-8"


def _of_code_page(
    content: bytes, path: Path, error: UnicodeDecodeError
) -> tuple[str, list[str]]:
    texts = _readings(content)
    names = names_under(path.parent)
    hits = {name: len(_words(text) & names) for name, text in texts.items()}
    most = max(hits.values(), default=0)
    if most:
        proven = [name for name in texts if hits[name] == most]
        different = [name for name in proven if texts[name] != texts[proven[0]]]
        if different:
            raise _ambiguous(path, [proven[0], different[0]])
        note = f"{path.name}: read as {_page(proven[0])}, as files are named so"
        return texts[proven[0]], [note]
    korean = texts.get("cp949", "")
    if _is_korean(korean):
        word = min(_words(korean), key=korean.find)[:_SHOWN]
        note = f"read as {_page('cp949')}, as it gives Hangul only, as {word}"
        return korean, [f"{path.name}: {note}"]
    raise _damaged(path, "utf-8", content, error)


def _is_korean(text: str) -> bool:
    """Whether all letters are ASCII or Hangul, most of it of the usual syllables.

    The bytes of Chinese words are Hangul, too, but syllables that Korean hardly has.
    """
    signs = [sign for sign in text if not sign.isascii()]
    usual = sum(sign in USUAL for sign in signs)
    return (
        all("가" <= sign <= "힣" for sign in signs) and 2 * usual >= len(signs) > 0
    )


def _readings(content: bytes) -> dict[str, str]:
    """The text in each code page that has all of its bytes."""
    texts: dict[str, str] = {}
    for name in CODE_PAGES:
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if not _CONTROLS.search(text):
            texts[name] = text
    return texts


def _words(text: str) -> set[str]:
    """What could be names in it: parts of cells and paths that are not ASCII, as NFC."""
    words = (word.strip() for word in _SEPARATORS.split(text) if not word.isascii())
    return {unicodedata.normalize("NFC", word) for word in words}


def _refuse_zeros(path: Path, text: str) -> None:
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(
            path,
            expected="a csv file",
            received=f"a zero byte, which no text has, in line {line:,}",
            fix="write the file anew: it may have been cut or damaged",
        )


def _ambiguous(path: Path, names: list[str]) -> InputError:
    both = " and ".join(map(_page, names))
    return InputError(
        path,
        expected="a csv file in UTF-8",
        received=f"one that {both} read differently, and files are named so in both",
        fix=FIX,
    )


def _damaged(
    path: Path, name: str, content: bytes, error: UnicodeDecodeError
) -> InputError:
    place = max(error.start, 0)
    line = content[:place].count(b"\n") + 1
    received = f"line {line:,}, which is not {_plain(name)}"
    if name == "utf-8":
        more = len(CODE_PAGES) - len(TRIED_FIRST)
        tried = f"{', '.join(TRIED_FIRST)} and {more} others"
        received += f"; of {tried} none is certain"
    return InputError(path, expected="a csv file", received=received, fix=FIX)


def _page(name: str) -> str:
    """A code page as people call it: CP949 (Korean Windows)."""
    return f"{name.upper()} ({CODE_PAGES[name]})"


def _plain(name: str) -> str:
    return name.upper().removesuffix("-LE").removesuffix("-BE")
