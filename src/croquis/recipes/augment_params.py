"""How augmentation, its phases and mixing are written in params.yaml. No albumentations here."""

from typing import Annotated, Any

from pydantic import Field

from croquis.core import params
from croquis.recipes.shared_params import (
    MOST_EPOCHS,
    MOST_FACTOR,
    MOST_SIDE,
    Positive,
    Share,
)


class AugmentParams(params.Section):
    """A preset with some of its operations changed, added, or (null) taken out."""

    preset: str = Field(
        default="flips", description="The preset to begin with (docs/training.md)."
    )
    ops: dict[str, dict[str, Any] | None] = Field(
        default={},
        description="Operations with the settings that differ; null takes one out.",
    )


class PhaseParams(params.Section):
    """A part of a curriculum: what holds from an epoch on."""

    OPTIONAL = frozenset({"image_size"})

    from_epoch: int = Field(
        ge=0, le=MOST_EPOCHS, description="The first epoch of it, from 0."
    )
    augment: str | AugmentParams = Field(description="Its augmentation.")
    lr_factor: Positive = Field(default=1.0, description="The factor on the lr.")
    image_size: Annotated[int, Field(ge=8, le=MOST_SIDE)] | None = Field(
        default=None,
        description="The side of training images, in pixels; null: the model's.",
    )


class MixParams(params.Section):
    """Mixup and cutmix of pairs of a batch, through timm."""

    prob: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.5, description="The share of batches that are mixed at all."
    )
    mixup: Annotated[float, Field(ge=0, le=MOST_FACTOR)] = Field(
        default=1.0, description="Alpha of Beta(alpha, alpha) for mixup; 0: none."
    )
    cutmix: Annotated[float, Field(ge=0, le=MOST_FACTOR)] = Field(
        default=1.0,
        description="The same for cutmix; with both, each takes half of the batches.",
    )
    clip: Annotated[list[Share], Field(min_length=2, max_length=2)] | None = Field(
        default=None, description="Bounds of lambda, [low, high]; null: 0 and 1."
    )
    off_last_epochs: int = Field(
        default=0,
        ge=0,
        le=MOST_EPOCHS,
        description="Epochs at the end that mix nothing.",
    )
