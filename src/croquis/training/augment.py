"""Augmentation presets for drawings: albumentations behind one function, with white paper.

albumentations is pinned: it draws the same random numbers in every DataLoader worker and again in
every epoch unless it is seeded before each sample, which `Augment` does.
"""

import hashlib
import os
import random

import numpy as np

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # no look-up of newer versions at import
import albumentations as A  # after the line above: it reads that at import

PAPER = 255
# Its corners are paper, not black.
_TURN = A.Rotate(limit=15, p=0.5, fill=PAPER, border_mode=0)
PRESETS: dict[str, list[A.BasicTransform]] = {
    "none": [],
    "course": [A.HorizontalFlip(p=0.5), _TURN, A.RandomBrightnessContrast(p=0.2)],
    # Line art has no tone worth changing; the winners of the ImageNet-Sketch challenge of Boostcamp
    # (cv-18, EVA02-L with a linear head) gained .27 +- .08 points of val on five of five folds.
    "flips": [A.HorizontalFlip(p=0.5), A.VerticalFlip(p=0.5), _TURN],
}


class Augment:
    """Augments one picture as a function of (seed, epoch, id) alone, whichever worker draws it."""

    def __init__(self, preset: str, seed: int) -> None:
        self._compose = A.Compose(PRESETS[preset]) if PRESETS[preset] else None
        self._seed = seed

    def __call__(self, image: np.ndarray, *, epoch: int, name: str) -> np.ndarray:
        """The augmented (S, S) or (S, S, 3) uint8 picture called `name`."""
        if self._compose is None:
            return image
        seed = sample_seed(self._seed, epoch, name)
        # One generator for all operations: set_random_seed would start one from the same seed in
        # each, so that a picture was flipped both ways and turned, or none of it.
        self._compose.set_random_state(np.random.default_rng(seed), random.Random(seed))
        return self._compose(image=image)["image"]


def sample_seed(seed: int, epoch: int, name: str) -> int:
    """32 bits that depend on all three; Python's own hash() differs between processes."""
    digest = hashlib.blake2b(f"{seed}/{epoch}/{name}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")
