"""A curriculum: which augmentation, factor on the lr and size of images hold in an epoch."""

from dataclasses import dataclass

import numpy as np

from croquis.augment.augment import Augment
from croquis.core.errors import InputError
from croquis.recipes.augment_params import AugmentParams
from croquis.recipes.recipes import ModelParams


@dataclass(frozen=True)
class Phase:
    """What holds from an epoch on."""

    augment: str | AugmentParams
    lr_factor: float
    image_size: int


def phase_at(recipe: ModelParams, epoch: int) -> Phase:
    """The phase of an epoch; before the first one the recipe's own augmentation and size, and 1."""
    begun = [phase for phase in recipe.phases if phase.from_epoch <= epoch]
    if not begun:
        return Phase(recipe.augment, 1.0, recipe.image_size)
    last = begun[-1]
    return Phase(last.augment, last.lr_factor, last.image_size or recipe.image_size)


class Curriculum:
    """Augments by the epoch's phase; used as an `Augment`.

    Raises:
        InputError: if phases are out of order or begin after the last epoch.
    """

    def __init__(self, recipe: ModelParams, seed: int) -> None:
        check_phases(recipe)
        self._recipe = recipe
        kinds = {
            _key(phase_at(recipe, epoch)): epoch for epoch in range(recipe.epochs)
        }
        self._augments = {
            key: Augment(phase_at(recipe, epoch).augment, seed)
            for key, epoch in kinds.items()
        }

    def __call__(self, image: np.ndarray, *, epoch: int, name: str) -> np.ndarray:
        """The augmented (S, S) or (S, S, 3) uint8 image called `name`."""
        augment = self._augments[_key(phase_at(self._recipe, epoch))]
        return augment(image, epoch=epoch, name=name)

    def lr_factor(self, epoch: int) -> float:
        """The factor on the lr in an epoch."""
        return phase_at(self._recipe, epoch).lr_factor

    @property
    def image_sizes(self) -> set[int]:
        """All sizes of the curriculum."""
        return {self.image_size(epoch) for epoch in range(self._recipe.epochs)}

    def image_size(self, epoch: int) -> int:
        """Pixels a side of the images that an epoch trains on."""
        return phase_at(self._recipe, epoch).image_size


def check_phases(recipe: ModelParams) -> None:
    """Raises InputError unless phases rise and begin before the last epoch."""
    starts = [phase.from_epoch for phase in recipe.phases]
    if starts != sorted(set(starts)) or any(
        start >= recipe.epochs for start in starts
    ):
        expected = f"rising from_epoch below epochs ({recipe.epochs})"
        raise InputError(
            "phases",
            expected=expected,
            received=str(starts),
            fix="correct these numbers",
        )


def _key(phase: Phase) -> str:
    return str(phase.augment)
