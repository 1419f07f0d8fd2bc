"""The page's section on mistakes: images the ensemble got wrong out of fold, the surest first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from croquis.report.images import Thumbnail, Thumbnails
from croquis.scoring.ranking import surest
from croquis.tables.predictions import Predictions


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction, how sure it was, and how many members had known better.

    `look` is what a network saw in it, as a data URI or nothing.
    """

    image: Thumbnail
    predicted: str
    confidence: float
    right_members: int
    look: str


def surest_mistakes(
    labels: np.ndarray,
    oof: Predictions,
    groups: np.ndarray,
    members: Mapping[str, Predictions],
    thumbnails: Thumbnails,
    look: Callable[[str], str],
) -> list[Mistake]:
    """The wrong predictions with the highest confidence, as `ranking.surest` has them.

    Args:
        labels: (N,) true labels in the order of `oof`.
        oof: of the ensemble.
        groups: (N,) of copies.
        members: OOF of each of its members.
        thumbnails: the images.
        look: gives the map of an id.
    """
    preds = oof.probs.argmax(axis=1)
    confidence = oof.probs.max(axis=1)
    rows = surest(labels, oof, groups)
    aligned = [member.aligned(oof.ids).probs for member in members.values()]
    right = [
        int(sum(probs[row].argmax() == labels[row] for probs in aligned))
        for row in rows
    ]
    images = thumbnails.of(oof.ids[rows].tolist())
    return [
        Mistake(
            image,
            str(oof.classes[preds[row]]),
            float(confidence[row]),
            knew,
            look(image.id),
        )
        for image, row, knew in zip(images, rows, right, strict=True)
    ]
