"""Words that a program has read in a wrong encoding before they came into a table."""

from collections.abc import Iterable
from itertools import islice

import pandas as pd

MOST_WORDS = 10_000  # of a column, that are looked at
LOST = "\ufffd"  # what programs write for bytes that they cannot read


def garbled_notes(table: pd.DataFrame, name: str) -> list[str]:
    """A line on the first word that was UTF-8 and was read as Western, and on a lost letter.

    Args:
        table: cells as text.
        name: of the file, for the lines.
    """
    words = [word for column in table for word in _odd_words(table[column])]
    notes = []
    for word in words:
        if plain := _meant(word):
            notes.append(
                f"{name}: {word!r} looks like {plain!r} in a wrong encoding: if it is,"
                " write the table anew"
            )
            break
    lost = next((word for word in words if LOST in word), None)
    if lost is not None:
        notes.append(
            f"{name}: {lost!r} has a sign that stands for a lost letter: write the table"
            " anew from what it was made of"
        )
    return notes


def _odd_words(cells: pd.Series) -> Iterable[str]:
    different = (word for word in cells.unique() if not word.isascii())
    return islice(different, MOST_WORDS)


def _meant(word: str) -> str:
    """The word whose bytes in UTF-8 were read as Western ones; empty if it is none."""
    try:
        plain = word.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return ""
    return plain if plain.isprintable() else ""
