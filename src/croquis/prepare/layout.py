"""The competition layout or class folders, read as one table of images."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.data_params import DataParams
from croquis.dataset.folders.disagreement import disagrees
from croquis.dataset.folders.label_files import (
    labels_table_in,
    other_tables,
    table_of_role,
    unread_tables,
)
from croquis.dataset.naming.names import refuse_undecodable
from croquis.dataset.submission_form import USUAL_FORM, SubmissionForm
from croquis.prepare.folders.labelled_folders import read_folders
from croquis.prepare.label_tables import read_train_table
from croquis.prepare.labelling.images_to_predict import read_test_images
from croquis.prepare.labelling.look_alikes import look_alikes
from croquis.prepare.labels import IN_SOURCE
from croquis.prepare.samples.class_columns import Classes
from croquis.prepare.samples.template import read_template

COLUMNS = ["id", "split", "label", "class_name", "path", "source_id"]
AS_USUAL = DataParams()


@dataclass(frozen=True)
class Layout:
    """All images of a data set before any is opened.

    Attributes:
        images: `COLUMNS`, train rows first; label -1 and an empty class name in test rows; `path`
            is relative to the data set's folder.
        columns: `image_path` of each training image, with the columns of train.csv beyond these;
            `use` among them, if it is there.
        sample: the submission's template, 0 for the answers in each row.
        numbered: what the source numbers itself: "ID" (test images) and "target" (classes). What it
            does not is counted here, in an order that its people do not know.
        notes: what people should know about the files.
        read_as: what was recognised, in a few words.
        in_folders: whether folders are classes, as no table says them.
        form: of the submission; its `image` is the column of `sample` with the test images.
        test_csv: test.csv, or as it would have been: `image_path` of each test image.
    """

    images: pd.DataFrame
    columns: pd.DataFrame
    sample: pd.DataFrame
    numbered: frozenset[str]
    notes: list[str]
    read_as: str = ""
    in_folders: bool = False
    form: SubmissionForm = USUAL_FORM
    test_csv: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def tests(self) -> pd.Series:
        """The test image of each row of the sample, as test.csv or the folder test/ has it."""
        return self.sample[self.form.image]


def read_layout(raw: Path, data: DataParams = AS_USUAL) -> Layout:
    """What the folder `raw` holds, in the order of its csv files, or by class and natural order.

    Args:
        raw: the data set.
        data: how labels are read, where it is not as usual.

    Raises:
        InputError: if the files contradict each other.
    """
    refuse_undecodable(raw)
    labels = labels_table_in(raw)
    test, names, notes = read_test_images(raw, labels, data.columns)
    in_folders = labels is None
    if labels is None:
        _refuse_other_labels(raw, data)
        train, columns, read_as, more = read_folders(raw, data)
        more = more + [
            f"{name} is not read, as train/ has class folders"
            for name in unread_tables(raw)
        ]
    else:
        _refuse_pattern(labels, data)
        train, columns, more = read_train_table(raw, labels, test, data)
        more = more + other_tables(raw, labels)
        read_as = _read_as_tables(raw, labels)
    if train.empty:
        raise InputError(
            raw, expected="training images", received="none", fix="add some"
        )
    template = read_template(raw, names, _classes(train), data.columns)
    numbered = {"target"} & set(train) | ({"ID"} if template.has_ids else set())
    images = pd.concat([train, test], ignore_index=True)[COLUMNS]
    notes = more + notes + template.notes + look_alikes(train["class_name"])
    notes = list(
        dict.fromkeys(notes)
    )  # what two readings of a table say is said once
    return Layout(
        images,
        columns,
        template.rows,
        frozenset(numbered),
        notes,
        read_as,
        in_folders,
        template.form,
        names,
    )


def _read_as_tables(raw: Path, labels: Path) -> str:
    tables = [labels, table_of_role(raw, "test", labels)]
    names = [
        path.relative_to(raw).as_posix() for path in tables if path is not None
    ]
    return " and ".join(names)


def _refuse_other_labels(raw: Path, data: DataParams) -> None:
    """Raises InputError where a table that is not read says other classes than train/."""
    for name in unread_tables(raw):
        if data.label_pattern is None and disagrees(
            raw / name, raw / "train", is_sure=False
        ):
            raise InputError(
                raw,
                expected="labels in a table, or in the names of folders",
                received=f"both, which differ: {name}, and the folders in train/",
                fix="call the table train.csv, beside train/, if it is right; else take it out,"
                f" {IN_SOURCE}",
            )


def _refuse_pattern(labels: Path, data: DataParams) -> None:
    if data.label_pattern is not None:
        raise InputError(
            "data.label_pattern",
            expected=f"null, as {labels} says the labels",
            received=repr(data.label_pattern),
            fix="add -S data.label_pattern=null",
        )


def _classes(train: pd.DataFrame) -> Classes:
    """The classes of the training images, by label."""
    names = train.drop_duplicates("label").sort_values("label")["class_name"]
    return Classes(names.tolist(), numbered="target" in train)
