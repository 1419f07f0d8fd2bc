"""solution.csv: the true labels of the test images, checked before anything is trained on."""

from collections.abc import Callable
from itertools import takewhile
from pathlib import Path, PurePosixPath

import pandas as pd

from croquis.core.errors import InputError
from croquis.core.params import nearest
from croquis.dataset.csv_tables import read_table
from croquis.prepare.labels import without_fraction
from croquis.prepare.layout import Layout

COLUMNS = ["image_path", "target"]
# What people call these columns, in any case; the first that is there counts.
IMAGE_COLUMNS = (
    "image_path", "path", "file_name", "filename", "file", "image", "image_name", "image_id", "id",
    "name",
)  # fmt: skip
LABEL_COLUMNS = ("target", "class_name", "label", "class", "category")
FIX = (
    "correct it in the data source, or take it out there; then `dvc repro -f download`"
)
SHOWN = 3  # rows, images or labels that a message names


def read_solution(csv: Path, layout: Layout) -> tuple[pd.DataFrame, list[str]]:
    """`COLUMNS` with a label (int) for each test image, in the sample's order; and notes.

    There are no rows where no solution is known: a table without rows says so.

    Raises:
        InputError: if it does not say one known class for each test image.
    """
    table, notes = read_table(csv, [])
    if table.empty:
        return pd.DataFrame(columns=COLUMNS), notes
    if layout.sample.empty:
        expected = "test images for its rows"
        received = "none in the data source"
        fix = (
            "add them as test/, or take solution.csv out; then `dvc repro -f download`"
        )
        raise InputError(csv, expected=expected, received=received, fix=fix)
    images, further = _images(table, layout, csv)
    notes += further
    labels, further = _labels(table, layout, csv)
    notes += further
    known = dict(zip(images, labels, strict=True))
    tests = layout.sample["image_path"]
    return pd.DataFrame(
        {"image_path": tests, "target": tests.map(known).astype(int)}
    ), notes


def _images(
    table: pd.DataFrame, layout: Layout, csv: Path
) -> tuple[pd.Series, list[str]]:
    """The image_path of each row, as test.csv or the folder test/ has it."""
    column = _first_of(table, IMAGE_COLUMNS, csv)
    names = _filled(table, column, csv)
    tests = layout.sample["image_path"]
    readings = [_reading(names, tests, *form) for form in FORMS]
    if column.casefold() == "id" and "ID" in layout.numbered:
        ids = dict(zip(layout.sample["ID"], tests, strict=True))
        readings.insert(0, names.map(ids))
    images = max(
        readings, key=lambda reading: reading.dropna().nunique()
    )  # the first of equals
    _check_images(images, names, tests, csv)
    if (images == names).all():
        return images, []
    return images, [
        f"solution.csv: {column} {names.iloc[0]!r} is read as {images.iloc[0]!r}"
    ]


def _reading(
    names: pd.Series,
    tests: pd.Series,
    of_name: Callable[[pd.Series], pd.Series],
    of_test: Callable[[pd.Series], pd.Series],
) -> pd.Series:
    """The test image that each name means, if names and images are compared in these forms."""
    keys = of_test(tests)
    if keys.duplicated().any():
        return pd.Series(pd.NA, names.index)
    return of_name(names).map(dict(zip(keys, tests, strict=True)))


def _plain(paths: pd.Series) -> pd.Series:
    return paths.map(lambda path: str(PurePosixPath(path.replace("\\", "/"))))


def _unprefixed(paths: pd.Series) -> pd.Series:
    """The paths without the folders that they all begin with: test/a/0.png, test/b/0.png."""
    parts = [PurePosixPath(path).parts for path in _plain(paths)]
    levels = zip(*(part[:-1] for part in parts), strict=False)
    shared = sum(1 for _ in takewhile(lambda names: len(set(names)) == 1, levels))
    return pd.Series(["/".join(part[shared:]) for part in parts], paths.index)


def _last_part(paths: pd.Series) -> pd.Series:
    return _plain(paths).map(lambda path: PurePosixPath(path).name)


def _stem(paths: pd.Series) -> pd.Series:
    return _plain(paths).map(lambda path: PurePosixPath(path).stem)


# How a solution may name an image, the strictest first. An id may have dots of its own: so names
# are also compared as they are with the images' names without suffix.
FORMS = (
    (_plain, _plain),
    (_unprefixed, _unprefixed),
    (_last_part, _last_part),
    (_last_part, _stem),
    (_stem, _stem),
)


def _check_images(
    images: pd.Series, names: pd.Series, tests: pd.Series, csv: Path
) -> None:
    lost = tests[~tests.isin(images)]
    strange = names[images.isna()]
    doubled = images[images.duplicated() & images.notna()]
    wrong = [
        f"{len(rows):,} {words} ({', '.join(rows.astype(str)[:SHOWN])})"
        for words, rows in (
            ("test images without a row", lost),
            ("rows of other images", strange),
            ("images named again", doubled),
        )
        if len(rows)
    ]
    if wrong:
        expected = f"a row for each of the {len(tests):,} test images, once"
        raise InputError(csv, expected=expected, received="; ".join(wrong), fix=FIX)


