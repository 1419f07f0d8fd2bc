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
from croquis.prepare.image_names import LABEL_COLUMNS
from croquis.prepare.samples.class_columns import (
    Classes,
    class_columns,
    fold,
    is_number,
    refuse_other_columns,
)
from croquis.prepare.samples.template import USUAL_NAME

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
    if (prepared := _of_prepare(path, table, classes)) is not None:
        return prepared._replace(notes=notes)
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


def _of_prepare(
    path: Path, table: pd.DataFrame, classes: ClassNames | None
) -> VoteSample | None:
    """data/images/sample_submission.csv: the form beside it says what its zeros stand for."""
    said = path.with_name("submission_form.json")
    if path.name != USUAL_NAME or not said.is_file():
        return None
    form = SubmissionForm.load(said)
    if not {form.image, *form.columns} <= set(map(str, table)):
        return None
    answers = [name for name in form.answers if name]
    others = [
        name for name in form.columns if name not in (form.label, *answers, "ID")
    ]
    image = form.image if form.image in form.columns else next(iter(others), None)
    is_share = form.kind == "probabilities" and len(answers) == 1
    are_numbers = answers == [str(number) for number in range(len(answers))]
    if classes is None and answers and not is_share and not are_numbers:
        classes = ClassNames(answers, str(path), are_numbered=True, are_all=True)
    hints = Hints(
        image,
        answers[0] if is_share else form.label or None,
        classes,
        is_share=is_share,
        share_of=form.answers.index(answers[0]) if is_share else 1,
    )
    return VoteSample(table, form, hints, [])


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


def _class_called(column: str, classes: ClassNames | None) -> int:
    """Which of two classes a column of one probability is called after; else the second."""
    if classes is None or len(classes.names) != 2:
        return 1
    return 0 if fold(column) == fold(classes.names[0]) else 1


def _of_share(
    table: pd.DataFrame,
    form: SubmissionForm,
    label: str,
    classes: ClassNames | None,
    notes: list[str],
) -> VoteSample:
    """A sample whose one column is the probability of one of two classes."""
    share_of = _class_called(label, classes)
    answers = (label, "") if share_of == 0 else ("", label)
    share = form.model_copy(
        update={"kind": "probabilities", "label": "", "answers": answers}
    )
    hints = Hints(form.image, label, classes, is_share=True, share_of=share_of)
    return VoteSample(table, share, hints, notes)


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
    are_shares = ((numbers % 1 > 0) & (numbers < 1)).any() and numbers.notna().all()
    if are_shares:
        return _of_share(table, form, label, classes, notes)
    if _class_called(label, classes) == 0 and cells.isin(["0", "1"]).all():
        flag = form.model_copy(update={"kind": "names", "answers": ("1", "0")})
        hints = Hints(image, label, classes, is_share=True, share_of=0)
        return VoteSample(table, flag, hints, notes)
    known = classes is not None and cells.isin(classes.names).all()
    is_named = numbers.isna().all() and (cells != "").all() and len(cells) > 0
    if classes is None and is_named:
        names = sorted(set(cells))
        classes = ClassNames(names, "the sample", are_numbered=False, are_all=False)
    if (known or is_named) and classes is not None:
        texts = tuple(classes.names)
        form = form.model_copy(update={"kind": "names", "answers": texts})
    return VoteSample(table, form, Hints(image, label, classes), notes)
