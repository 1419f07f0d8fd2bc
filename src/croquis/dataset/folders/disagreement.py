"""Whether a table of labels says other classes than the folders that its images lie in."""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from croquis.dataset.folders.column_names import (
    IMAGE_TIERS,
    LABEL_TIERS,
    named_like,
)
from croquis.dataset.image_files import images_in

ROWS = 2_000  # of a table that are looked at


def disagrees(table: Path, folder: Path, *, is_sure: bool) -> bool:
    """Whether rows of `table` have other classes than the class folders in `folder`.

    They agree where each folder is of one class, whatever both are called: the table may have the
    same classes, or wider ones. A table that names few of the images says nothing.

    Args:
        table: a csv.
        folder: of class folders.
        is_sure: whether the table has labels anyway: then the second of two columns is the class.
    """
    folder_of: dict[str, str] = {}
    for path in images_in(folder):
        top = PurePosixPath(path).parts[0]
        stem = PurePosixPath(path).stem
        # A name in two folders says nothing, as it may mean either.
        folder_of[stem] = "" if folder_of.get(stem, top) != top else top
    label_of = {
        PurePosixPath(name).stem: label for name, label in _labels(table, is_sure)
    }
    stems = [stem for stem in label_of if folder_of.get(stem)]
    if 2 * len(stems) <= min(len(folder_of), ROWS):  # a list of classes, by number
        return False
    pairs = {(folder_of[stem], label_of[stem]) for stem in stems}
    return len(pairs) > len({top for top, _ in pairs})


def _labels(table: Path, is_sure: bool) -> Iterator[tuple[str, str]]:
    """The image and the class of the first rows, as the usual names of columns say them."""
    if table.suffix.lower() not in (".csv", ".tsv"):
        return
    with table.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = (line.replace("\0", "") for line in file)
        first = next(lines, "")
        sign = next(iter(re.findall(r"[,;\t|]", first)), ",")
        header = [name.strip(' "\r\n') for name in first.split(sign)]
        images = named_like(header, [name for tier in IMAGE_TIERS for name in tier])
        labels = named_like(header, [name for tier in LABEL_TIERS for name in tier])
        if not labels and is_sure and len(header) == 2:
            labels = [name for name in header if name not in images]
        if not images or not labels:
            return
        places = header.index(images[0]), header.index(labels[0])
        try:
            for row in islice(csv.reader(lines, delimiter=sign), ROWS):
                if len(row) > max(places):
                    yield row[places[0]].strip(), row[places[1]].strip()
        except (
            csv.Error
        ):  # a cell without an end: the table is refused where it is read
            return
