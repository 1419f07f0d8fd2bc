"""Class names that a person can read: the English ones where classes are ImageNet's wnids."""

import re
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

_WNID = re.compile(r"n\d{8}")


def readable_names(classes: Sequence[str]) -> list[str]:
    """Names for people, in the same order; none comes twice, and names that are words stay.

    timm's list is read without importing timm. Two wnids with one name (crane, maillot) keep
    theirs behind it, as one that the list lacks does.
    """
    if not any(_WNID.fullmatch(name) for name in classes):
        return list(classes)
    lemmas = _lemmas()
    words = [lemmas.get(name, name) for name in classes]
    counts = Counter(words)
    return [
        f"{word} ({name})" if counts[word] > 1 and word != name else word
        for word, name in zip(words, classes, strict=True)
    ]


def _lemmas() -> dict[str, str]:
    """The first English name of each wnid."""
    timm = find_spec("timm")
    if timm is None or timm.origin is None:
        return {}
    path = (
        Path(timm.origin).parent / "data" / "_info" / "imagenet_synset_to_lemma.txt"
    )
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t", 1) for line in lines if "\t" in line)
    return {wnid: lemma.split(",")[0].strip() for wnid, lemma in pairs}
