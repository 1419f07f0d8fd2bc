"""All that a vote reads: names of classes, the sample, and prediction files in one order."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import read_table
from croquis.dataset.folders.column_names import named_like
from croquis.foreign.class_names import ClassNames, read_class_names
from croquis.foreign.foreign import Foreign, images_of, read_foreign
from croquis.foreign.foreign_columns import IMAGES, Hints
from croquis.foreign.vote_sample import VoteSample, read_vote_sample


class VoteInputs(NamedTuple):
    """What was read.

    Attributes:
        voters: the prediction files, all of the same images in the same order.
        sample: what is filled in, if there is a sample.
        classes: their names, if anything has them.
    """

    voters: list[Foreign]
    sample: VoteSample | None
    classes: ClassNames | None

    @property
    def class_count(self) -> int | None:
        """How many classes there are; None where only the files' labels say it."""
        soft = [file for file in self.voters if not file.is_hard]
        if soft:
            return soft[0].values.shape[1]
        known = self.classes is not None and self.classes.are_all
        return len(self.classes.names) if known and self.classes else None


def read_inputs(
    files: list[Path], *, sample: Path | None, ids: Path | None, classes: str | None
) -> VoteInputs:
    """The inputs of a vote, in the order of the sample, else of the first file.

    Args:
        files: prediction files.
        sample: whose rows and columns are filled in.
        ids: a csv in whose order rows of .npy files are, if not in the sample's.
        classes: names of classes, as `read_class_names` takes them.

    Raises:
        InputError: if a file is no sound prediction of these images and classes.
    """
    names = read_class_names(classes) if classes else None
    arrays = {path: read_foreign(path) for path in files if path.suffix == ".npz"}
    for path, file in arrays.items():
        names = _with_classes_of(file, path, names)
    filled = None if sample is None else read_vote_sample(sample, names)
    hints = Hints(classes=names) if filled is None else filled.hints
    order = None
    if sample is not None and filled is not None:
        order = images_of(sample, filled.template, filled.form.image)
    rows = order if ids is None else _images_in(ids)
    voters = [arrays.get(path) or read_foreign(path, rows, hints) for path in files]
    owner = sample or voters[0].source
    order = voters[0].ids if order is None else order
    aligned = [voter.aligned(order, owner) for voter in voters]
    inputs = VoteInputs(aligned, filled, hints.classes)
    _check_counts(inputs)
    _refuse_numbers_beside_names(inputs)
    return inputs


def _with_classes_of(
    file: Foreign, path: Path, names: ClassNames | None
) -> ClassNames:
    """The names of classes, now that a file with names of its own is read."""
    own = [str(name) for name in file.classes] if file.classes is not None else []
    if names is not None and names.names != own:
        raise InputError(
            path,
            expected=f"the class names of {names.owner}, in their order",
            received=f"{len(own):,} others, as {own[0]!r}",
            fix="vote over files of one and the same competition, or leave --classes out",
        )
    return names or ClassNames(own, str(path), are_numbered=True, are_all=True)


def _images_in(path: Path) -> np.ndarray:
    """The images of a csv that gives an order."""
    table, _ = read_table(path, [])
    like = [name for name in ("image_path",) if name in table]
    like += named_like(table, IMAGES)
    if not like:
        raise InputError(
            path,
            expected="a column image_path",
            received=f"only {', '.join(map(str, table))[:200]}",
            fix="add or rename it",
        )
    return images_of(path, table, like[0])


def _check_counts(inputs: VoteInputs) -> None:
    """Raises InputError where probabilities are of more or fewer classes than there are names."""
    classes = inputs.classes
    if classes is None or not classes.are_all or _are_shares(inputs):
        return
    for file in inputs.voters:
        if not file.is_hard and file.values.shape[1] != len(classes.names):
            raise InputError(
                file.source,
                expected=f"the {len(classes.names):,} classes of {classes.owner}",
                received=f"{file.values.shape[1]:,}",
                fix="vote over files of one and the same competition",
            )


def _refuse_numbers_beside_names(inputs: VoteInputs) -> None:
    """Raises InputError where nobody knows which of the names a number means."""
    classes = inputs.classes
    if classes is None or classes.are_numbered:
        return
    numbered = [file for file in inputs.voters if file.classes is None]
    by_names = len(numbered) < len(inputs.voters) or inputs.sample is not None
    if numbered and by_names and not _are_shares(inputs):
        raise InputError(
            numbered[0].source,
            expected=f"class names, as {classes.owner} has them",
            received="numbers",
            fix="say the names in the order of their numbers: --classes train.csv, or"
            " --classes cup,star,tree",
        )


def _are_shares(inputs: VoteInputs) -> bool:
    return inputs.sample is not None and inputs.sample.hints.is_share
