"""The submission's template: the competition's sample, or the usual columns where there is none."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import read_table
from croquis.dataset.data_params import ColumnParams
from croquis.dataset.submission_form import USUAL_FORM, SubmissionForm
from croquis.prepare.samples.class_columns import SHOWN, Classes
from croquis.prepare.samples.sample_answers import Answers, read_answers
from croquis.prepare.samples.sample_images import find_image_columns, fit_rows

USUAL_NAME = "sample_submission.csv"
# In letters alone: sampleSubmission.csv, Sample-Submission.csv, submission_format.csv ...
NAMES = {
    "samplesubmission", "samplesubmissions", "samplesub", "submissionsample", "submissionformat",
    "submissionexample", "examplesubmission", "submissiontemplate",
}  # fmt: skip


class Template(NamedTuple):
    """What the submission will be.

    Attributes:
        rows: the columns that go out, with 0 for the answers, and each row's test image.
        form: what becomes of them.
        notes: what people should know.
        has_ids: whether the competition numbers the test images itself, in a column ID.
    """

    rows: pd.DataFrame
    form: SubmissionForm
    notes: list[str]
    has_ids: bool


def read_template(
    raw: Path, names: pd.DataFrame, classes: Classes, columns: ColumnParams
) -> Template:
    """The template of the data set in the folder `raw`.

    Args:
        raw: where a sample may be.
        names: test.csv, or as it would have been: `image_path` of each test image.
        classes: of the training images.
        columns: the names of columns, where somebody has said them.

    Raises:
        InputError: if the sample is of other images or classes.
    """
    csv, notes = find_sample(raw)
    if csv is None:
        notes += _notes_on_numbers(classes)
        return Template(blank_sample(names), USUAL_FORM, notes, "ID" in names)
    template = read_sample(csv, names, classes, columns)
    return template._replace(notes=notes + template.notes)


def find_sample(raw: Path) -> tuple[Path | None, list[str]]:
    """The sample in the folder `raw`, if there is one, and a note where there are more.

    Raises:
        InputError: if it is a folder, or if nobody can know which one counts.
    """
    paths = sorted(path for path in raw.iterdir() if _is_sample(path.name))
    if not paths:
        return None, []
    usual = [path for path in paths if path.name == USUAL_NAME]
    if len(paths) > 1 and not usual:
        names = " and ".join(path.name for path in paths)
        raise InputError(
            raw,
            expected="one sample of the submission",
            received=names,
            fix=f"call the one that counts {USUAL_NAME}",
        )
    csv = (usual or paths)[0]
    if not csv.is_file():
        raise InputError(
            csv,
            expected="a csv file",
            received="a folder",
            fix="put the csv itself there, or rename the folder",
        )
    others = ", ".join(path.name for path in paths if path != csv)
    return csv, [
        f"{csv.name} is the sample, {others} is left out"
    ] if others else []


def _is_sample(name: str) -> bool:
    stem, _, suffix = name.casefold().rpartition(".")
    return suffix == "csv" and re.sub(r"[^a-z]", "", stem) in NAMES


def blank_sample(names: pd.DataFrame) -> pd.DataFrame:
    """ID,image_path,target in test.csv's order; ID is test.csv's own, or counts from 0."""
    count = [str(number) for number in range(len(names))]
    return pd.DataFrame(
        {
            "ID": names["ID"] if "ID" in names else count,
            "image_path": names["image_path"],
            "target": 0,
        }
    )


def _notes_on_numbers(classes: Classes) -> list[str]:
    """A line where classes are called 1, 2, 10, and go out as 0, 2, 1."""
    names = classes.names
    are_numbers = all(name.isdecimal() for name in names)
    if classes.numbered or not are_numbers:
        return []
    unlike = [pair for pair in enumerate(names) if str(pair[0]) != pair[1]]
    if not unlike:
        return []
    label, name = unlike[0]
    return [
        "there is no sample_submission.csv: target will count the classes from 0 in the"
        f" order of their sorted names, so class {name!r} is {label}"
    ]


def read_sample(
    csv: Path, names: pd.DataFrame, classes: Classes, columns: ColumnParams
) -> Template:
    """The sample's own columns and rows with answers of 0, and notes on the file.

    Args:
        csv: the sample.
        names: as in `read_template`.
        classes: of the training images.
        columns: as in `read_template`.

    Raises:
        InputError: if it is of other images or classes.
    """
    table, notes = read_table(csv, [])
    _refuse_doubled(table, classes, csv)
    images = find_image_columns(table, names, columns.image, csv)
    answers = read_answers(table, images.columns, classes, columns.label, csv)
    filled = answers.columns()
    rows = fit_rows(table, images, names["image_path"], filled, csv)
    form = SubmissionForm(
        image=rows.image,
        columns=tuple(map(str, table)),
        kind=answers.kind,
        label=answers.label,
        answers=tuple(answers.by_label),
    )
    line = _what_goes_out(csv, form.columns, images.columns, answers)
    notes += [line, *rows.notes, *answers.notes]
    blank = rows.table.assign(**dict.fromkeys(filled, 0))
    return Template(blank, form, notes, "ID" in table)


def _refuse_doubled(table: pd.DataFrame, classes: Classes, csv: Path) -> None:
    """Raises InputError where a column is there twice: the second is read as label.1."""
    columns = [str(name) for name in table]
    for name in columns:
        base, _, number = name.rpartition(".")
        if number.isdecimal() and base in columns and name not in classes.names:
            raise InputError(
                csv,
                expected="each column once",
                received=f"{base!r} twice",
                fix="take out one of the two",
            )


def _what_goes_out(
    csv: Path, columns: Sequence[str], images: list[str], answers: Answers
) -> str:
    """One line on the columns that go out."""
    others = [name for name in columns if name not in answers.columns()]
    words = f"{', '.join(others)} and {answers.words}"
    kept = [name for name in others if name not in (*images, "ID")]
    kept_words = f"; {', '.join(kept[:SHOWN])} as it comes" if kept else ""
    return f"the submission will have {words}, as {csv.name}{kept_words}"
