"""The file that each row of a csv means, found by its image_path."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from croquis.core.errors import InputError
from croquis.core.text import counted
from croquis.dataset.csv_tables import refuse_rows
from croquis.dataset.naming.files_by_name import FilesByName, leaves
from croquis.dataset.naming.missing_files import as_text, refuse_missing
from croquis.dataset.naming.name_forms import differences, simple, slashed

MOST_FOLDERS = 64  # in front of a name


@dataclass(frozen=True)
class Reading:
    """Where the rows of a table may begin, and the files that they then mean.

    Attributes:
        front: what is left out in front of each row; nothing where rows are read as they are.
        names: what is left of each row.
        files: of each row, the files in the split's folder that it may mean.
    """

    front: str
    names: list[str]
    files: list[list[str]]

    @property
    def count(self) -> int:
        """How many rows mean a file."""
        return sum(map(bool, self.files))


def locate_images(
    table: pd.DataFrame, csv: Path, split: str, folder: str | None = None
) -> tuple[pd.Series, list[str]]:
    """The files that `image_path` names, relative to the csv's folder, and notes.

    `image_path` is relative to the folder of the split; where each row begins with that folder's
    name, it is relative to the csv. One row decides nothing: "train" is a fine class name. A row
    that is exactly a file's name means that file. Other rows are compared in looser forms (see
    `name_forms`), and what stands in front of all rows is left out, where that leads to a file
    for each row. Notes say so.

    Args:
        table: has `image_path`.
        csv: where it is from.
        split: train or test.
        folder: of the split's images, relative to the csv's, which is "."; None: the one that is
            called as the split.

    Raises:
        InputError: if a path leaves the folder, is named twice, or has no file or several.
    """
    folder = split if folder is None else folder
    rows = [str(name) for name in table["image_path"]]
    files = FilesByName(csv.parent / folder)
    reading = _best_reading(rows, folder, files)
    outside = pd.Series([leaves(name) for name in reading.names], table.index)
    refuse_rows(table, outside.astype(bool), csv, f"paths inside {folder}/")
    plain = pd.Series([simple(name) for name in reading.names], table.index)
    doubled = plain.duplicated()
    fix = "keep one row of each"
    refuse_rows(table, doubled, csv, "each image_path once", fix)
    refuse_missing(rows, reading.names, reading.files, files, csv)
    _refuse_several(rows, reading.files, csv)
    _refuse_shared(rows, reading.files, csv)
    front = _front(folder)
    paths = [front + names[0] for names in reading.files]
    notes = [*_note_on_front(reading, csv), *_notes_on_spelling(reading, csv)]
    return pd.Series(paths, table.index, dtype=str), notes


def _best_reading(rows: list[str], folder: str, files: FilesByName) -> Reading:
    """The first in which each row means a file; else the one in which most rows do.

    Of what stands in front of all rows, nothing is left out unless more than half have a file then.
    """
    readings: list[Reading] = []
    for front, names in _beginnings(rows, folder, files):
        if front and not files.meant_by(names[0]):
            continue  # it does not lead to a file for each row
        reading = Reading(front, names, [files.meant_by(name) for name in names])
        if reading.count == len(rows):
            return reading
        if not front or 2 * reading.count > len(rows):
            readings.append(reading)
    return max(readings, key=lambda reading: reading.count)


def _beginnings(
    rows: list[str], folder: str, files: FilesByName
) -> Iterator[tuple[str, list[str]]]:
    """What may stand in front of all rows, and what is left of them; as they are first."""
    plain = [simple(row) for row in rows]
    front = _front(folder)
    if front and rows and all(name.startswith(front) for name in plain):
        if not files.holds(plain[0]):
            yield "", [name[len(front) :] for name in plain]
    yield "", rows
    parts = [slashed(row).split("/") for row in rows]
    for count in range(1, _count_of_shared(parts) + 1):
        front = "/".join(parts[0][:count]) + "/"
        if not any(file.startswith(front) for file in files.files):
            yield front, ["/".join(part[count:]) for part in parts]
    last = PurePosixPath(folder).name
    if last and rows and all(last in part[:-1] for part in parts):
        names = ["/".join(part[part.index(last) + 1 :]) for part in parts]
        yield f".../{last}/", names


def _count_of_shared(parts: list[list[str]]) -> int:
    """How many folders all rows begin with, the file's own name never among them."""
    least = min((len(part) for part in parts), default=1) - 1
    for place in range(min(least, MOST_FOLDERS)):
        if any(part[place] != parts[0][place] for part in parts):
            return place
    return min(least, MOST_FOLDERS)


def _front(folder: str) -> str:
    """What stands before a file's name in its path; nothing where "." is the folder."""
    return "" if folder == "." else f"{folder}/"


def _refuse_several(rows: list[str], files: list[list[str]], csv: Path) -> None:
    """Raises InputError where a row could mean more than one file."""
    unclear = [place for place, names in enumerate(files) if len(names) > 1]
    if unclear:
        first = unclear[0]
        raise InputError(
            csv,
            expected="one file for each image_path",
            received=f"{len(unclear):,} that could mean several, as"
            f" {as_text(rows[first])} in line {first + 2}:"
            f" {' and '.join(map(as_text, files[first][:3]))}",
            fix="write each name as its file has it, in full",
        )


def _refuse_shared(rows: list[str], files: list[list[str]], csv: Path) -> None:
    """Raises InputError where several rows mean one file."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, names in enumerate(files):
        places[names[0]].append(place)
    shared = {file: lines for file, lines in places.items() if len(lines) > 1}
    if shared:
        file, lines = next(iter(shared.items()))
        named = [f"{as_text(rows[line])} in line {line + 2}" for line in lines[:3]]
        raise InputError(
            csv,
            expected="a file of its own for each image_path",
            received=f"{len(shared):,} named by several rows, as {as_text(file)}"
            f" by {' and '.join(named)}",
            fix="keep one of these rows, or add the other file",
        )


def _note_on_front(reading: Reading, csv: Path) -> list[str]:
    if not reading.front:
        return []
    front = as_text(reading.front)
    return [f"{csv.name}: {front} in front of each image_path is left out"]


def _notes_on_spelling(reading: Reading, csv: Path) -> list[str]:
    """A note for each way in which names differ from those of their files."""
    pairs: dict[tuple[str, ...], list[tuple[str, str]]] = defaultdict(list)
    for name, files in zip(reading.names, reading.files, strict=True):
        if simple(name) != files[0]:
            pairs[differences(name, files[0])].append((name, files[0]))
    notes = []
    for words, alike in pairs.items():
        name, file = alike[0]
        count = counted(
            len(alike),
            "name differs from its file",
            "names differ from their files",
        )
        example = f"as {as_text(name)} for {as_text(file)}"
        notes.append(f"{csv.name}: {count} in {' and '.join(words)}, {example}")
    return notes
