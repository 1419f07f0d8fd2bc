"""What of a data set's folder is in no row of the index: counted by kind, and named."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from croquis.dataset.first_bytes import NOT_READ
from croquis.dataset.image_files import FolderFiles, list_files
from croquis.dataset.left_out import NAMED_FILES, first_few, left_out_note

TABLES = (".csv", ".tsv", ".jsonl")  # they are read by their names, or mean nothing


def count_the_rest(
    raw: Path, images: pd.DataFrame, notes: Sequence[str]
) -> list[str]:
    """A line for each kind of file under `raw` that became no row, and for odd suffixes.

    Args:
        raw: the data set.
        images: the rows of its Layout.
        notes: of the Layout: the folders of which one says already what is left out of them.
    """
    files = list_files(raw)
    paths = set(images["path"])
    return [
        *_note_on_formats(files, paths),
        *_notes_on_unnamed(files, paths, notes),
        *left_out_note(
            [name for name in files.other_forms if name not in paths],
            "images are in a format that is not read, beside one of the same name,",
        ),
        *_note_on_others(files, paths),
        *left_out_note(
            [name for name in files.hidden if name not in paths],
            "images are hidden, or in hidden folders,",
        ),
    ]


def _note_on_formats(files: FolderFiles, paths: set[str]) -> list[str]:
    odd = [
        name
        for name, kind in files.formats.items()
        if name in paths and kind and kind not in NOT_READ
    ]
    if not odd:
        return []
    kinds = _counted([files.formats[name] for name in odd])
    words = "images have a rare suffix or none, and are taken by their content"
    if len(odd) == 1:
        words = "image has a rare suffix or none, and is taken by its content"
    return [f"{len(odd):,} {words} ({kinds}): {first_few(odd)}"]


def _notes_on_unnamed(
    files: FolderFiles, paths: set[str], notes: Sequence[str]
) -> list[str]:
    """Of images in folders that no note has counted already."""
    rest: dict[str, list[str]] = {}
    for name in files.images:
        if name not in paths:
            rest.setdefault(_top(name), []).append(name)
    lines = []
    for top, names in rest.items():
        place = f"in {top}/" if top else "beside the folders"
        if not any(_counts(note, top) for note in notes):
            lines += left_out_note(
                names, f"images {place} are not labelled or named,"
            )
    return lines


def _counts(note: str, top: str) -> bool:
    """Whether a note says what is left out of a folder: "val/: 9 ...", or "9 ... in val/ ..."."""
    if not ("left out" in note or "not read" in note):
        return False
    if not top:
        return "images beside it" in note
    return note.startswith(f"{top}/: ") or f"in {top}/ " in note


def _note_on_others(files: FolderFiles, paths: set[str]) -> list[str]:
    """Of what is no image, in folders for images of the set."""
    tops = {_top(path) for path in paths} | {"train", "test"}
    others = [
        name
        for name in files.others
        if _top(name) in tops and not name.lower().endswith(TABLES)
    ]
    if not others:
        return []
    kinds = [_kind(name) for name in others]
    # In the order of `_counted`, so that a rare kind is named, too.
    firsts = [others[kinds.index(kind)] for kind, _ in Counter(kinds).most_common()]
    named = f"as {first_few(firsts[:NAMED_FILES])}"
    return [f"left out, as they are no images: {_counted(kinds)} ({named})"]


def _top(name: str) -> str:
    """The first folder of a path; nothing where it lies in none."""
    return name.partition("/")[0] if "/" in name else ""


def _kind(name: str) -> str:
    return os.path.splitext(name)[1].lower() or "without a suffix"


def _counted(kinds: list[str]) -> str:
    """As "3 .txt, 1 .pdf", the most frequent first."""
    return ", ".join(
        f"{count:,} {kind}" for kind, count in Counter(kinds).most_common()
    )
