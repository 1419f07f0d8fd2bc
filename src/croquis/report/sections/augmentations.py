"""The page's section on augmentation: what each training saw of a few images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from croquis.augment.augment import PRESETS, Augment, words
from croquis.augment.phases import phase_at
from croquis.images.resizing import resize
from croquis.recipes.augment_params import AugmentParams
from croquis.recipes.recipes import ModelParams
from croquis.report.page_data import ImageData
from croquis.report.thumbnails import THUMB_SIDE, webp

IMAGES = 6  # rows of a sheet
FEW = 2  # rows of the sheets of presets, which maybe no model uses
DRAWS = 7  # columns beside the originals
GAP = 3  # pixels between images
BETWEEN = 225  # gray of the gaps: neither paper nor ink


class Use(NamedTuple):
    """An augmentation of one size from one epoch on, on images shrunk by one filter."""

    augment: str | AugmentParams
    image_size: int
    from_epoch: int
    interpolation: str = "bicubic"


@dataclass(frozen=True)
class Augmentation:
    """A sheet of images, each with its draws, and who trains on such, if anybody.

    Attributes:
        name: the preset.
        models: those that use it, each with the size of its images and since when.
        words: its operations.
        uri: the sheet; its draws are of one epoch after the other.
    """

    name: str
    models: list[str]
    words: str
    uri: str


def augmentations(
    recipes: Mapping[str, ModelParams],
    filters: Mapping[str, str],
    seed: int,
    data: ImageData,
) -> list[Augmentation]:
    """A sheet for each augmentation in use, pixel for pixel as the trainings draw it.

    One of all sizes, the largest: strengths are shares of it, so that the others look the same.

    Args:
        recipes: of the models of the run.
        filters: the interpolation of each.
        seed: of the run; draws are a function of it, the epoch and the image's id.
        data: the images.
    """
    by_augment: dict[str, list[Use]] = {}
    models: dict[str, list[str]] = {}
    for key, recipe in recipes.items():
        for use in uses(recipe, filters[key]):
            name = repr(use.augment)
            by_augment.setdefault(name, []).append(use)
            models.setdefault(name, []).append(_model_words(key, use))
    images = _images(data, IMAGES)
    return [
        _augmentation(
            max(same, key=lambda use: use.image_size), models[name], seed, images
        )
        for name, same in by_augment.items()
    ]


def presets(image_size: int, seed: int, data: ImageData) -> list[Augmentation]:
    """A small sheet for each named preset, whether a training uses it or not.

    Args:
        image_size: in pixels, as strengths are shares of it.
        seed: of the run.
        data: the images.
    """
    images = _images(data, FEW)
    return [
        _augmentation(Use(name, image_size, 0), [], seed, images)
        for name in PRESETS
        if PRESETS[name]
    ]


def uses(recipe: ModelParams, interpolation: str = "bicubic") -> list[Use]:
    """The augmentations of a recipe by the epochs in which they begin."""
    used: list[Use] = []
    for epoch in range(recipe.epochs):
        phase = phase_at(recipe, epoch)
        if not used or used[-1][:2] != (phase.augment, phase.image_size):
            used.append(Use(phase.augment, phase.image_size, epoch, interpolation))
    return used


def preset(augment: str | AugmentParams) -> str:
    """The name of an augmentation, whatever was changed in it."""
    return augment if isinstance(augment, str) else augment.preset


def spread_ids(data: ImageData, count: int) -> list[str]:
    """Ids of training images, at even distances among all of them in order."""
    ids = np.sort(data.folds["id"].to_numpy(dtype=str))
    return ids[
        np.linspace(0, len(ids) - 1, min(count, len(ids))).astype(int)
    ].tolist()


def augmentation_sheet(
    use: Use, seed: int, images: Mapping[str, np.ndarray]
) -> np.ndarray:
    """A row for each image, the original and its draws: (H, W) or (H, W, 3) uint8."""
    augment = Augment(use.augment, seed)
    rows = []
    for name, image in images.items():
        image = resize(image, use.image_size, use.interpolation)
        epochs = range(use.from_epoch, use.from_epoch + DRAWS)
        drawn = [augment(image, epoch=epoch, name=name) for epoch in epochs]
        rows.append(
            np.concatenate([_frame(each) for each in (image, *drawn)], axis=1)
        )
    return np.concatenate(rows)


def _model_words(key: str, use: Use) -> str:
    """tiny at 80 px from epoch 2 on"""
    since = f" from epoch {use.from_epoch} on" if use.from_epoch else ""
    return f"{key} at {use.image_size} px{since}"


def _images(data: ImageData, count: int) -> dict[str, np.ndarray]:
    ids = spread_ids(data, count)
    rows = data.pixels.rows(ids)
    return {
        name: np.asarray(data.pixels.array[row])
        for name, row in zip(ids, rows, strict=True)
    }


def _augmentation(
    use: Use, models: list[str], seed: int, images: Mapping[str, np.ndarray]
) -> Augmentation:
    return Augmentation(
        name=preset(use.augment),
        models=models,
        words=words(use.augment),
        # 60: a sheet of six drawings weighs some 60 KB
        uri=webp(augmentation_sheet(use, seed, images), quality=60),
    )


def _frame(image: np.ndarray) -> np.ndarray:
    small = resize(image, min(THUMB_SIDE, len(image)), "bicubic")
    margins = ((0, GAP), (0, GAP), (0, 0))[: image.ndim]
    return np.pad(small, margins, constant_values=BETWEEN)
