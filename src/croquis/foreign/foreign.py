"""Prediction files of other people and tools, read by image and checked before they vote.

Nothing is guessed: logits, percentages, doubled images or classes counted from 1 are errors that
name the file, as a vote over them would look like any other.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.core.params import nearest
from croquis.dataset.submission_form import SubmissionForm
from croquis.foreign.foreign_columns import Hints, read_csv_predictions
from croquis.prepare.image_names import match_images
from croquis.tables import predictions
from croquis.tables.arrays import DAMAGE, read_npz

NO_HINTS = Hints()
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
        form: of a submission with the columns of a csv; None for the usual columns.
        template: what the form does not fill in, a row an image.
        notes: how the file was read.
    """

    source: Path
    ids: np.ndarray
    values: np.ndarray
    classes: np.ndarray | None = None
    left_out: tuple[str, ...] = ()
    form: SubmissionForm | None = None
    template: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()

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
        names = self.ids
        rows = pd.Index(names).get_indexer(ids)
        notes = self.notes
        if (rows < 0).any() or len(names) != len(ids):
            read = match_images(pd.Series(names), pd.Series(ids))
            if read.notna().all() and read.is_unique and len(read) == len(ids):
                names = read.to_numpy(dtype=str)
                rows = pd.Index(names).get_indexer(ids)
                first = f"{str(self.ids[0])!r} is read as {str(names[0])!r}"
                notes = (*notes, f"{self.source}: {first}")
        missing = ids[rows < 0]
        extra = names[~np.isin(names, ids)]
        if len(missing) or len(extra):
            raise _other_images(self.source, owner, names, ids)
        template = None if self.template is None else self.template.iloc[rows]
        return replace(
            self,
            ids=ids,
            values=self.values[rows],
            template=template,
            notes=notes,
        )


def _other_images(
    source: Path, owner: object, names: np.ndarray, ids: np.ndarray
) -> InputError:
    missing = ids[~np.isin(ids, names)]
    extra = names[~np.isin(names, ids)]
    first = f", as {missing[0]}" if len(missing) else ""
    count = f"missing {len(missing):,}{first}; {len(extra):,} too many"
    parts = {"without": missing, "with": extra}
    shown = " and ".join(
        f"{word} {', '.join(rows[:3])}" for word, rows in parts.items() if len(rows)
    )
    return InputError(
        source,
        expected=f"the {len(ids):,} images of {owner}",
        received=f"{len(names):,} ({count}): {shown}",
        fix="vote over files of one and the same test set",
    )


def read_foreign(
    path: Path, ids: np.ndarray | None = None, hints: Hints = NO_HINTS
) -> Foreign:
    """The predictions in a .csv, .npz or .npy file.

    Args:
        path: csv by column names; .npz with ids, probs and classes, as croquis writes them; .npy of
            (N, C) probabilities or (N,) labels.
        ids: (N,) of the rows of an .npy, which carries none.
        hints: the names of columns and classes, where they are known.

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
        file = READERS[path.suffix](path, ids, hints)
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


def images_of(
    path: Path, table: pd.DataFrame, column: str = "image_path"
) -> np.ndarray:
    """The images of a csv's table in their order, (N,); each must be there once."""
    ids = without_folder(table[column].to_numpy(dtype=str))
    _check_ids(path, ids)
    return ids


def _from_csv(path: Path, ids: np.ndarray | None, hints: Hints) -> Foreign:
    csv = read_csv_predictions(path, hints)
    return Foreign(
        path,
        csv.ids,
        csv.values,
        csv.classes,
        left_out=csv.left_out,
        form=csv.form,
        template=csv.template,
        notes=tuple(csv.notes),
    )


def _from_npz(path: Path, ids: np.ndarray | None, hints: Hints) -> Foreign:
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


def _from_npy(path: Path, ids: np.ndarray | None, hints: Hints) -> Foreign:
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


READERS: dict[str, Callable[[Path, np.ndarray | None, Hints], Foreign]] = {
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
        if ((file.values > 0) & (file.values < 1)).any():
            fix += ", or give a --sample with probabilities in that column"
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
