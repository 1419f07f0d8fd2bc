"""File names in words, and words in pieces: where a name may be cut, and what its words say."""

import re
from itertools import chain
from pathlib import PurePosixPath

# A name is a list of words, and a word is its pieces: cat3_aug is (cat, 3), (aug).
Word = tuple[str, ...]

# What people call the file that others were made from.
ORIGINAL = frozenset(
    ("orig", "original", "origin", "source", "src", "raw", "plain", "base")
)
# Of a word at borders of digits and capitals, cat3Aug1; a word of more pieces is a code.
MOST_PIECES = 4
BORDER = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|(?<=[a-z])(?=[A-Z])")
CODE = re.compile(r"[0-9a-f]{6,}")


def split_name(name: str) -> list[Word]:
    """The words of a file's name, each in its pieces."""
    stem = PurePosixPath(name).stem
    words = [_split_word(word) for word in re.split(r"[\W_]+", stem) if word]
    return words or [(stem.lower(),)]


def all_pieces(words: list[Word]) -> Word:
    """The pieces of some words, in their order."""
    return tuple(chain.from_iterable(words))


def kind_of(affix: str) -> str:
    """An affix with # for its numbers and codes."""
    return "_".join(
        "#" if is_code(word) else re.sub(r"\d+", "#", word)
        for word in affix.split("_")
    )


def is_original(affix: str) -> bool:
    """Whether an affix is what people call what others were made from, or none at all."""
    words = set(affix.split("_")) - {"", "#"}
    return not affix or (bool(words) and words <= ORIGINAL)


def says_original(name: str) -> bool:
    """Whether a word of the name, or of a folder, is such a word."""
    return not ORIGINAL.isdisjoint(re.split(r"[\W\d_]+", name.lower()))


def is_code(word: str) -> bool:
    """Whether a word is a hash or a random string, which says of a kind no more than a number."""
    pieces = len(BORDER.findall(word)) + 1
    if pieces > MOST_PIECES:
        return True
    return pieces > 2 and CODE.fullmatch(word.lower()) is not None


def cut_end(words: list[Word]) -> tuple[Word, str]:
    """The pieces that are left without the last word, and that word."""
    return all_pieces(words[:-1]), "_".join(words[-1])


def cut_front(words: list[Word]) -> tuple[Word, str]:
    """The pieces that are left without the first word, and that word."""
    return all_pieces(words[1:]), "_".join(words[0])


def cut_number(words: list[Word]) -> tuple[Word, str]:
    """The first number, and all other pieces."""
    pieces = all_pieces(words)
    numbers = [place for place, piece in enumerate(pieces) if piece.isdecimal()]
    first = numbers[0] if numbers else len(pieces)
    return pieces[first : first + 1], "_".join(pieces[:first] + pieces[first + 1 :])


def _split_word(word: str) -> Word:
    """A word cut where digits and capitals begin, in small letters; numbers without zeros."""
    if is_code(word):
        pieces = [word]
    else:
        pieces = [piece for piece in BORDER.split(word) if piece]
    return tuple(
        piece.lstrip("0") or "0" if piece.isdecimal() else piece.lower()
        for piece in pieces
    )
