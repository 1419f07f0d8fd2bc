"""The sample whose rows and columns a vote fills in."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import read_table
from croquis.dataset.folders.column_names import named_like
from croquis.dataset.submission_form import SubmissionForm
from croquis.foreign.class_names import ClassNames
from croquis.foreign.foreign_columns import IMAGES, Hints
from croquis.prepare.class_columns import (
    Classes,
    class_columns,
    is_number,
    refuse_other_columns,
)
from croquis.prepare.image_names import LABEL_COLUMNS

FIX = "give the sample of the competition, or none"


class VoteSample(NamedTuple):
    """What is filled in.

    Attributes:
        template: the sample, as text.
        form: its columns, and what stands for a class.
        hints: what it says about other files.
        notes: how it was read.
    """

    template: pd.DataFrame
    form: SubmissionForm
    hints: Hints
    notes: list[str]


def read_vote_sample(path: Path, classes: ClassNames | None) -> VoteSample:
    """The sample at `path`.

    Args:
        path: of a csv.
        classes: their names, where they are known.

    Raises:
        InputError: if its columns are neither a label nor one for each class.
    """
    table, notes = read_table(path, [])
    columns = [str(name) for name in table]
    image = _image_column(table, path)
    rest = [name for name in columns if name not in (image, "ID")]
    label = next(iter(named_like(rest, LABEL_COLUMNS)), None)
    if label is None and len(rest) == 1:
        label = rest[0]
    shares = [name for name in rest if is_number(table[name])]
    if label is None and len(shares) > 1:
        wide, names = _wide(table[rest], shares, classes, path)
        form = SubmissionForm(
            image=image,
            columns=tuple(columns),
            kind="probabilities",
            label="",
            answers=tuple(wide),
        )
        return VoteSample(table, form, Hints(image, None, names), notes)
    if label is None:
        raise InputError(
            path,
            expected="a column target, or one for each class",
            received=f"only {', '.join(columns)[:200]}",
            fix=FIX,
        )
    return _of_label(table, image, label, classes, notes)


def _image_column(table: pd.DataFrame, path: Path) -> str:
    columns = [str(name) for name in table]
    if "image_path" in columns:
        return "image_path"
    if like := named_like(columns, IMAGES):
        return like[0]
    unlike = [name for name in columns[:1] if not table[name].duplicated().any()]
    if unlike:
        return unlike[0]
    raise InputError(
        path,
        expected="a column image_path (or image, id, file)",
        received=f"only {', '.join(columns)[:200]}",
        fix=FIX,
    )


def _wide(
    table: pd.DataFrame, shares: list[str], classes: ClassNames | None, path: Path
) -> tuple[list[str], ClassNames | None]:
    """The column of each class, and their names."""
    if classes is not None:
        known = Classes(classes.names, numbered=classes.are_numbered)
        wide, _ = class_columns(shares, known, path)
        refuse_other_columns(table, wide or [], known, path)
        return wide or shares, classes
    numbers = [str(number) for number in range(len(shares))]
    if sorted(shares) == sorted(numbers):
        return numbers, None
    # Sorted, as croquis numbers classes that have names alone.
    ordered = sorted(shares)
    return ordered, ClassNames(ordered, str(path), are_numbered=False, are_all=True)


def _of_label(
    table: pd.DataFrame,
    image: str,
    label: str,
    classes: ClassNames | None,
    notes: list[str],
) -> VoteSample:
    cells = table[label].str.strip()
    form = SubmissionForm(image=image, columns=tuple(map(str, table)), label=label)
    numbers = pd.to_numeric(cells, errors="coerce")
    if (
        len(cells)
        and ((numbers % 1 > 0) & (numbers < 1)).any()
        and numbers.notna().all()
    ):
        share = form.model_copy(
            update={"kind": "probabilities", "label": "", "answers": ("", label)}
        )
        hints = Hints(image, label, classes, is_share=True)
        return VoteSample(table, share, hints, notes)
    known = classes is not None and cells.isin(classes.names).all()
    is_named = numbers.isna().all() and (cells != "").all() and len(cells) > 0
    if classes is None and is_named:
        names = sorted(set(cells))
        classes = ClassNames(names, "the sample", are_numbered=False, are_all=False)
    if (known or is_named) and classes is not None:
        texts = tuple(classes.names)
        form = form.model_copy(update={"kind": "names", "answers": texts})
    return VoteSample(table, form, Hints(image, label, classes), notes)
