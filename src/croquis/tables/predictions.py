"""Class probabilities that travel with their ids, from training to submission."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from croquis.core.errors import InputError, bring_back
from croquis.core.files import atomic_write
from croquis.tables.arrays import DAMAGE, read_npz


@dataclass(frozen=True, eq=False)
class Predictions:
    """Probabilities of N images over C classes.

    Attributes:
        ids: (N,) text, no two alike.
        probs: (N, C) float32, rows that sum to one.
        classes: (C,) class names in label order; two artefacts with other classes never mix.

    Raises:
        InputError: on doubled ids, logits or nan in place of probabilities, shapes that disagree.
    """

    ids: np.ndarray
    probs: np.ndarray
    classes: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", np.asarray(self.ids, dtype=np.str_))
        object.__setattr__(self, "probs", np.asarray(self.probs, dtype=np.float32))
        object.__setattr__(self, "classes", np.asarray(self.classes, dtype=np.str_))
        if error := _problem("predictions", self.ids, self.probs, self.classes):
            raise error

    def __len__(self) -> int:
        return len(self.ids)

    def save(self, path: Path) -> None:
        """Writes one uncompressed .npz that opens without unpickling."""
        with atomic_write(path) as draft:
            np.savez(draft, ids=self.ids, probs=self.probs, classes=self.classes)

    def aligned(
        self, ids: np.ndarray, where: object = "predictions"
    ) -> "Predictions":
        """The same predictions in the order of `ids` (N,), which must be exactly theirs.

        Raises:
            InputError: if an id is missing here, or if there is one too many.
        """
        if np.array_equal(self.ids, ids):
            return self
        position = {name: row for row, name in enumerate(self.ids)}
        missing = [name for name in ids if name not in position]
        extra = len(self.ids) - (len(ids) - len(missing))
        if missing or extra:
            lacks = "none missing"
            if missing:
                lacks = f"missing {len(missing):,}: {', '.join(missing[:3])}"
            raise InputError(
                where,
                expected=f"the {len(ids):,} ids of folds.csv or test.csv",
                received=f"{len(self.ids):,} ids ({lacks}; {extra:,} too many)",
                fix="rerun that train stage",
            )
        rows = [position[name] for name in ids]
        return Predictions(self.ids[rows], self.probs[rows], self.classes)


def load_predictions(path: Path) -> Predictions:
    """Predictions of an .npz that `Predictions.save` wrote.

    Raises:
        InputError: if the file is missing or is not such a file.
    """
    try:
        ids, probs, classes = read_npz(path, ["ids", "probs", "classes"])
    except DAMAGE as error:
        raise InputError(
            path,
            expected="an .npz with ids, probs, classes",
            received=getattr(error, "strerror", None) or str(error),
            fix=bring_back(path),
        ) from error
    # Here, as Predictions itself could not name the file.
    if problem := _problem(path, ids, probs, classes):
        raise problem
    return Predictions(ids, probs, classes)


def join_predictions(parts: list[Predictions]) -> Predictions:
    """All rows of `parts` under each other; the parts share no id and have the same classes."""
    same_classes(parts)
    return Predictions(
        ids=np.concatenate([part.ids for part in parts]),
        probs=np.concatenate([part.probs for part in parts]),
        classes=parts[0].classes,
    )


def same_classes(
    parts: Sequence[Predictions], paths: Sequence[object] = ()
) -> None:
    """Raises InputError unless all parts speak of the same classes in the same order.

    Args:
        parts: one or more.
        paths: where they come from, for the error.
    """
    names = paths or ["predictions"] * len(parts)
    classes = parts[0].classes
    for part, path in zip(parts, names, strict=True):
        if not np.array_equal(part.classes, classes):
            first = names[0] if paths else "the first member"
            others = [name for name in part.classes if name not in classes]
            unlike = f"as {str(others[0])!r}" if others else "in another order"
            raise InputError(
                path,
                expected=f"the {len(classes)} classes of {first}",
                received=f"{len(part.classes)}, {unlike}",
                fix="rerun the members that were trained on other data",
            )


def shape_error(
    where: object, ids: np.ndarray, probs: np.ndarray, classes: np.ndarray
) -> InputError | None:
    """What is wrong with shapes, kinds or classes, to be raised; None if nothing is.

    Args:
        where: the file, or whatever a person knows them by.
        ids: to be (N,).
        probs: to be (N, C) numbers.
        classes: to be (C,), no two alike.
    """
    fix = "rerun the stage or tool that wrote them"
    if ids.ndim != 1 or classes.ndim != 1:
        return InputError(
            where,
            expected="ids and classes in a row each",
            received=f"shapes {ids.shape} and {classes.shape}",
            fix=fix,
        )
    if ids.dtype.kind not in "USiu" or classes.dtype.kind not in "USiuf":
        return InputError(
            where,
            expected="ids and classes as text",
            received=f"{ids.dtype} and {classes.dtype}",
            fix=fix,
        )
    shape = (len(ids), len(classes))
    if probs.shape != shape or probs.dtype.kind not in "iuf":
        return InputError(
            where,
            expected=f"probs, numbers of shape {shape}",
            received=f"{probs.dtype} of shape {probs.shape}",
            fix=fix,
        )
    if len(set(classes.tolist())) < len(classes):
        doubled = next(
            name for at, name in enumerate(classes) if name in classes[:at]
        )
        return InputError(
            where,
            expected="each class once",
            received=f"{str(doubled)!r} twice",
            fix=fix,
        )
    return None


def _problem(
    where: object, ids: np.ndarray, probs: np.ndarray, classes: np.ndarray
) -> InputError | None:
    """What is wrong with them, to be raised; None if nothing is."""
    return shape_error(where, ids, probs, classes) or _content_error(
        where, ids, probs
    )


def _content_error(
    where: object, ids: np.ndarray, probs: np.ndarray
) -> InputError | None:
    unique, counts = np.unique(ids, return_counts=True)
    if len(unique) != len(ids):
        return InputError(
            where,
            expected="each id once",
            received=f"doubled ids, as {', '.join(unique[counts > 1][:3])}",
            fix="rerun the stage that wrote them",
        )
    # Written so that nan fails too. float32 softmax of 1,000 classes sums to one within 1e-5.
    sums = probs.sum(axis=1, dtype=np.float64)
    wrong = ~(np.all(probs >= 0, axis=1) & (np.abs(sums - 1) < 1e-3))
    if not wrong.any():
        return None
    row = int(wrong.argmax())
    fault = _fault(probs[row], sums[row])
    return InputError(
        where,
        expected="rows >= 0 that sum to 1",
        received=f"{wrong.sum():,} others, as {ids[row]} with {fault}",
        fix="save softmax probabilities, not logits",
    )


def _fault(row: np.ndarray, total: float) -> str:
    if not np.isfinite(row).all():
        return "nan or inf"
    return f"{row.min():.3g}" if row.min() < 0 else f"a sum of {total:.3g}"
