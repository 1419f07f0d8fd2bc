"""Prediction files of other people and tools, read by image and checked before they vote.

Nothing is guessed: logits, percentages, doubled images or classes counted from 1 are errors that
name the file, as a vote over them would look like any other.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.core.params import nearest
from croquis.foreign.foreign_csv import columns_of, other_columns, read_csv
from croquis.tables import predictions
from croquis.tables.arrays import DAMAGE, read_npz

FORMS = "image_path,0..C-1 (probabilities) or ID,image_path,target (labels)"
# More than ImageNet-21k has; ballots for an ID would fill the memory.
MOST_CLASSES = 30_000
_SUM_ERROR = 1e-3  # of a row of probabilities, as croquis.tables.predictions has it
_ROUNDED = (
    0.05  # up to here a sum looks like digits that were cut off, not like logits
)


@dataclass(frozen=True, eq=False)
class Foreign:
    """What one file predicts.

    Attributes:
        source: the file.
        ids: (N,) its `image_path`s, each once.
        values: (N, C) probabilities, rows that sum to one; or (N,) labels from 0.
        classes: (C,) class names; None where the file only numbers them.
        left_out: columns that were not looked at.
    """

    source: Path
    ids: np.ndarray
    values: np.ndarray
    classes: np.ndarray | None = None
    left_out: tuple[str, ...] = ()

    @property
    def is_hard(self) -> bool:
        """Whether it holds labels alone."""
        return self.values.ndim == 1

    @property
    def labels(self) -> np.ndarray:
        """The predicted labels, (N,); ties go to the lowest class."""
        return self.values if self.is_hard else self.values.argmax(axis=1)

    def aligned(self, ids: np.ndarray, owner: object) -> "Foreign":
        """The same in the order of `ids` (N,), which are those of `owner` and must be all of its.

        Raises:
            InputError: if an image is missing here, or there is one too many.
        """
        rows = pd.Index(self.ids).get_indexer(ids)
        missing = ids[rows < 0]
        extra = len(self.ids) - (rows >= 0).sum()
        if len(missing) or extra:
            shown = f"missing {len(missing):,}" + (
                f", as {missing[0]}" if len(missing) else ""
            )
            raise InputError(
                self.source,
                expected=f"the {len(ids):,} images of {owner}",
                received=f"{len(self.ids):,} ({shown}; {extra:,} too many)",
                fix="vote over files of one and the same test set",
            )
        return replace(self, ids=self.ids[rows], values=self.values[rows])


def read_foreign(path: Path, ids: np.ndarray | None = None) -> Foreign:
    """The predictions in a .csv, .npz or .npy file.

    Args:
        path: csv by column names; .npz with ids, probs and classes, as croquis writes them; .npy of
            (N, C) probabilities or (N,) labels.
        ids: (N,) of the rows of an .npy, which carries none.

    Raises:
        InputError: if the file is none of these, or holds anything but sound predictions.
    """
    if path.suffix not in READERS:
        fix = nearest(path.suffix, list(READERS))
        expected = "a .csv, .npz or .npy of predictions"
        raise InputError(
            path, expected=expected, received=path.suffix or "no suffix", fix=fix
        )
    try:
        file = READERS[path.suffix](path, ids)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            path,
            expected="a file of predictions",
            received=reason,
            fix="correct the path",
        ) from error
    file = replace(file, ids=without_folder(file.ids))
    _check_ids(path, file.ids)
    if file.is_hard:
        return replace(file, values=_labels(path, file))
    _check_probs(path, file)
    return file


def without_folder(ids: np.ndarray) -> np.ndarray:
    """`image_path`s of the test set, (N,): croquis' own ids begin with test/, all of them."""
    names = np.asarray(ids, dtype=np.str_)
    prefixed = len(names) > 0 and np.char.startswith(names, "test/").all()
    return (
        np.array([name[5:] for name in names], dtype=np.str_) if prefixed else names
    )


def images_of(path: Path, table: pd.DataFrame) -> np.ndarray:
    """The `image_path`s of a csv's table in their order, (N,); each must be there once."""
    ids = without_folder(table["image_path"].to_numpy(dtype=str))
    _check_ids(path, ids)
    return ids


def _from_csv(path: Path, ids: np.ndarray | None) -> Foreign:
    table, unnamed = read_csv(path)
    columns = columns_of(table)
    numbered = _class_columns(path, table)
    wanted = numbered or ["target"]
    flags = [name for name in wanted if table[name].dtype == bool]
    if flags:  # True would be taken for 1
        received = f"True and False in {flags[0]}"
        fix = "write numbers"
        raise InputError(path, expected=FORMS, received=received, fix=fix)
    others = [name for name in columns if name not in ("ID", "image_path", *wanted)]
    numbers = (
        table[wanted].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    )
    values = numbers if numbered else numbers[:, 0]
    names = table["image_path"].to_numpy(dtype=str)
    return Foreign(path, names, values, left_out=(*unnamed, *others))


