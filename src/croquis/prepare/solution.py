"""solution.csv: the true labels of the test images, checked before anything is trained on."""

from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.core.params import nearest
from croquis.dataset.csv_tables import read_table
from croquis.dataset.data_params import ColumnParams
from croquis.dataset.folders.column_names import named_like
from croquis.prepare.image_names import (
    IMAGE_COLUMNS,
    LABEL_COLUMNS,
    match_images,
)
from croquis.prepare.labels import without_fraction
from croquis.prepare.layout import Layout
from croquis.prepare.samples.class_columns import exact

COLUMNS = ["image_path", "target"]
FIX = "correct it in the data source, or take it out there; then `dvc repro -f download`"
AS_USUAL = ColumnParams()
NAMED = 8  # usual names of a column that a message has
SHOWN = 3  # rows, images or labels that a message names


def read_solution(
    csv: Path, layout: Layout, columns: ColumnParams = AS_USUAL
) -> tuple[pd.DataFrame, list[str]]:
    """`COLUMNS` with a label (int) for each test image, in the sample's order; and notes.

    There are no rows where no solution is known: a table without rows says so.

    Args:
        csv: the solution.
        layout: of the data set, whose sample may call the columns as the solution does.
        columns: the names of columns, where somebody has said them.

    Raises:
        InputError: if it does not say one known class for each test image.
    """
    table, notes = read_table(csv, [])
    if table.empty:
        # A file that was cut in its head says nothing.
        for hint, usual in (
            (columns.image, IMAGE_COLUMNS),
            (columns.label, LABEL_COLUMNS),
        ):
            _column(table, hint, usual, csv)
        return pd.DataFrame(columns=COLUMNS), notes
    if layout.sample.empty:
        raise InputError(
            csv,
            expected="test images for its rows",
            received="none in the data source",
            fix="add them as test/, or take solution.csv out; then `dvc repro -f download`",
        )
    image = _image_column(table, layout, columns.image, csv)
    label = _label_column(table, layout, columns.label, image, csv)
    images, of_images = _images(table, image, layout, csv)
    labels, of_labels = _labels(table, image, label, layout, csv)
    label_of = dict(zip(images, labels, strict=True))
    tests = layout.tests
    targets = tests.map(label_of).astype(int)
    truth = pd.DataFrame({"image_path": tests, "target": targets})
    return truth, [*notes, *of_images, *of_labels]


def _images(
    table: pd.DataFrame, column: str, layout: Layout, csv: Path
) -> tuple[pd.Series, list[str]]:
    """The image_path of each row, as test.csv or the folder test/ has it."""
    names = _filled(table, column, csv)
    tests = layout.tests
    images = match_images(names, tests)
    if column.casefold() == "id" and "ID" in layout.numbered:
        by_id = names.map(dict(zip(layout.sample["ID"], tests, strict=True)))
        # The first of equals.
        if by_id.dropna().nunique() >= images.dropna().nunique():
            images = by_id
    elif (said := _said_elsewhere(names, column, layout)) is not None:
        images = said
    _check_images(images, names, tests, csv)
    if (images == names).all():
        return images, []
    note = f"solution.csv: {column} {names.iloc[0]!r} is read as {images.iloc[0]!r}"
    return images, [note]


def _said_elsewhere(
    names: pd.Series, column: str, layout: Layout
) -> pd.Series | None:
    """The images by a column of that name in the sample or in test.csv, where it has them all."""
    for table, image in (
        (layout.sample, layout.form.image),
        (layout.test_csv, "image_path"),
    ):
        for name in map(str, table):
            is_counted = name == "ID" and "ID" not in layout.numbered
            if name.casefold() != column.casefold() or name == image or is_counted:
                continue
            if table[name].is_unique and names.isin(table[name]).all():
                return names.map(dict(zip(table[name], table[image], strict=True)))
    return None


def _check_images(
    images: pd.Series, names: pd.Series, tests: pd.Series, csv: Path
) -> None:
    wrong = {
        "test images without a row": tests[~tests.isin(images)],
        "rows of other images": names[images.isna()],
        "images named again": images[images.duplicated() & images.notna()],
    }
    received = [
        f"{len(rows):,} {words} ({', '.join(rows.astype(str)[:SHOWN])})"
        for words, rows in wrong.items()
        if len(rows)
    ]
    if received:
        expected = f"a row for each of the {len(tests):,} test images, once"
        raise InputError(
            csv, expected=expected, received="; ".join(received), fix=FIX
        )


def _labels(
    table: pd.DataFrame, image: str, column: str, layout: Layout, csv: Path
) -> tuple[pd.Series, list[str]]:
    """The label of each row, (N,) int: of two columns that tell it, both must say the same."""
    labels, notes = _label_of(table, column, layout, csv)
    names = {name.casefold(): name for name in map(str, table)}
    if column.casefold() == "target" and "class_name" in names:
        _check_same(table, column, names["class_name"], layout, csv)
    used = named_like(table, [*IMAGE_COLUMNS, *LABEL_COLUMNS])
    if unread := [
        name for name in map(str, table) if name not in (image, column, *used)
    ]:
        words = f"{', '.join(unread)} is not read, and every row is scored"
        notes.append(f"solution.csv: {words}")
    return labels, notes


def _check_same(
    table: pd.DataFrame, target: str, class_name: str, layout: Layout, csv: Path
) -> None:
    """Refuses rows whose two columns name two classes."""
    labels, _ = _label_of(table, target, layout, csv)
    others, _ = _label_of(table, class_name, layout, csv)
    if (unlike := labels != others).any():
        row = int(unlike.to_numpy().argmax())
        values = f"{table[class_name].iloc[row]!r} with {table[target].iloc[row]!r}"
        raise InputError(
            csv,
            expected="class_name and target of one class in each row",
            received=f"{unlike.sum():,} rows that do not, as {values}",
            fix=FIX,
        )


