"""The page's section on mistakes: pictures the ensemble got wrong out of fold, the surest first."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from croquis.predictions import Predictions
from croquis.report.pictures import Thumbnail, Thumbnails

SHOWN = 24


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction, how sure it was, and how many members had known better."""

    picture: Thumbnail
    predicted: str
    confidence: float
    right_members: int


def surest_mistakes(
    labels: np.ndarray, oof: Predictions, members: Mapping[str, Predictions], thumbnails: Thumbnails
) -> list[Mistake]:
    """The wrong predictions with the highest confidence, highest first, then by id.

    Args:
        labels: (N,) true labels in the order of `oof`.
        oof: of the ensemble.
        members: OOF of each of its members.
        thumbnails: the pictures.
    """
    preds, confidence = oof.probs.argmax(axis=1), oof.probs.max(axis=1)
    wrong = np.flatnonzero(preds != labels)
    rows = wrong[np.lexsort((oof.ids[wrong], -confidence[wrong]))][:SHOWN]
    aligned = [member.aligned(oof.ids).probs for member in members.values()]
    right = [int(sum(probs[row].argmax() == labels[row] for probs in aligned)) for row in rows]
    pictures = thumbnails.of(oof.ids[rows].tolist())
    return [
        Mistake(picture, str(oof.classes[preds[row]]), float(confidence[row]), knew)
        for picture, row, knew in zip(pictures, rows, right, strict=True)
    ]
