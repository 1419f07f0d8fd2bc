"""Augmentation by named presets of named operations, as a function of (seed, epoch, id).

albumentations is pinned: it draws the same random numbers in every DataLoader worker and again in
every epoch unless it is seeded before each sample, which `Augment` does.
"""

import inspect
import random
import warnings
from typing import Any

import numpy as np

from croquis.augment.ops import OPS, A
from croquis.augment.seeds import seed_of
from croquis.core.errors import InputError
from croquis.core.params import nearest
from croquis.recipes.augment_params import AugmentParams

# Of each preset its operations in order, with what differs from their defaults. Who used what, with
# which result: docs/training.md.
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "none": {},
    "course": {"hflip": {}, "turn": {}, "tone": {}},
    # Line art has no tone worth changing; the winners of the ImageNet-Sketch challenge of Boostcamp
    # (cv-18, EVA02-L with a linear head) gained .27 +- .08 points of val on five of five folds.
    "flips": {"hflip": {}, "vflip": {}, "turn": {}},
    "warp": {
        "elastic": {},
        "grid": {"limit": 0.2},
        "affine": {"degrees": 30},
        "hflip": {},
        "turn": {},
        "clahe": {},
    },
    "affine_blur": {
        "hflip": {},
        "vflip": {},
        "turn": {},
        "affine": {"scale": [1.0, 1.5], "shift": 0.0},
        "elastic": {},
        "motion_blur": {"p": 0.5},
    },
    "strong": {
        "crop": {},
        "hflip": {},
        "turn": {"degrees": 60},
        "affine": {},
        "elastic": {},
        "thicken": {},
        "thin": {},
        "motion_blur": {},
        "noise": {},
        "cutout": {},
    },
    "randaugment": {"hflip": {}, "timm": {}},
    "autoaugment": {"hflip": {}, "auto": {}},
    "trivialaugment": {"hflip": {}, "trivial": {}},
}
_TRIED = 64  # pixels a side at which settings are tried out


class Augment:
    """Augments one image as a function of (seed, epoch, id) alone, whichever worker draws it.

    Args:
        augment: a preset, or a preset with changes.
        seed: of the training.

    Raises:
        InputError: if there is no such preset, operation or setting.
    """

    def __init__(self, augment: str | AugmentParams, seed: int) -> None:
        self._ops = operations(augment)
        self._seed = seed
        self._composes: dict[int, A.Compose] = {}
        _composed(self._ops, _TRIED)

    def __call__(self, image: np.ndarray, *, epoch: int, name: str) -> np.ndarray:
        """The augmented (S, S) or (S, S, 3) uint8 image called `name`."""
        if not self._ops:
            return image
        compose = self._compose(image.shape[0])
        seed = seed_of(self._seed, epoch, name)
        # One generator for all operations: set_random_seed would start one from the same seed in
        # each, so that an image was flipped both ways and turned, or none of it.
        compose.set_random_state(np.random.default_rng(seed), random.Random(seed))
        return compose(image=image)["image"]

    def _compose(self, side: int) -> A.Compose:
        if side not in self._composes:
            self._composes[side] = _composed(self._ops, side)
        return self._composes[side]


def operations(augment: str | AugmentParams) -> dict[str, dict[str, Any]]:
    """The operations of a preset with its changes: name to what differs from its defaults.

    Raises:
        InputError: if there is no such preset or operation.
    """
    preset = augment if isinstance(augment, str) else augment.preset
    changes = {} if isinstance(augment, str) else augment.ops
    _known("augment", "a preset", preset, list(PRESETS))
    found = {name: dict(options) for name, options in PRESETS[preset].items()}
    for name, options in changes.items():
        _known(f"augment.ops.{name}", "an operation", name, list(OPS))
        if options is None:
            found.pop(name, None)
        else:
            found[name] = found.get(name, {}) | options
    return found


def words(augment: str | AugmentParams) -> str:
    """All operations with their settings: hflip (p 0.5), turn (degrees 15, p 0.5)."""
    found = []
    for name, options in operations(augment).items():
        settings = inspect.signature(OPS[name]).parameters.values()
        values = {
            one.name: one.default for one in settings if one.kind is one.KEYWORD_ONLY
        }
        texts = [f"{key} {_short(value)}" for key, value in (values | options).items()]
        found.append(f"{name} ({', '.join(texts)})")
    return ", ".join(found) or "nothing"


def _short(value: Any) -> str:
    return (
        " to ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    )


def _composed(ops: dict[str, dict[str, Any]], side: int) -> A.Compose:
    found = []
    for name, options in ops.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "error"
                )  # albumentations only warns of what it ignores
                found.append(OPS[name](side, **options))
        except (TypeError, ValueError, UserWarning) as error:
            reason = " ".join(str(error).split())[:300]
            raise InputError(
                f"augment.ops.{name}",
                expected="settings it takes",
                received=f"{options} ({reason})",
                fix="see docs/training.md",
            ) from error
    return A.Compose(found)


def _known(where: str, expected: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise InputError(
            where, expected=expected, received=repr(name), fix=nearest(name, known)
        )
