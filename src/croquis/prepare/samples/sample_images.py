"""Which test image each row of a sample submission is of."""

from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.folders.column_names import named_like
from croquis.prepare.image_names import (
    IMAGE_COLUMNS,
    LABEL_COLUMNS,
    match_images,
)
from croquis.prepare.samples.sample_examples import are_examples, rows_of_examples
from croquis.prepare.samples.sample_rows import (
    FIX,
    SampleImages,
    SampleRows,
    with_images,
)

SHOWN = 3  # images that a message names
MOST_TRIED = 20  # columns that are compared with the test images


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
    if are_examples(images.of_rows, tests):
        return rows_of_examples(table, images, tests, answers, csv)
    for name in images.columns:
        cells = table[name]
        texts = images.said.get(name, tests)
        _check_once(cells, images.readings[name], texts, tests, csv)
        _check_pairs(cells, images.readings[name], images, csv)
    return with_images(table, images.columns[0], images.of_rows, csv)


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
