"""Rows of a table of labels that say the same image twice."""

from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import refuse_rows
from croquis.prepare.labels import IN_SOURCE

NAMED = 3  # images that a line shows


def drop_repeated(table: pd.DataFrame, csv: Path) -> tuple[pd.DataFrame, list[str]]:
    """`table` without rows that stand there a second time, to the letter; and a note on them."""
    again = table.duplicated()
    if not again.any():
        return table, []
    first = ", ".join(table.loc[again, "image_path"].unique()[:NAMED])
    count = f"{int(again.sum()):,} rows stand there twice and count once"
    return table[~again], [f"{csv.name}: {count} ({first})"]


def refuse_several(rows: pd.DataFrame, csv: Path, labels: list[str]) -> None:
    """Raises InputError where images have several rows, and says of the first in what they differ.

    Args:
        rows: with image_path.
        csv: where they are from.
        labels: the columns that tell the class.
    """
    several = rows["image_path"].duplicated(keep=False)
    if several.any():
        _refuse_unlike(rows[several], csv, labels)


def _refuse_unlike(rows: pd.DataFrame, csv: Path, labels: list[str]) -> None:
    """Says of the first image with several rows in which column they differ."""
    rows = rows.assign(**{name: rows[name].str.strip() for name in labels})
    counts = rows.groupby("image_path", sort=False)[labels].nunique()
    unlike = counts.index[(counts > 1).any(axis=1)]
    if len(unlike):
        name = unlike[0]
        column = next(each for each in labels if counts.loc[name, each] > 1)
        texts = rows.loc[rows["image_path"] == name, column].unique()[:NAMED]
        raise InputError(
            csv,
            expected="one class for each image",
            received=f"{len(unlike):,} images with several, as {name}: {', '.join(texts)}",
            fix=f"keep the row that is true, or none, {IN_SOURCE}",
        )
    again = rows["image_path"].duplicated()
    refuse_rows(rows, again, csv, "each image_path once", "keep one row of each")
