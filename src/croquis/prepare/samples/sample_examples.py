"""A sample of a few rows for many test images: it shows the form, and all images get a row."""

from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.folders.column_names import named_like
from croquis.prepare.image_names import IMAGE_COLUMNS, texts_like
from croquis.prepare.samples.sample_rows import (
    SampleImages,
    SampleRows,
    with_images,
)

# A sample of that many rows, for more than twice as many images, shows the form alone.
MOST_EXAMPLES = 10


def are_examples(images: pd.Series, tests: pd.Series) -> bool:
    """Whether a few rows of many test images show the form alone."""
    few = len(images) <= MOST_EXAMPLES and 2 * len(images) < len(tests)
    if images.empty or not few:
        return False
    return bool(images.notna().all()) and images.is_unique


def rows_of_examples(
    table: pd.DataFrame,
    images: SampleImages,
    tests: pd.Series,
    answers: list[str],
    csv: Path,
) -> SampleRows:
    """A row for each test image in their order, as the few of the sample are written.

    Raises:
        InputError: if nobody can know what stands in a column.
    """
    cells = {}
    for name in map(str, table):
        texts = _texts_of(table[name], name, images, tests, name in answers)
        if texts is None:
            raise InputError(
                csv,
                expected=f"each of the {len(tests):,} test images, or {name} by one rule",
                received=f"{len(table):,} rows, as {table[name].iloc[0]!r}",
                fix="give the sample with all its rows, or none",
            )
        cells[name] = texts.to_numpy()
    rows = with_images(pd.DataFrame(cells), images.columns[0], tests, csv)
    note = (
        f"{csv.name} has {len(table):,} of the {len(tests):,} test images: the submission"
        " will have all, in the order of the test images"
    )
    return rows._replace(notes=[note, *rows.notes])


def _texts_of(
    cells: pd.Series,
    name: str,
    images: SampleImages,
    tests: pd.Series,
    is_answer: bool,
) -> pd.Series | None:
    """What stands in a column for each test image; None if nobody can know."""
    if name in images.said:
        return images.said[name]
    is_image = name in images.readings and images.readings[name].equals(
        images.of_rows
    )
    # One row alone is as constant in the columns that differ from image to image.
    may_differ = is_image or named_like([name], IMAGE_COLUMNS)
    if is_answer or (cells.nunique() == 1 and not may_differ):
        return pd.Series(cells.iloc[0], tests.index)
    if not is_image:
        return _counted_texts(cells, images.of_rows, tests)
    return texts_like(cells.str.strip(), images.readings[name], tests)


def _counted_texts(
    cells: pd.Series, of_rows: pd.Series, tests: pd.Series
) -> pd.Series | None:
    """The numbers of a column that counts the test images in their order; None if it does not."""
    if not cells.str.fullmatch(r"\d{1,9}").all():
        return None
    places = of_rows.map(dict(zip(tests, range(len(tests)), strict=True)))
    steps = cells.astype(int) - places
    if (
        steps.nunique() != 1
        or steps.min() < 0
        or cells.str.fullmatch(r"0\d+").any()
    ):
        return None
    first = int(steps.iloc[0])
    return pd.Series(
        [str(first + place) for place in range(len(tests))], tests.index
    )
