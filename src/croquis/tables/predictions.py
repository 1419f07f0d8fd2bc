"""Class probabilities that travel with their ids, from training to submission."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from croquis.core.errors import InputError
from croquis.core.files import atomic_write


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
        if problem := _problem(self.ids, self.probs, self.classes):
            raise InputError("predictions", **problem)

    def __len__(self) -> int:
        return len(self.ids)

    def save(self, path: Path) -> None:
        """Writes one uncompressed .npz that opens without unpickling."""
        with atomic_write(path) as draft:
            np.savez(draft, ids=self.ids, probs=self.probs, classes=self.classes)

    def aligned(self, ids: np.ndarray, where: object = "predictions") -> "Predictions":
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
            expected = f"the {len(ids):,} ids of folds.csv or test.csv"
            shown = (
                f"missing {len(missing):,}: {', '.join(missing[:3])}"
                if missing
                else "none missing"
            )
            received = f"{len(self.ids):,} ids ({shown}; {extra:,} too many)"
            raise InputError(
                where,
                expected=expected,
                received=received,
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
        # numpy leaves a broken file open where it opened it.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            parts = file["ids"], file["probs"], file["classes"]
    except (OSError, KeyError, ValueError, TypeError, EOFError, BadZipFile) as error:
        expected = "an .npz with ids, probs, classes"
        raise InputError(
            path, expected=expected, received=str(error), fix="run `dvc repro`"
        ) from error
    if problem := _problem(*parts):
        raise InputError(
            path, **problem
        )  # names the file, as Predictions itself could not
    return Predictions(*parts)


def join_predictions(parts: list[Predictions]) -> Predictions:
    """All rows of `parts` under each other; the parts share no id and have the same classes."""
    same_classes(parts)
    ids = np.concatenate([part.ids for part in parts])
    return Predictions(
        ids, np.concatenate([part.probs for part in parts]), parts[0].classes
    )


def same_classes(parts: list[Predictions], paths: Sequence[object] = ()) -> None:
    """Raises InputError unless all parts speak of the same classes in the same order.

    Args:
        parts: one or more.
        paths: where they come from, for the error.
    """
    named = paths or ["predictions"] * len(parts)
    for part, path in zip(parts, named, strict=True):
        if not np.array_equal(part.classes, parts[0].classes):
            first = f" of {named[0]}" if paths else " of the first member"
            expected = f"the {len(parts[0].classes)} classes{first}"
            unlike = [name for name in part.classes if name not in parts[0].classes][:1]
            shown = f"as {str(unlike[0])!r}" if unlike else "in another order"
            received = f"{len(part.classes)}, {shown}"
            fix = "rerun the members that were trained on other data"
            raise InputError(path, expected=expected, received=received, fix=fix)


def misshapen(
    ids: np.ndarray, probs: np.ndarray, classes: np.ndarray
) -> dict[str, str] | None:
    """What is wrong with shapes, kinds or classes, as the parts of an error, or None."""
    fix = "rerun the stage or tool that wrote them"
    if ids.ndim != 1 or classes.ndim != 1:
        received = f"shapes {ids.shape} and {classes.shape}"
        return {
            "expected": "ids and classes in a row each",
            "received": received,
            "fix": fix,
        }
    shape = (len(ids), len(classes))
    if probs.shape != shape or probs.dtype.kind not in "iuf":
        received = f"{probs.dtype} of shape {probs.shape}"
        return {
            "expected": f"probs, numbers of shape {shape}",
            "received": received,
            "fix": fix,
        }
    if len(set(classes.tolist())) < len(classes):
        doubled = next(name for at, name in enumerate(classes) if name in classes[:at])
        received = f"{str(doubled)!r} twice"
        return {"expected": "each class once", "received": received, "fix": fix}
    return None


def _problem(
    ids: np.ndarray, probs: np.ndarray, classes: np.ndarray
) -> dict[str, str] | None:
    """What is wrong, as the parts of an error, or None."""
    if problem := misshapen(ids, probs, classes):
        return problem
    fix = "rerun the stage that wrote them"
    unique, counts = np.unique(ids, return_counts=True)
    if len(unique) != len(ids):
        doubled = ", ".join(unique[counts > 1][:3])
        return {
            "expected": "each id once",
            "received": f"doubled ids, as {doubled}",
            "fix": fix,
        }
    # Written so that nan fails too. float32 softmax of 1,000 classes sums to one within 1e-5.
    sums = probs.sum(axis=1, dtype=np.float64)
    wrong = ~(np.all(probs >= 0, axis=1) & (np.abs(sums - 1) < 1e-3))
    if wrong.any():
        row = int(wrong.argmax())
        received = (
            f"{wrong.sum():,} others, as {ids[row]} with {_said(probs[row], sums[row])}"
        )
        fix = "save softmax probabilities, not logits"
        return {"expected": "rows >= 0 that sum to 1", "received": received, "fix": fix}
    return None


def _said(row: np.ndarray, total: float) -> str:
    if not np.isfinite(row).all():
        return "nan or inf"
    return f"{row.min():.3g}" if row.min() < 0 else f"a sum of {total:.3g}"
