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

Settings = dict[str, Any]  # of one operation, by name
# Of each preset its operations in order, with what differs from their defaults. Who used what, with
# which result: docs/training.md.
PRESETS: dict[str, dict[str, Settings]] = {
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
    """Augments one image as a function of (seed, epoch, name) alone, whichever worker draws it.

    >>> augment = Augment("flips", seed=42)
    >>> image = np.full((64, 64), 255, np.uint8)
    >>> augment(image, epoch=0, name="train/cat/0.png").shape
    (64, 64)

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
        _compose(self._ops, _TRIED)

    def __call__(self, image: np.ndarray, *, epoch: int, name: str) -> np.ndarray:
        """The image as a training sees it: a new one, or itself where nothing is to do.

        Args:
            image: (S, S) or (S, S, 3) uint8, where 255 is paper.
            epoch: from 0; each draws anew.
            name: the image's id; two of them are drawn apart.

        Returns:
            An image of the same shape and type.
        """
        if not self._ops:
            return image
        compose = self._compose_at(image.shape[0])
        seed = seed_of(self._seed, epoch, name)
        # One generator for all operations: set_random_seed would start one from the same seed in
        # each, so that an image was flipped both ways and turned, or none of it.
        compose.set_random_state(np.random.default_rng(seed), random.Random(seed))
        return compose(image=image)["image"]

    def _compose_at(self, side: int) -> A.Compose:
        if side not in self._composes:
            self._composes[side] = _compose(self._ops, side)
        return self._composes[side]


def operations(augment: str | AugmentParams) -> dict[str, Settings]:
    """The operations of a preset with its changes: name to what differs from its defaults.

    Raises:
        InputError: if there is no such preset or operation.
    """
    preset = augment if isinstance(augment, str) else augment.preset
    changes = {} if isinstance(augment, str) else augment.ops
    _check_name("augment", "a preset", preset, list(PRESETS))
    ops = {name: dict(settings) for name, settings in PRESETS[preset].items()}
    for name, settings in changes.items():
        _check_name(f"augment.ops.{name}", "an operation", name, list(OPS))
        if settings is None:
            ops.pop(name, None)
        else:
            ops[name] = ops.get(name, {}) | settings
    return ops


def words(augment: str | AugmentParams) -> str:
    """All operations with their settings: hflip (p 0.5), turn (degrees 15, p 0.5)."""
    ops = operations(augment)
    texts = [
        f"{name} ({_listed(defaults(name) | settings)})"
        for name, settings in ops.items()
    ]
    return ", ".join(texts) or "nothing"


def defaults(op: str) -> Settings:
    """The settings of an operation with their defaults: the keywords of its function."""
    keywords = inspect.signature(OPS[op]).parameters.values()
    return {
        one.name: one.default for one in keywords if one.kind is one.KEYWORD_ONLY
    }


def _listed(settings: Settings) -> str:
    return ", ".join(f"{key} {_short(value)}" for key, value in settings.items())


def _short(value: Any) -> str:
    if isinstance(value, tuple | list):
        return " to ".join(map(str, value))
    return str(value)


def _compose(ops: dict[str, Settings], side: int) -> A.Compose:
    return A.Compose(
        [_build(name, side, settings) for name, settings in ops.items()]
    )


def _build(op: str, side: int, settings: Settings) -> A.BasicTransform:
    try:
        with warnings.catch_warnings():
            # albumentations only warns of what it ignores.
            warnings.simplefilter("error")
            return OPS[op](side, **settings)
    except (TypeError, ValueError, UserWarning) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"augment.ops.{op}",
            expected="settings it takes",
            received=f"{settings} ({reason})",
            fix=f"change these; by default: {_listed(defaults(op))}",
        ) from error


def _check_name(where: str, expected: str, name: str, names: list[str]) -> None:
    if name not in names:
        raise InputError(
            where, expected=expected, received=repr(name), fix=nearest(name, names)
        )
