"""What file names say of who derives from whom: `apple_3_canny.png` names `apple_3.png`.

They propose, and nothing more: `bird_1` and `bird_1_2` may be two birds.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Literal, NamedTuple, get_args

import numpy as np

from croquis.dedup.derived.name_words import (
    Word,
    all_pieces,
    cut_end,
    cut_front,
    cut_number,
    is_original,
    kind_of,
    says_original,
    split_name,
)

Reading = Literal["end", "front", "number"]
READINGS: tuple[Reading, ...] = get_args(Reading)
LONGEST_AFFIX = 4  # pieces: _aug_rot_15_2
# Files of one name without its first or last word; more are a mere number.
LARGEST_FAMILY = 50

Bearers = dict[tuple[int, Word], list[int]]
Cut = Callable[[list[Word]], tuple[Word, str]]


class Proposal(NamedTuple):
    """Which file each one is named after.

    Attributes:
        source: (N,) int, itself if after none.
        affixes: of each what its name adds, "" if nothing.
    """

    source: np.ndarray
    affixes: list[str]


def propose_sources(
    ids: Sequence[str], labels: np.ndarray, reading: Reading = "end"
) -> Proposal:
    """Which file each one is named after, and by which affix.

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
    words = [split_name(name) for name in ids]
    names = [all_pieces(each) for each in words]
    bearers = _bearers(ids, labels, names)
    source = np.arange(len(ids))
    affixes = [""] * len(ids)
    for place, name in enumerate(names):
        label = int(labels[place])
        named = _named(label, name, bearers, front=reading == "front")
        first = bearers[label, name][0]
        if named is None and first != place:
            named = first, _difference(ids[place], ids[first])
        if named is not None:
            source[place] = named[0]
            affixes[place] = kind_of(named[1])
    _add_families(source, affixes, words, labels, reading)
    return Proposal(_roots(source), affixes)


def _bearers(ids: Sequence[str], labels: np.ndarray, names: list[Word]) -> Bearers:
    """The files of each class and name, those first that others were made from more likely."""
    order = [(name.count("/"), not says_original(name), name) for name in ids]
    bearers: Bearers = defaultdict(list)
    for place in sorted(range(len(ids)), key=order.__getitem__):
        bearers[int(labels[place]), names[place]].append(place)
    return bearers


def _difference(name: str, other: str) -> str:
    """The folders and the format of a file that another one of the same name has not."""
    one = PurePosixPath(name)
    two = PurePosixPath(other)
    folders = [part for part in one.parent.parts if part not in two.parent.parts]
    suffix = one.suffix if one.suffix != two.suffix else ""
    return "_".join(folders) + suffix or "#"


def _named(
    label: int, name: Word, bearers: Bearers, *, front: bool
) -> tuple[int, str] | None:
    """The file of a class that `name` names with the fewest pieces around it, and these."""
    for count in range(1, min(LONGEST_AFFIX, len(name) - 1) + 1):
        cuts = [(name[:-count], name[-count:]), (name[count:], name[:count])]
        for rest, affix in reversed(cuts) if front else cuts:
            if (label, rest) in bearers:
                return bearers[label, rest][0], "_".join(affix)
    return None


def _add_families(
    source: np.ndarray,
    affixes: list[str],
    words: list[list[Word]],
    labels: np.ndarray,
    reading: Reading,
) -> None:
    """Names the files that share all but one word after one of them; changes source and affixes.

    Only files that are named after none, and none after them.
    """
    places = np.arange(len(source))
    child = source != places
    alone = ~child & ~np.isin(places, source[child])
    for parts, cut in _cuts(words, reading):
        for family in _families(np.flatnonzero(alone).tolist(), parts, cut, labels):
            alone[family] = False
            for place in family:
                affixes[place] = kind_of(cut(parts[place])[1])
            source[family] = min(
                family, key=lambda place: not is_original(affixes[place])
            )


def _cuts(
    words: list[list[Word]], reading: Reading
) -> list[tuple[list[list[Word]], Cut]]:
    """The ways to cut names, in the order of a reading: a word, or a piece of one.

    As of cat_3_aug1 and of cat3aug.
    """
    pieces: list[list[Word]] = [
        [(piece,) for piece in all_pieces(each)] for each in words
    ]
    ends: list[tuple[list[list[Word]], Cut]] = [(words, cut_end), (pieces, cut_end)]
    fronts: list[tuple[list[list[Word]], Cut]] = [
        (words, cut_front),
        (pieces, cut_front),
    ]
    if reading == "number":
        return [(pieces, cut_number)]
    return ends + fronts if reading == "end" else fronts + ends


def _families(
    places: list[int], parts: list[list[Word]], cut: Cut, labels: np.ndarray
) -> list[list[int]]:
    """The files of a class that are alike but for what is cut off, where there are several such."""
    by_class: dict[int, dict[Word, list[int]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for place in places:
        rest, _ = cut(parts[place])
        if rest:
            by_class[int(labels[place])][rest].append(place)
    families: list[list[int]] = []
    for of_class in by_class.values():
        shared = [members for members in of_class.values() if len(members) > 1]
        if len(shared) > 1 and max(map(len, shared)) <= LARGEST_FAMILY:
            families += shared
    return families


def _roots(source: np.ndarray) -> np.ndarray:
    """The file at the end of each chain of names; names get shorter, so there are no rings."""
    while (source[source] != source).any():
        source = source[source]
    return source
