"""Maps of what a network saw in its mistakes, laid over the images."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from croquis.core.errors import InputError, bring_back
from croquis.images.pixels import Pixels
from croquis.report.thumbnails import THUMB_SIDE, webp
from croquis.tables.arrays import DAMAGE, read_npz

GUESS = np.array([220, 38, 38])
LABEL = np.array([37, 99, 235])  # red and blue
NEITHER = np.array([205, 205, 205])


@dataclass(frozen=True)
class SaliencyMaps:
    """The maps by id, and whose they are; empty where no model was fine-tuned.

    Attributes:
        member: its key, or nothing.
        maps: id to (S, S) int8; above 0 for the guess, below for the label.
        failed: why some or all of them are missing, or nothing.
    """

    member: str
    maps: Mapping[str, np.ndarray]
    failed: str = ""

    def uri(self, name: str, pixels: Pixels) -> str:
        """The map of an image over it as a data URI, or nothing if there is none."""
        if name not in self.maps:
            return ""
        stored = np.asarray(pixels.array[pixels.rows([name])[0]])
        return webp(overlay(stored, self.maps[name]), quality=80)


def read_saliency_maps(path: Path) -> SaliencyMaps:
    """Raises InputError if the file is not what the stage explain writes."""
    try:
        ids, maps, member, failed = read_npz(
            path, ["ids", "maps", "member", "failed"]
        )
        by_id = dict(zip(ids.tolist(), maps, strict=True))
        return SaliencyMaps(str(member), by_id, str(failed))
    except DAMAGE as error:
        raise InputError(
            path,
            expected="an .npz with ids, maps, member, failed",
            received=getattr(error, "strerror", None) or str(error),
            fix=bring_back(path),
        ) from error


def overlay(
    image: np.ndarray, saliency: np.ndarray, side: int = THUMB_SIDE
) -> np.ndarray:
    """An image whose ink is red where it spoke for the guess, blue where for the label, else gray.

    Args:
        image: (S, S) or (S, S, 3) uint8.
        saliency: (T, T) int8, above 0 for the guess.
        side: of what comes back, (side, side, 3) uint8.
    """
    gray = image if image.ndim == 2 else image.mean(axis=2).astype(np.uint8)
    small = cv2.resize(gray, (side, side), interpolation=cv2.INTER_AREA)
    ink = 1 - small[..., None] / 255
    # Smoothed, as the erased parts were squares.
    signed = cv2.resize(saliency.astype(np.float32) / 127, (side, side))
    signed = cv2.GaussianBlur(signed, (0, 0), 0.04 * side)[..., None]
    strength = np.abs(signed)
    strongest = np.where(signed > 0, GUESS, LABEL)
    colour = NEITHER * (1 - strength) + strongest * strength
    return np.clip(255 - ink * (255 - colour), 0, 255).round().astype(np.uint8)