def _label_of(
    table: pd.DataFrame, column: str, layout: Layout, csv: Path
) -> tuple[pd.Series, list[str]]:
    """The labels that one column tells, as numbers or as names of classes."""
    texts = _filled(table, column, csv).map(without_fraction)
    classes = layout.images.query("split == 'train'").drop_duplicates("label")
    # NFC and NFD are one name.
    class_names = classes["class_name"].map(exact)
    names = dict(zip(class_names, classes["label"], strict=True))
    readings = {
        "class names": texts.map(exact).map(names),
        "numbers": texts.map({str(label): label for label in classes["label"]}),
    }
    kinds = _kinds(column, layout)
    complete = [kind for kind in kinds if readings[kind].notna().all()]
    if not complete:
        raise _unknown(texts, classes, csv)
    kind = complete[0]
    labels = readings[kind].astype(int)
    words = f"true labels of {len(labels):,} test images, {column} read as {kind}"
    if len(complete) > 1 and (labels != readings[complete[1]]).any():
        words += f", though it could be {complete[1]}"
    notes = [f"solution.csv: {words}"]
    if kind == "numbers" and set(classes["label"]) - set(labels) == {0}:
        asked = "no test image has the label 0; are they counted from 1?"
        notes.append(f"solution.csv: {asked}")
    return labels, notes


def _kinds(column: str, layout: Layout) -> list[str]:
    """As what a column may be read, the likelier first: some names are numbers, too.

    A column class_name has names. Any other is read as train.csv is: numbers first where that has a
    target, else names first, as nobody knows our numbers.
    """
    if column.casefold() == "class_name":
        return ["class names"]
    if "target" in layout.numbered:
        return ["numbers", "class names"]
    return ["class names", "numbers"]


def _unknown(texts: pd.Series, classes: pd.DataFrame, csv: Path) -> InputError:
    """What is wrong with labels that are neither all names of classes nor all their numbers."""
    names = classes.sort_values("label")["class_name"].tolist()
    if texts.str.fullmatch(r"-?\d{1,18}").all():
        return _out_of_range(texts.astype(int), names, csv)
    strange = ~texts.isin(names)
    neither = strange & ~texts.isin(classes["label"].astype(str))
    wrong = texts[neither if neither.any() else strange]
    first = wrong[:SHOWN]
    lines = first.index.to_numpy() + 2
    shown = [f"{text!r} in line {n}" for text, n in zip(first, lines, strict=True)]
    expected = f"the name of one of the {len(names):,} classes, or its number"
    return InputError(
        csv,
        expected=f"{expected}, in all rows alike",
        received=f"{len(wrong):,} rows with something else ({', '.join(shown)})",
        fix=f"{nearest(wrong.iloc[0], names)} {FIX[0].upper()}{FIX[1:]}",
    )


def _out_of_range(numbers: pd.Series, names: list[str], csv: Path) -> InputError:
    last = len(names) - 1
    from_one = (numbers.min(), numbers.max()) == (1, last + 1)
    where = f"where 0 is {names[0]!r} and {last} is {names[-1]!r}"
    return InputError(
        csv,
        expected=f"labels from 0 to {last}, {where}",
        received=f"{numbers.min()} to {numbers.max()}",
        fix=f"subtract 1 from each, or give class names; {FIX}"
        if from_one
        else FIX,
    )


def _image_column(
    table: pd.DataFrame, layout: Layout, said: str | None, csv: Path
) -> str:
    """The column of the images: that which somebody named, a usual name, the sample's own."""
    form = layout.form
    answers = {form.label, *form.answers}
    of_sample = [name for name in form.columns if name not in answers]
    return _column(table, said, (*IMAGE_COLUMNS, *of_sample), csv)


def _label_column(
    table: pd.DataFrame, layout: Layout, said: str | None, image: str, csv: Path
) -> str:
    """The column of the labels: that which somebody named, a usual name, the one with names."""
    classes = layout.images["class_name"][layout.images["split"] == "train"]
    rest = [name for name in map(str, table) if name != image]
    with_names = [
        name for name in rest if table[name].str.strip().isin(classes).all()
    ]
    only = with_names if len(with_names) == 1 else []
    of_sample = [layout.form.label] if layout.form.label else []
    return _column(table, said, (*LABEL_COLUMNS, *of_sample, *only), csv)


def _column(
    table: pd.DataFrame, said: str | None, names: tuple[str, ...], csv: Path
) -> str:
    """The column that somebody named, if it is there, else the first of the names, in any case."""
    if said is not None and said in table:
        return said
    if like := named_like(table, names):
        return like[0]
    raise InputError(
        csv,
        expected=f"a column {names[0]} (or {', '.join(names[1:NAMED])})",
        received=f"only {', '.join(map(str, table))[:200]}",
        fix=f"rename it, or say it with `data.columns`; {FIX}",
    )


def _filled(table: pd.DataFrame, column: str, csv: Path) -> pd.Series:
    texts = table[column].str.strip()
    if (empty := texts == "").any():
        lines = ", ".join(
            f"line {place + 2}" for place in table.index[empty][:SHOWN]
        )
        raise InputError(
            csv,
            expected=f"a value of {column} in each row",
            received=f"{empty.sum():,} without ({lines})",
            fix=FIX,
        )
    return texts
