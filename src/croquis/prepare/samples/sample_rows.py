"""What a sample submission says of its images, and the rows that come of it."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

FIX = "use the sample that belongs to these test images, or none"


class SampleImages(NamedTuple):
    """How a sample names its images.

    Attributes:
        columns: those that name them; the first one decides.
        readings: by column, the test image of each row; NA where there is none.
        said: by column, how test.csv calls each test image, where it has the same column.
    """

    columns: list[str]
    readings: dict[str, pd.Series]
    said: dict[str, pd.Series]

    @property
    def of_rows(self) -> pd.Series:
        """The test image of each row."""
        return self.readings[self.columns[0]]


class SampleRows(NamedTuple):
    """The rows of the submission.

    Attributes:
        image: the column of `table` with each row's test image.
        table: the sample's columns, and `image` where none of them has it.
        notes: what people should know.
    """

    image: str
    table: pd.DataFrame
    notes: list[str]


def with_images(
    table: pd.DataFrame, name: str, images: pd.Series, csv: Path
) -> SampleRows:
    """The rows with each one's test image in a column `image_path`, or else `test_image`."""
    is_same = (table[name] == images).all()
    if is_same and name == "image_path":
        return SampleRows(name, table, [])
    image = "image_path" if "image_path" not in table else "test_image"
    rows = table.copy()
    rows.insert(0, image, images)
    if is_same:
        return SampleRows(image, rows, [])
    first = f"{name} {table[name].iloc[0]!r} is read as {images.iloc[0]!r}"
    return SampleRows(image, rows, [f"{csv.name}: {first}"])
