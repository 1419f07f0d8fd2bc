"""Ways to write one file's name, the strictest first: what makes two of them the same."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

from croquis.dataset.image_files import SUFFIXES

# Of images, beside those that count as images unopened.
FURTHER = frozenset(
    ".jpe .avif .jp2 .j2k .dib .tga .pnm .apng .mpo .heic .heif .jxl".split()
)
# Some tables and web pages put these before or behind a name, where nobody sees them.
UNSEEN = "\ufeff\u200b\u200c\u200d\u2060"

NEEDLESS = re.compile(r"//|(^|/)\.(/|$)|/$")
BLANK_BEFORE_SUFFIX = re.compile(r" (?=\.[^./]*$)")


def simple(name: str) -> str:
    """The name without needless slashes and dots: a/0.png for ./a//0.png."""
    return name if not NEEDLESS.search(name) and name else str(PurePosixPath(name))


def slashed(name: str) -> str:
    """The same for names with backslashes between their folders."""
    return simple(name.replace("\\", "/"))


def bare(name: str) -> str:
    """The name with single blanks inside its parts and none around them, of whatever width."""
    if " " not in name and name.isprintable():
        return name
    parts = [" ".join(part.strip(UNSEEN).split()) for part in name.split("/")]
    return BLANK_BEFORE_SUFFIX.sub(
        "", "/".join(part.strip(UNSEEN) for part in parts)
    )


def plain(name: str) -> str:
    """The same for names in other normal forms (NFC, NFD), and with blanks around their parts."""
    return bare(name if name.isascii() else unicodedata.normalize("NFC", name))


def folded(name: str) -> str:
    """The same for names in upper and lower case, too."""
    return unicodedata.normalize("NFC", plain(name).casefold())


def decoded(name: str) -> str:
    """The same for names of web addresses, too: a%20b for a b."""
    return folded(unquote(name))


def numbered(name: str) -> str:
    """The same for numbers that lost the zeros in front of them in a spreadsheet: 7 for 007."""
    folders, slash, last = decoded(name).rpartition("/")
    number, dot, suffix = last.partition(".")
    if number.isascii() and number.isdigit():
        number = number.lstrip("0") or "0"
    return f"{folders}{slash}{number}{dot}{suffix}"


def without_suffix(name: str) -> str | None:
    """An image's name without its suffix; None for other files."""
    stem, dot, suffix = name.rpartition(".")
    is_image = f".{suffix.strip().lower()}" in SUFFIXES | FURTHER
    return stem if dot and stem and is_image else None


class Form(NamedTuple):
    """One way to compare the names of a table with the names of files.

    Attributes:
        of_name: what is compared, for a name with slashes, of a table or of a file.
        whole: whether the file's suffix is part of its name.
    """

    of_name: Callable[[str], str]
    whole: bool

    def of_file(self, file: str) -> str | None:
        """What is compared of a file; None where it has nothing to compare."""
        name = file if self.whole else without_suffix(file)
        return None if name is None else self.of_name(name)


# How a table may name a file, the strictest first.
_WAYS: tuple[Callable[[str], str], ...] = (str, plain, folded, decoded)
FORMS = (
    *(Form(of_name, True) for of_name in _WAYS),
    *(Form(of_name, False) for of_name in _WAYS),
    Form(numbered, True),
    Form(numbered, False),
)


def differences(name: str, file: str) -> tuple[str, ...]:
    """In what a table's name differs from the name of the file that it means."""
    words = []
    if "\\" in name:
        words.append("backslashes")
    one = slashed(name)
    other = file
    for word, form in (("percent signs", unquote), ("leading zeros", numbered)):
        is_other = folded(one) not in _wholes(other)
        if is_other and (form(one) != one or form(other) != other):
            one = form(one)
            other = form(other)
            words.append(word)
    if folded(one) != folded(other):
        other = without_suffix(other) or other
        words.append("the suffix")
    return (*words, *_differences_of_letters(one, other))


def _wholes(file: str) -> tuple[str, str]:
    """A file's name, with its suffix and without."""
    return folded(file), folded(without_suffix(file) or file)


def _differences_of_letters(one: str, other: str) -> list[str]:
    """Of two names that are the same when folded: which steps make them so."""
    words = []
    if bare(one).casefold() != bare(other).casefold():
        words.append("normal form (NFC, NFD)")
    composed = [unicodedata.normalize("NFC", name) for name in (one, other)]
    if composed[0].casefold() != composed[1].casefold():
        words.append("blanks")
    if plain(one) != plain(other):
        words.append("case")
    return words
