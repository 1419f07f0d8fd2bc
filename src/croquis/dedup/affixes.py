"""What file names say of who derives from whom: `apple_3_canny.png` names `apple_3.png`.

They propose, and nothing more: `bird_1` and `bird_1_2` may be two birds.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

LONGEST_AFFIX = 4  # words: _aug_rot_15_2
LARGEST_FAMILY = 50  # files of one name without its first or last word; more are a mere number


def proposed(ids: Sequence[str], labels: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Which file each one is named after, (N,) int, itself if none; and by which affix.

    A name is that of another file of its class with words before or after it, or the same name in
    another folder or format. Where no file has the bare name, files that share all but one word are
    named after the first of them, if the class has several such names.

    Args:
        ids: paths, unique.
        labels: (N,) their classes.
    """
    words = [_words(name) for name in ids]
    known: dict[tuple, list[int]] = defaultdict(list)
    for place in sorted(range(len(ids)), key=lambda place: (ids[place].count("/"), ids[place])):
        known[int(labels[place]), *words[place]].append(place)
    source, affixes = np.arange(len(ids)), [""] * len(ids)
    for place, own in enumerate(words):
        found = _named(int(labels[place]), own, known)
        first = known[int(labels[place]), *own][0]
        if found is None and first != place:
            found = first, PurePosixPath(ids[place]).parent.name + PurePosixPath(ids[place]).suffix
        if found is not None:
            source[place], affixes[place] = found[0], re.sub(r"\d+", "#", found[1])
    _add_families(source, affixes, words, labels)
    return _roots(source), affixes


def _words(name: str) -> tuple[str, ...]:
    stem = PurePosixPath(name).stem.lower()
    return tuple(word for word in re.split(r"[\W_]+", stem) if word) or (stem,)


def _named(label: int, own: tuple[str, ...], known: dict) -> tuple[int, str] | None:
    """The file of a class that `own` names with the fewest words around it, and these words."""
    for count in range(1, min(LONGEST_AFFIX, len(own) - 1) + 1):
        for rest, affix in ((own[:-count], own[-count:]), (own[count:], own[:count])):
            if (label, *rest) in known:
                return known[label, *rest][0], "_".join(affix)
    return None


def _add_families(
    source: np.ndarray, affixes: list[str], words: list[tuple[str, ...]], labels: np.ndarray
) -> None:
    """Names the files that share all words but the last, or the first, after one of them."""
    alone = source == np.arange(len(source))
    alone &= ~np.isin(np.arange(len(source)), source[~alone])
    for cut, left in ((slice(None, -1), -1), (slice(1, None), 0)):
        families: dict[int, dict[tuple, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place in np.flatnonzero(alone).tolist():
            if len(words[place]) > 1:
                families[int(labels[place])][words[place][cut]].append(place)
        for of_class in families.values():
            shared = [places for places in of_class.values() if len(places) > 1]
            if len(shared) < 2 or max(map(len, shared)) > LARGEST_FAMILY:
                continue
            for first, *others in shared:
                source[others] = first
                alone[[first, *others]] = False
                for place in others:
                    affixes[place] = re.sub(r"\d+", "#", words[place][left])


def _roots(source: np.ndarray) -> np.ndarray:
    """The file at the end of each chain of names; names get shorter, so there are no rings."""
    while (source[source] != source).any():
        source = source[source]
    return source
