"""Class names in one spelling: no blanks around them, accents as one sign with their letter."""

import re
import unicodedata

import pandas as pd

NAMED = 3  # spellings that a note shows
FEW = 20  # images, of which some may well be one of a kind
# What tables have where they have nothing.
GAPS = ("nan", "none", "null", "na", "n/a", "<na>", "#n/a", "nat", "-", "?")


def one_spelling(names: pd.Series, where: str) -> tuple[pd.Series, list[str]]:
    """The class name of each image in one spelling, (N,), and notes on those that had another.

    Args:
        names: a class name for each image.
        where: what they are from, as a note calls it.
    """
    bare = names.str.strip()
    composed = bare.map(lambda name: unicodedata.normalize("NFC", name))
    notes = _note(names, bare, f"{where}: blanks around the class name left out")
    words = f"{where}: accents of the class name joined to their letters (NFC)"
    return composed, notes + _note(bare, composed, words)


def several_in_one(names: pd.Series, where: str) -> list[str]:
    """A note on class names that look like several classes: "rust scab" beside rust and scab.

    So does "['rust', 'scab']", a list as Python writes it.
    """
    parts = {name: _parts(name) for name in set(names)}
    classes = set(parts) | {
        inside[0] for inside in parts.values() if len(inside) == 1
    }
    joint = sorted(
        name
        for name, inside in parts.items()
        if len(inside) > 1 and classes.issuperset(inside)
    )
    if not joint:
        return []
    count = int(names.isin(joint).sum())
    first = _first(joint)
    words = "names several classes, and is a class of its own here"
    return [f"{where}: the class of {count:,} images {words} ({first})"]


def odd_classes(names: pd.Series, where: str) -> list[str]:
    """Notes on class names that may be none: those of gaps in a table, and those of single images.

    Args:
        names: a class name for each image.
        where: what they are from, as a note calls it.
    """
    notes = []
    gaps = names[names.str.casefold().isin(GAPS)]
    if len(gaps):
        words = f"{len(gaps):,} images have the class {gaps.iloc[0]!r}"
        notes.append(f"{where}: {words}; take them out if that means no label")
    classes = names.nunique()
    if len(names) >= FEW and 2 * classes > len(names):
        words = f"{classes:,} classes among {len(names):,} images: is this column an id?"
        notes.append(f"{where}: {words} data.columns.label names another")
    return notes


def _parts(name: str) -> list[str]:
    if name.startswith(("[", "{", "(")):
        name = re.sub(r"[\[\](){}'\"]", " ", name)
    for sign in "|;,":
        name = name.replace(sign, " ")
    return name.split()


def _note(before: pd.Series, after: pd.Series, words: str) -> list[str]:
    changed = before != after
    if not changed.any():
        return []
    first = _first(sorted(set(before[changed])))
    return [f"{words} in {int(changed.sum()):,} rows ({first})"]


def _first(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:NAMED])
    return shown + (", ..." if len(names) > NAMED else "")
