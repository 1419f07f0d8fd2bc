"""The stage prepare: from a data set's folder to arrays, tables, and what people hear of them."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from croquis.core.files import atomic_write
from croquis.dataset.data_params import DataParams
from croquis.dataset.spreadsheets import neutral_cells
from croquis.dataset.submission_form import SubmissionForm
from croquis.prepare.counting import count_the_rest
from croquis.prepare.folders.folder_labels import (
    labels_of_folders,
    refuse_two_truths,
)
from croquis.prepare.labels import check_classes
from croquis.prepare.layout import read_layout
from croquis.prepare.packing import Packed, PrepareParams, pack
from croquis.prepare.solution import read_solution


class Prepared(NamedTuple):
    """The tables that the stage writes beside the arrays, and what it says."""

    rows: pd.DataFrame  # index.csv
    quarantine: pd.DataFrame  # training images that cannot be read
    columns: pd.DataFrame  # what train.csv says besides
    sample: pd.DataFrame  # the submission's template
    form: SubmissionForm  # what to fill in there
    test_labels: pd.DataFrame  # none where no solution is known
    notes: list[str]


def prepare_images(
    raw: Path,
    solution: Path,
    settings: PrepareParams,
    data: DataParams,
    *,
    pixels: Path,
    gray224: Path,
    quarantine: Path,
) -> Prepared:
    """Packs the images of the folder `raw` into `pixels` and `gray224`; returns their tables.

    Args:
        raw: the competition layout or class folders.
        solution: solution.csv, whose labels are checked before any image is read.
        settings: of the stage.
        data: how labels are read.
        pixels: gets (N, S, S) or (N, S, S, 3) uint8 .npy.
        gray224: gets (N, 224, 224) uint8 .npy.
        quarantine: where the table of that name will be, as a note names it.

    Raises:
        InputError: if files contradict each other, or no network could be trained on them.
    """
    layout = read_layout(raw, data)
    check_classes(layout.images, layout.columns, raw)
    test_labels, of_solution = read_solution(solution, layout, data.columns)
    of_folders, on_folders = labels_of_folders(layout)
    refuse_two_truths(of_folders, test_labels, layout)
    if test_labels.empty:
        test_labels = of_folders
    of_rest = count_the_rest(raw, layout.images, layout.notes)
    with atomic_write(pixels) as pixels_draft, atomic_write(gray224) as gray_draft:
        packed = pack(layout.images, raw, settings, pixels_draft, gray_draft)
    notes = [
        f"read as: {layout.read_as}",
        *layout.notes,
        *of_solution,
        *on_folders,
        *of_rest,
        _note_on_counts(packed, settings),
        *packed.notes(quarantine),
    ]
    return Prepared(
        packed.index,
        neutral_cells(packed.quarantine),
        layout.columns,
        layout.sample,
        layout.form,
        test_labels,
        notes,
    )


def _note_on_counts(packed: Packed, settings: PrepareParams) -> str:
    split = packed.index["split"]
    train = (split == "train").sum()
    test = (split == "test").sum()
    classes = packed.index["label"].max() + 1
    colour = "colour" if packed.colour else "gray"
    return (
        f"{train:,} train and {test:,} test images of {classes:,} classes,"
        f" {settings.image_size} px {colour}"
    )