def _class_columns(path: Path, table: pd.DataFrame) -> list[str]:
    """The columns 0..C-1 of probabilities; none where there is a column of labels.

    Raises:
        InputError: if the columns are neither the one nor the other.
    """
    columns = columns_of(table)
    numbered = sorted((name for name in columns if name.isdecimal()), key=int)
    if "image_path" not in columns or not (numbered or "target" in columns):
        raise other_columns(path, table, FORMS)
    twice = "take out one of the two"
    if numbered and "target" in columns:
        received = f"target and {len(numbered)} columns of numbers"
        raise InputError(path, expected=FORMS, received=received, fix=twice)
    # pandas calls the second column 0 "0.1".
    if doubled := [name for name in columns if re.fullmatch(r"\d+\.\d+", name)]:
        expected = "each class column once"
        received = f"class {doubled[0].partition('.')[0]} twice"
        raise InputError(path, expected=expected, received=received, fix=twice)
    if numbered != [str(number) for number in range(len(numbered))]:
        expected = "class columns 0..C-1"
        received = f"{len(numbered)} of them, {numbered[0]} to {numbered[-1]}"
        fix = "give each class its column; the first one is 0"
        raise InputError(path, expected=expected, received=received, fix=fix)
    return numbered


def _from_npz(path: Path, ids: np.ndarray | None) -> Foreign:
    expected = "an .npz with ids, probs, classes"
    fix = "save these three in it, without pickling"
    try:
        names, probs, classes = read_npz(path, ["ids", "probs", "classes"])
    except OSError:
        raise  # the caller's
    except DAMAGE as error:
        raise InputError(
            path, expected=expected, received=str(error), fix=fix
        ) from error
    if problem := predictions.shape_error(path, names, probs, classes):
        raise problem
    return Foreign(path, names, probs.astype(np.float64), classes)


def _from_npy(path: Path, ids: np.ndarray | None) -> Foreign:
    if ids is None:
        fix = "add --sample, or --ids with a csv whose rows are in its order"
        expected = "an order for its rows, as it carries no ids"
        raise InputError(
            path, expected=expected, received="neither --sample nor --ids", fix=fix
        )
    try:
        with path.open("rb") as stream:
            # No zip by its content.
            values = np.lib.format.read_array(stream, allow_pickle=False)
    except OSError:
        raise
    except DAMAGE as error:
        fix = "save a plain array of numbers"
        raise InputError(
            path, expected="an .npy", received=str(error), fix=fix
        ) from error
    shaped = values.ndim in (1, 2) and len(values) == len(ids)
    if not shaped or values.dtype.kind not in "iuf":
        raise InputError(
            path,
            expected=f"{len(ids):,} labels, or {len(ids):,} rows of probabilities",
            received=f"{values.dtype} of shape {values.shape}",
            fix="use the sample or ids that belong to it",
        )
    return Foreign(path, ids, values.astype(np.float64))


READERS: dict[str, Callable[[Path, np.ndarray | None], Foreign]] = {
    ".csv": _from_csv,
    ".npz": _from_npz,
    ".npy": _from_npy,
}


def _check_ids(path: Path, ids: np.ndarray) -> None:
    unique, counts = np.unique(ids, return_counts=True)
    if not len(ids) or "" in unique or len(unique) < len(ids):
        doubled = ", ".join(unique[counts > 1][:3])
        received = (
            f"{len(ids) - len(unique):,} doubled, as {doubled}"
            if doubled
            else "gaps"
        )
        raise InputError(
            path,
            expected="each image once",
            received=received if len(ids) else "none",
            fix="correct its rows",
        )


def _labels(path: Path, file: Foreign) -> np.ndarray:
    in_range = (file.values >= 0) & (file.values < MOST_CLASSES)  # no nan, no inf
    wrong = ~(in_range & (file.values == np.floor(file.values)))
    if wrong.any():
        shown = f"{file.values[wrong][0]:.12g} of {file.ids[wrong][0]}"
        received = f"{wrong.sum():,} others, as {shown}"
        expected = f"labels 0, 1, 2 ... below {MOST_CLASSES:,}"
        fix = "write the number of the class into each row"
        raise InputError(path, expected=expected, received=received, fix=fix)
    return file.values.astype(np.int64)


def _check_probs(path: Path, file: Foreign) -> None:
    """Raises InputError unless all rows are probabilities."""
    bad = ~np.isfinite(file.values).all(axis=1)
    if bad.any():
        received = (
            f"{bad.sum():,} rows with gaps, text, nan or inf, as {file.ids[bad][0]}"
        )
        fix = "write that file again"
        raise InputError(
            path, expected="a number in each cell", received=received, fix=fix
        )
    sums = file.values.sum(axis=1)
    least = file.values.min(initial=0)
    error = np.abs(sums - 1).max(initial=0)
    if least < 0 or error > _SUM_ERROR:
        received = (
            f"sums of {sums.min():.4g} to {sums.max():.4g}, least value {least:.4g}"
        )
        rounded = least >= 0 and error < _ROUNDED
        fix = "write them with more digits" if rounded else "softmax first"
        raise InputError(
            path, expected="rows >= 0 that sum to 1", received=received, fix=fix
        )
