"""Which test image each row of a sample submission is of."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.folders.column_names import named_like
from croquis.prepare.image_names import (
    IMAGE_COLUMNS,
    LABEL_COLUMNS,
    match_images,
    texts_like,
)

FIX = "use the sample that belongs to these test images, or none"
SHOWN = 3  # images that a message names
# A sample of that many rows, for more than twice as many images, shows the form alone.
MOST_EXAMPLES = 10
MOST_TRIED = 20  # columns that are compared with the test images


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


def find_image_columns(
    table: pd.DataFrame, names: pd.DataFrame, column: str | None, csv: Path
) -> SampleImages:
    """The columns of a sample that name test images.

    Args:
        table: the sample, as text.
        names: test.csv, or as it would have been: `image_path` of each test image.
        column: that names the images, where somebody has said it.
        csv: the sample.

    Raises:
        InputError: if no column can be one.
    """
    tests = names["image_path"]
    said = _said_by_test_csv(table, names)
    readings: dict[str, pd.Series] = {}
    is_complete = False
    for name in _candidates(table, list(said), column):
        if name in said and name != "image_path":
            image_of = dict(zip(said[name], tests, strict=True))
            readings[name] = table[name].map(image_of)
        elif not is_complete:  # of 50,000 images each further column takes seconds
            readings[name] = match_images(table[name].str.strip(), tests)
            is_complete = readings[name].dropna().nunique() == len(tests)
    if not readings:
        raise InputError(
            csv,
            expected="a column with another image in each row",
            received=f"only {', '.join(map(str, table))[:200]}",
            fix=FIX,
        )
    counts = {name: rows.dropna().nunique() for name, rows in readings.items()}
    first = max(readings, key=lambda name: counts[name])  # the first of equals
    return SampleImages([*dict.fromkeys([first, *said])], readings, said)


def _said_by_test_csv(
    table: pd.DataFrame, names: pd.DataFrame
) -> dict[str, pd.Series]:
    """What test.csv calls each test image, by column of the sample.

    A column that is called otherwise than those of images counts if it has all of the sample's
    cells, and the sample names its images by no other: a uid 1 is then not the file 1.png.
    """
    called = {name.strip().casefold(): name for name in map(str, table)}
    said: dict[str, pd.Series] = {}
    likely = named_like(table, IMAGE_COLUMNS)
    for name in map(str, names):
        column = name if name in table else called.get(name.strip().casefold())
        if column is None or names[name].duplicated().any():
            continue
        cells = table[column]
        may_name = column in likely or not (
            likely or named_like([column], LABEL_COLUMNS)
        )
        is_key = may_name and len(cells) > 0 and cells.is_unique
        is_sure = is_key and cells.isin(names[name]).all()
        if is_sure or (name == column and named_like([name], IMAGE_COLUMNS)):
            said.setdefault(column, names[name])
    return said


def _candidates(
    table: pd.DataFrame, shared: list[str], column: str | None
) -> list[str]:
    """The columns that may name images, the likelier first."""
    likely = [
        *(["image_path"] if "image_path" in table else []),
        *([column] if column in table and column is not None else []),
        *shared,
        *named_like(table, IMAGE_COLUMNS),
    ]
    others = [
        name
        for name in map(str, table)
        if not named_like([name], LABEL_COLUMNS)
        and not table[name].duplicated().any()
    ]
    return [*dict.fromkeys([*likely, *others[:MOST_TRIED]])]


def fit_rows(
    table: pd.DataFrame,
    images: SampleImages,
    tests: pd.Series,
    answers: list[str],
    csv: Path,
) -> SampleRows:
    """A row for each test image, in the order of the sample.

    Args:
        table: the sample, as text.
        images: of its rows.
        tests: (M,) the `image_path` of each test image.
        answers: the columns that are filled later.
        csv: the sample.

    Raises:
        InputError: if it does not name each test image once.
    """
    if tests.empty and len(table):
        raise InputError(
            csv,
            expected="test images for its rows",
            received="none in the data source",
            fix="add them as test/, or take the sample out",
        )
    if _are_examples(images.of_rows, tests):
        return _rows_of_examples(table, images, tests, answers, csv)
    for name in images.columns:
        cells = table[name]
        texts = images.said.get(name, tests)
        _check_once(cells, images.readings[name], texts, tests, csv)
        _check_pairs(cells, images.readings[name], images, csv)
    return _with_images(table, images.columns[0], images.of_rows, csv)


def _check_once(
    cells: pd.Series,
    images: pd.Series,
    texts: pd.Series,
    tests: pd.Series,
    csv: Path,
) -> None:
    """Raises InputError unless a column names each test image once.

    Args:
        cells: (N,) the column.
        images: (N,) the test image that each cell means, or NA.
        texts: (M,) what each test image is called, for people.
        tests: (M,) the test images.
        csv: the sample.
    """
    differences = {
        "missing": texts[~tests.isin(images)],
        "unknown": cells[images.isna()],
        "doubled": cells[images.duplicated() & images.notna()],
    }
    received = [
        f"{len(rows):,} {kind} ({', '.join(sorted(rows)[:SHOWN])})"
        for kind, rows in differences.items()
        if len(rows)
    ]
    if received:
        raise InputError(
            csv,
            expected=f"each {cells.name} of the {len(tests):,} test images once",
            received="; ".join(received),
            fix=_question(cells, tests) + FIX,
        )


def _question(cells: pd.Series, tests: pd.Series) -> str:
    """What to ask where ids count from 1, and the files from 0, or the other way round."""
    numbers = cells.str.fullmatch(r"\d{1,9}")
    if cells.empty or not numbers.all():
        return ""
    for step, words in (
        (-1, "from 1, and the files from 0"),
        (1, "from 0, and the files from 1"),
    ):
        shifted = cells.map(lambda text, step=step: str(int(text) + step))
        if match_images(shifted, tests).notna().all():
            return f"do its ids count {words}? Then rename the files, or "
    return ""


def _check_pairs(
    cells: pd.Series, images: pd.Series, of_sample: SampleImages, csv: Path
) -> None:
    """Raises InputError unless a column means the same images as the first one."""
    unlike = images != of_sample.of_rows
    if unlike.any():
        rows = zip(of_sample.of_rows[unlike], cells[unlike], strict=True)
        first = " with ".join(min(rows))
        names = " and ".join([of_sample.columns[0], str(cells.name)])
        raise InputError(
            csv,
            expected=f"the pairs of {names} that test.csv has",
            received=f"{unlike.sum():,} other pairs, as {first}",
            fix=FIX,
        )


def _with_images(
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


def _are_examples(images: pd.Series, tests: pd.Series) -> bool:
    """Whether a few rows of many test images show the form alone."""
    few = len(images) <= MOST_EXAMPLES and 2 * len(images) < len(tests)
    if images.empty or not few:
        return False
    return bool(images.notna().all()) and images.is_unique


def _rows_of_examples(
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
    rows = _with_images(pd.DataFrame(cells), images.columns[0], tests, csv)
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
