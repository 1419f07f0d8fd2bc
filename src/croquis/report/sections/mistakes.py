"""The page's section on mistakes: images the ensemble got wrong out of fold, the surest first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from croquis.report.thumbnails import Thumbnail, Thumbnails
from croquis.scoring.ranking import surest
from croquis.tables.predictions import Predictions


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction.

    Attributes:
        image: with its class.
        predicted: the class that was predicted.
        confidence: the probability of that class.
        right_members: how many members were right.
        map_uri: what a network saw in it, as a data URI or nothing.
    """

    image: Thumbnail
    predicted: str
    confidence: float
    right_members: int
    map_uri: str


def surest_mistakes(
    labels: np.ndarray,
    oof: Predictions,
    groups: np.ndarray,
    members: Mapping[str, Predictions],
    thumbnails: Thumbnails,
    map_uri: Callable[[str], str],
) -> list[Mistake]:
    """The wrong predictions with the highest confidence, as `ranking.surest` has them.

    Args:
        labels: (N,) true labels in the order of `oof`.
        oof: of the ensemble.
        groups: (N,) of copies.
        members: OOF of each of its members.
        thumbnails: the images.
        map_uri: gives the map of an id.
    """
    preds = oof.probs.argmax(axis=1)
    confidence = oof.probs.max(axis=1)
    rows = surest(labels, oof, groups)
    right_members = count_right_members(labels, oof, members)
    images = thumbnails.of(oof.ids[rows].tolist())
    return [
        Mistake(
            image,
            predicted=str(oof.classes[preds[row]]),
            confidence=float(confidence[row]),
            right_members=int(right_members[row]),
            map_uri=map_uri(image.id),
        )
        for image, row in zip(images, rows, strict=True)
    ]


def count_right_members(
    labels: np.ndarray, oof: Predictions, members: Mapping[str, Predictions]
) -> np.ndarray:
    """How many members are right on each image of `oof`, (N,) int."""
    count = np.zeros(len(labels), np.int64)
    for member in members.values():
        count += member.aligned(oof.ids).probs.argmax(axis=1) == labels
    return count
