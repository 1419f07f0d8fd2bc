"""The status of an image in index.csv: "ok", or what `prepare` saw and did, in a few words."""

import pandas as pd

OK = "ok"
BETWEEN = "; "
BLANK = "blank"  # hardly any contrast: nothing that a network could see
UNREADABLE = "unreadable: blank"  # a test image that became a white sheet
ON_BLACK = "alpha on black"


def join_notes(notes: list[str]) -> str:
    """The status of an image with these notes."""
    return BETWEEN.join(notes) or OK


def has_note(index: pd.DataFrame, note: str) -> pd.Series:
    """Which rows of index.csv have this note, (N,) bool."""
    return (
        index["status"]
        .str.split(BETWEEN, regex=False)
        .map(lambda notes: note in notes)
    )
