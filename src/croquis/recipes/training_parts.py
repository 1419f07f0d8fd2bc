"""Parts of a model's training that a recipe may leave out: a curriculum, mixing, adapters."""

from typing import Annotated

from pydantic import Field

from croquis.core import params
from croquis.recipes.augment_params import AugmentParams
from croquis.recipes.shared_params import (
    MOST_EPOCHS,
    MOST_FACTOR,
    MOST_SIDE,
    MOST_WIDTH,
)

Positive = Annotated[float, Field(gt=0, le=MOST_FACTOR)]
Share = Annotated[float, Field(ge=0, lt=1)]


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


class LoraParams(params.Section):
    """Low-rank adapters on a frozen backbone, merged into it at the end."""

    rank: int = Field(
        default=8, ge=1, le=MOST_WIDTH, description="The rank of each adapter."
    )
    alpha: Positive = Field(
        default=16.0, description="The adapters act with alpha / rank."
    )
    dropout: Share = Field(
        default=0.1, description="The dropout before each adapter, a share."
    )
    targets: str = Field(
        default=r".*blocks\..*\.(qkv|proj)",
        description="A regular expression that names of whole modules match.",
    )
