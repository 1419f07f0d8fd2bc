"""The columns of a csv of predictions: which one has the images, and what the others predict."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.folders.column_names import named_like
from croquis.dataset.submission_form import SubmissionForm
from croquis.foreign.class_names import ClassNames, are_names, numbers_of
from croquis.foreign.foreign_csv import columns_of, other_columns, read_csv
from croquis.prepare.image_names import IMAGE_COLUMNS, LABEL_COLUMNS
from croquis.prepare.samples.class_columns import (
    Classes,
    class_columns,
    named_columns,
)

FORMS = "image_path,0..C-1 (probabilities) or ID,image_path,target (labels)"
# A column name may be that of the class.
IMAGES = tuple(name for name in IMAGE_COLUMNS if name != "name")


class Hints(NamedTuple):
    """What is known of the files before they are read.

    Attributes:
        image: the column of the images, as the sample calls it.
        label: the column of the labels, as the sample calls it.
        classes: the names of classes.
        is_share: whether `label` has the probability of one of two classes.
        share_of: which of the two.
    """

    image: str | None = None
    label: str | None = None
    classes: ClassNames | None = None
    is_share: bool = False
    share_of: int = 1


class CsvPredictions(NamedTuple):
    """What a csv predicts.

    Attributes:
        ids: (N,) images, as they are written.
        values: (N, C) probabilities or (N,) labels; not yet checked.
        classes: (C,) names, where the file has them.
        left_out: columns that were not looked at.
        form: of a submission with the file's columns; None for columns 0..C-1.
        template: the columns that it fills in nothing.
        notes: how it was read.
    """

    ids: np.ndarray
    values: np.ndarray
    classes: np.ndarray | None
    left_out: tuple[str, ...]
    form: SubmissionForm | None
    template: pd.DataFrame
    notes: list[str]


def read_csv_predictions(path: Path, hints: Hints) -> CsvPredictions:
    """The predictions of a csv, by the names of its columns.

    Raises:
        InputError: if it has other columns, or names of classes that nobody knows.
    """
    said = [name for name in (hints.image, hints.label) if name is not None]
    texts = [*IMAGES, *LABEL_COLUMNS, "ID", *said]
    table, unnamed, notes = read_csv(path, texts)
    image = _image_column(path, table, hints)
    rest = [name for name in columns_of(table) if name not in (image, "ID")]
    label = _label_column(rest, hints)
    wide = _class_columns(path, rest, label, hints.classes)
    if not wide and label is None:
        raise other_columns(path, table, FORMS, _fix_of_names(hints.classes))
    wanted = wide or [str(label)]
    _refuse_flags(path, table, wanted)
    ids = table[image].to_numpy(dtype=str)
    form = _form_of(table, image, None if wide else label, wide)
    if wide:
        values = _shares(table[wide])
        is_named = _are_named(wide, hints.classes)
    else:
        values, is_named = _labels(path, table[str(label)], ids, hints)
    classes = None
    if is_named and hints.classes is not None:
        classes = np.array(hints.classes.names)
        form = form if wide else _with_names(form, hints.classes)
    usual = wide and not is_named and image == "image_path"
    return CsvPredictions(
        ids,
        values,
        classes,
        (*unnamed, *(name for name in rest if name not in wanted)),
        None if usual else form,
        table[[name for name in form.columns if name not in wanted]],
        notes,
    )


def _shares(table: pd.DataFrame) -> np.ndarray:
    """The cells as numbers, (N, C) float64; nan where one is none."""
    return table.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)


def _with_names(form: SubmissionForm, classes: ClassNames) -> SubmissionForm:
    """The form with the names of classes for their numbers."""
    names = tuple(classes.names)
    return form.model_copy(update={"kind": "names", "answers": names})


def _image_column(path: Path, table: pd.DataFrame, hints: Hints) -> str:
    if "image_path" in table:
        return "image_path"
    if hints.image is not None and hints.image in table:
        return hints.image
    like = named_like(table, IMAGES)
    if not like:
        raise other_columns(path, table, FORMS)
    return like[0]


def _label_column(columns: Sequence[str], hints: Hints) -> str | None:
    if hints.label in columns:
        return hints.label
    return next(iter(named_like(columns, LABEL_COLUMNS)), None)


def _class_columns(
    path: Path, columns: list[str], label: str | None, classes: ClassNames | None
) -> list[str]:
    """The columns of probabilities, by label; none where there is a column of labels.

    Raises:
        InputError: if the columns are neither the one nor the other.
    """
    wide = _numbered_columns(path, columns, label)
    if not wide and classes is not None and len(classes.names) > 1:
        known = Classes(classes.names, numbered=classes.are_numbered)
        wide = class_columns(columns, known, path)[0] or []
    if wide and label is not None and label not in wide:
        received = f"{label} and {len(wide)} columns of numbers"
        fix = "take out one of the two"
        raise InputError(path, expected=FORMS, received=received, fix=fix)
    return wide


def _numbered_columns(
    path: Path, columns: list[str], label: str | None
) -> list[str]:
    """The columns 0..C-1; none where no column is a number."""
    numbered = sorted((name for name in columns if name.isdecimal()), key=int)
    if not numbered or label is not None:
        return numbered
    # pandas calls the second column 0 "0.1".
    if doubled := [name for name in columns if re.fullmatch(r"\d+\.\d+", name)]:
        raise InputError(
            path,
            expected="each class column once",
            received=f"class {doubled[0].partition('.')[0]} twice",
            fix="take out one of the two",
        )
    if numbered != [str(number) for number in range(len(numbered))]:
        raise InputError(
            path,
            expected="class columns 0..C-1",
            received=f"{len(numbered)} of them, {numbered[0]} to {numbered[-1]}",
            fix="give each class its column; the first one is 0",
        )
    return numbered


def _are_named(wide: Sequence[str], classes: ClassNames | None) -> bool:
    """Whether names say which column is whose; c0, c1 say nothing where nobody numbers names."""
    if _are_numbers(wide) or classes is None:
        return False
    return classes.are_numbered or named_columns(wide, classes.names) is not None


def _fix_of_names(classes: ClassNames | None) -> str:
    """What helps where no column is that of a label, and some may be those of classes."""
    if classes is None:
        return "say the names of its classes by --classes train.csv, or give a --sample with them"
    return f"call its columns as the classes of {classes.owner}, or 0, 1, 2 ..."


def _are_numbers(columns: Sequence[str]) -> bool:
    return list(columns) == [str(number) for number in range(len(columns))]


def _refuse_flags(path: Path, table: pd.DataFrame, wanted: list[str]) -> None:
    """True would be taken for 1."""
    for name in wanted:
        flags = (
            table[name].dtype == bool or table[name].isin(["True", "False"]).all()
        )
        if flags and len(table):
            received = f"True and False in {name}"
            raise InputError(
                path, expected=FORMS, received=received, fix="write numbers"
            )


def _labels(
    path: Path, cells: pd.Series, ids: np.ndarray, hints: Hints
) -> tuple[np.ndarray, bool]:
    """Labels (N,), or (N, 2) of one probability; and whether the file has names."""
    texts = cells.astype(str).str.strip()
    if are_names(texts, hints.classes) and not hints.is_share:
        return numbers_of(texts, hints.classes, path, ids), True
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
    strange = np.isnan(numbers)
    if strange.any():
        first = int(strange.argmax())
        shown = f"{texts.iloc[first]!r} of {ids[first]}"
        raise InputError(
            path,
            expected="labels 0, 1, 2 ..., or class names in all rows",
            received=f"{strange.sum():,} others, as {shown}",
            fix="write the number of the class into each row",
        )
    if hints.is_share and cells.name == hints.label:
        shares = [1 - numbers, numbers]
        return np.stack(shares if hints.share_of else shares[::-1], axis=1), False
    return numbers, False


def _form_of(
    table: pd.DataFrame, image: str, label: str | None, wide: Sequence[str]
) -> SubmissionForm:
    """The form of a submission with the columns of the file, but for those that say nothing."""
    used = {image, "ID", label, *wide}
    columns = tuple(name for name in columns_of(table) if name in used)
    if label is None:
        return SubmissionForm(
            image=image,
            columns=columns,
            kind="probabilities",
            label="",
            answers=tuple(wide),
        )
    return SubmissionForm(image=image, columns=columns, label=label)