def _labels(
    table: pd.DataFrame, layout: Layout, csv: Path
) -> tuple[pd.Series, list[str]]:
    """The label of each row, (N,) int: of two columns that tell it, both must say the same."""
    first = _first_of(table, LABEL_COLUMNS, csv)
    labels, notes = _label_of(table, first, layout, csv)
    columns = {name.casefold(): name for name in table}
    if first.casefold() == "target" and "class_name" in columns:
        other, _ = _label_of(table, columns["class_name"], layout, csv)
        if (unlike := labels != other).any():
            row = int(unlike.to_numpy().argmax())
            values = [
                table[column].iloc[row] for column in (columns["class_name"], first)
            ]
            received = f"{unlike.sum():,} rows that do not, as {values[0]!r} with {values[1]!r}"
            expected = "class_name and target of one class in each row"
            raise InputError(csv, expected=expected, received=received, fix=FIX)
    used = {*IMAGE_COLUMNS, *LABEL_COLUMNS}
    if unread := [name for name in table if name.casefold() not in used]:
        notes.append(
            f"solution.csv: {', '.join(unread)} is not read, and every row is scored"
        )
    return labels, notes


def _label_of(
    table: pd.DataFrame, column: str, layout: Layout, csv: Path
) -> tuple[pd.Series, list[str]]:
    """The labels that one column tells, as numbers or as names of classes.

    Some names are numbers, too. A column class_name has names; any other is read as train.csv is:
    numbers first where that has a target, else names first, as nobody knows our numbers.
    """
    texts = _filled(table, column, csv).map(without_fraction)
    classes = layout.images.query("split == 'train'").drop_duplicates("label")
    readings = {
        "class names": texts.map(
            dict(zip(classes["class_name"], classes["label"], strict=True))
        ),
        "numbers": texts.map({str(label): label for label in classes["label"]}),
    }
    kinds = ["class names", "numbers"]
    if column.casefold() == "class_name":
        kinds.remove("numbers")
    elif "target" in layout.numbered:
        kinds.reverse()
    complete = [kind for kind in kinds if readings[kind].notna().all()]
    if not complete:
        raise _unknown(texts, classes, csv)
    kind = complete[0]
    labels = readings[complete[0]].astype(int)
    words = f"solution.csv: true labels of {len(labels):,} test images, {column} read as {kind}"
    if len(complete) > 1 and (labels != readings[complete[1]]).any():
        words += f", though it could be {complete[1]}"
    notes = [words]
    if kind == "numbers" and set(classes["label"]) - set(labels) == {0}:
        notes.append(
            "solution.csv: no test image has the label 0; are they counted from 1?"
        )
    return labels, notes


def _unknown(texts: pd.Series, classes: pd.DataFrame, csv: Path) -> InputError:
    """What is wrong with labels that are neither all known names nor all known numbers."""
    names = classes.sort_values("label")["class_name"].tolist()
    if texts.str.fullmatch(r"-?\d{1,18}").all():
        return _out_of_range(texts.astype(int), names, csv)
    strange = ~texts.isin(names)
    neither = strange & ~texts.isin(classes["label"].astype(str))
    wrong = texts[neither if neither.any() else strange]
    shown = ", ".join(
        f"{text!r} in line {place + 2}" for place, text in wrong[:SHOWN].items()
    )
    received = f"{len(wrong):,} rows with something else ({shown})"
    expected = f"the name of one of the {len(names):,} classes, or its number, in all rows alike"
    fix = f"{nearest(wrong.iloc[0], names)} {FIX[0].upper()}{FIX[1:]}"
    return InputError(csv, expected=expected, received=received, fix=fix)


def _out_of_range(numbers: pd.Series, names: list[str], csv: Path) -> InputError:
    last = len(names) - 1
    expected = (
        f"labels from 0 to {last}, where 0 is {names[0]!r} and {last} is {names[-1]!r}"
    )
    received = f"{numbers.min()} to {numbers.max()}"
    from_one = (numbers.min(), numbers.max()) == (1, last + 1)
    fix = f"subtract 1 from each, or give class names; {FIX}" if from_one else FIX
    return InputError(csv, expected=expected, received=received, fix=fix)


def _first_of(table: pd.DataFrame, names: tuple[str, ...], csv: Path) -> str:
    columns = {name.casefold(): name for name in reversed(list(table))}
    for name in names:
        if name in columns:
            return columns[name]
    received = f"only {', '.join(table)[:200]}"
    expected = f"a column {names[0]} (or {', '.join(names[1:])})"
    raise InputError(csv, expected=expected, received=received, fix=f"rename it; {FIX}")


def _filled(table: pd.DataFrame, column: str, csv: Path) -> pd.Series:
    texts = table[column].str.strip()
    if (empty := texts == "").any():
        lines = ", ".join(f"line {place + 2}" for place in table.index[empty][:SHOWN])
        received = f"{empty.sum():,} without ({lines})"
        expected = f"a value of {column} in each row"
        raise InputError(csv, expected=expected, received=received, fix=FIX)
    return texts
