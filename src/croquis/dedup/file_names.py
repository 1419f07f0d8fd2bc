"""What file names say of who derives from whom: `apple_3_canny.png` names `apple_3.png`.

They propose, and nothing more: `bird_1` and `bird_1_2` may be two birds.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Literal, get_args

import numpy as np

Reading = Literal["end", "front", "number"]
READINGS: tuple[Reading, ...] = get_args(Reading)
LONGEST_AFFIX = 4  # words: _aug_rot_15_2
LARGEST_FAMILY = (
    50  # files of one name without its first or last word; more are a mere number
)
# What people call the file that others were made from.
ORIGINAL = frozenset(
    ("orig", "original", "origin", "source", "src", "raw", "plain", "base")
)
MOST_PIECES = (
    4  # of a word at borders of digits and capitals, cat3Aug1; of more it is a code
)
BORDER = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|(?<=[a-z])(?=[A-Z])")
CODE = re.compile(r"[0-9a-f]{6,}")


def proposed(
    ids: Sequence[str], labels: np.ndarray, reading: Reading = "end"
) -> tuple[np.ndarray, list[str]]:
    """Which file each one is named after, (N,) int, itself if none; and by which affix.

    A name is that of another file of its class with words before or after it, or the same name in
    another folder or format. Where no file has the bare name, files that share all but one word are
    named after one of them, which has an affix, too, if the class has several such names. Numbers
    are compared as numbers: 3 is 0003.

    Args:
        ids: paths, unique.
        labels: (N,) their classes.
        reading: where words are cut off first: at the end, as of 3_canny; in front, as of canny_3;
            or all but the first number, as of aug_3_8506. More than one may read families from
            the same names, and edges tell which one is right.
    """
    split = [_split(name) for name in ids]
    words = [sum(parts, ()) for parts in split]
    known: dict[tuple, list[int]] = defaultdict(list)
    order = [(name.count("/"), not says_original(name), name) for name in ids]
    for place in sorted(range(len(ids)), key=order.__getitem__):
        known[int(labels[place]), *words[place]].append(place)
    source = np.arange(len(ids))
    affixes = [""] * len(ids)
    for place, own in enumerate(words):
        found = _named(int(labels[place]), own, known, front=reading == "front")
        first = known[int(labels[place]), *own][0]
        if found is None and first != place:
            found = first, _place(ids[place], ids[first])
        if found is not None:
            source[place] = found[0]
            affixes[place] = _kind(found[1])
    _add_families(source, affixes, split, labels, reading)
    return _roots(source), affixes


def _split(name: str) -> list[tuple[str, ...]]:
    """The words of a name, each in its pieces."""
    stem = PurePosixPath(name).stem
    words = [_pieces(word) for word in re.split(r"[\W_]+", stem) if word]
    return words or [(stem.lower(),)]


def _pieces(word: str) -> tuple[str, ...]:
    """A word cut where digits and capitals begin, in small letters; numbers without zeros."""
    pieces = (
        [word] if _is_code(word) else [piece for piece in BORDER.split(word) if piece]
    )
    return tuple(
        piece.lstrip("0") or "0" if piece.isdecimal() else piece.lower()
        for piece in pieces
    )


def _is_code(word: str) -> bool:
    """Whether a word is a hash or a random string, which says of a kind no more than a number."""
    pieces = len(BORDER.findall(word)) + 1
    return pieces > MOST_PIECES or (
        pieces > 2 and CODE.fullmatch(word.lower()) is not None
    )


def _kind(affix: str) -> str:
    """An affix with # for its numbers and codes."""
    words = affix.split("_")
    return "_".join(
        "#" if _is_code(word) else re.sub(r"\d+", "#", word) for word in words
    )


def is_original(affix: str) -> bool:
    """Whether an affix is what people call what others were made from, or none at all."""
    words = set(affix.split("_")) - {"", "#"}
    return not affix or (bool(words) and words <= ORIGINAL)


def says_original(name: str) -> bool:
    """Whether a word of the name, or of a folder, is such a word."""
    return not ORIGINAL.isdisjoint(re.split(r"[\W\d_]+", name.lower()))


def _place(name: str, other: str) -> str:
    """The folders and the format of a file that another one of the same name has not."""
    one = PurePosixPath(name)
    two = PurePosixPath(other)
    folders = "_".join(
        part for part in one.parent.parts if part not in two.parent.parts
    )
    return folders + (one.suffix if one.suffix != two.suffix else "") or "#"


def _named(
    label: int, own: tuple[str, ...], known: dict, *, front: bool
) -> tuple[int, str] | None:
    """The file of a class that `own` names with the fewest words around it, and these words."""
    for count in range(1, min(LONGEST_AFFIX, len(own) - 1) + 1):
        cuts = [(own[:-count], own[-count:]), (own[count:], own[:count])]
        for rest, affix in reversed(cuts) if front else cuts:
            if (label, *rest) in known:
                return known[label, *rest][0], "_".join(affix)
    return None


def _add_families(
    source: np.ndarray,
    affixes: list[str],
    split: list[list[tuple[str, ...]]],
    labels: np.ndarray,
    reading: Reading,
) -> None:
    """Names the files that share all but the last word, or the first, after one of them.

    A word, or a piece of one: cat_3_aug1 and cat3aug.
    """
    alone = source == np.arange(len(source))
    alone &= ~np.isin(np.arange(len(source)), source[~alone])
    wholes = split
    pieces = [[(piece,) for word in words for piece in word] for words in split]
    ends = [(wholes, _cut_end), (pieces, _cut_end)]
    fronts = [(wholes, _cut_front), (pieces, _cut_front)]
    cuts = {
        "end": ends + fronts,
        "front": fronts + ends,
        "number": [(pieces, _cut_number)],
    }
    for parts, cut in cuts[reading]:
        families: dict[int, dict[tuple, list[int]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for place in np.flatnonzero(alone).tolist():
            kept, _ = cut(parts[place])
            if kept:
                families[int(labels[place])][kept].append(place)
        for of_class in families.values():
            shared = [places for places in of_class.values() if len(places) > 1]
            if len(shared) < 2 or max(map(len, shared)) > LARGEST_FAMILY:
                continue
            for places in shared:
                alone[places] = False
                for place in places:
                    affixes[place] = _kind(cut(parts[place])[1])
                source[places] = min(
                    places, key=lambda place: not is_original(affixes[place])
                )


def _cut_end(parts: list[tuple[str, ...]]) -> tuple[tuple[str, ...], str]:
    """The pieces that are left without the last part, and that part."""
    return sum(parts[:-1], ()), "_".join(parts[-1])


def _cut_front(parts: list[tuple[str, ...]]) -> tuple[tuple[str, ...], str]:
    return sum(parts[1:], ()), "_".join(parts[0])


def _cut_number(parts: list[tuple[str, ...]]) -> tuple[tuple[str, ...], str]:
    """The first number, and all other parts."""
    pieces = sum(parts, ())
    at = next(
        (place for place, piece in enumerate(pieces) if piece.isdecimal()), len(pieces)
    )
    return pieces[at : at + 1], "_".join(pieces[:at] + pieces[at + 1 :])


def _roots(source: np.ndarray) -> np.ndarray:
    """The file at the end of each chain of names; names get shorter, so there are no rings."""
    while (source[source] != source).any():
        source = source[source]
    return source
