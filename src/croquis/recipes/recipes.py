"""Recipes of fine-tuned models: the keys of `train` and `models.<key>`. No torch here."""

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from croquis.core import params
from croquis.core.errors import InputError
from croquis.recipes.augment_params import AugmentParams
from croquis.recipes.head_params import HeadShape
from croquis.recipes.view_params import Views

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


class PhaseParams(params.Section):
    """A part of a curriculum: what holds from an epoch on."""

    from_epoch: Annotated[int, Field(ge=0)]
    augment: str | AugmentParams
    lr_factor: Positive
    image_size: Annotated[int, Field(ge=8)] | None = (
        None  # of training images; null: the model's
    )


class MixParams(params.Section):
    """Mixup and cutmix of pairs of a batch, through timm."""

    prob: Annotated[float, Field(ge=0, le=1)]  # of a batch to be mixed at all
    mixup: Annotated[float, Field(ge=0)]  # alpha of Beta(alpha, alpha); 0: no mixup
    cutmix: Annotated[
        float, Field(ge=0)
    ]  # the same; with both, each takes half of the batches
    clip: (
        Annotated[list[Share], Field(min_length=2, max_length=2)] | None
    )  # bounds of lambda
    off_last_epochs: Annotated[int, Field(ge=0)]  # plain batches at the end


class LoraParams(params.Section):
    """Low-rank adapters on a frozen backbone, merged into it at the end."""

    rank: Annotated[int, Field(ge=1)]
    alpha: Positive  # the adapters act with alpha / rank
    dropout: Share
    targets: str  # a regular expression that names of whole modules match


class TrainParams(params.Section):
    """Defaults of every model; each key may stand in `models.<key>` too, and wins there."""

    epochs: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=2)]  # batch normalisation needs two
    micro_batch: (
        Annotated[int, Field(ge=1)] | None
    )  # images at once; their gradients add up
    grad_checkpointing: bool  # memory for a third more computing
    optimizer: str  # a timm name
    weight_decay: Annotated[float, Field(ge=0)]
    # lr factor from each layer to the one below
    layer_decay: Annotated[float, Field(gt=0, le=1)] | None
    head_lr_mult: Positive  # factor on the lr of the head
    warmup_epochs: Annotated[float, Field(ge=0)]
    schedule: Literal["cosine", "constant", "step", "restarts", "cyclic", "plateau"]
    cycle_epochs: (
        Positive  # from step to step, restart to restart, floor to floor; patience
    )
    cycle_factor: Annotated[float, Field(gt=0, le=1)]  # on the lr after each cycle
    min_lr: Annotated[float, Field(ge=0)]  # the floor, as a share of the peak
    clip_grad: Positive | None  # largest norm of the gradient
    loss: Literal["ce", "bce", "focal"]
    focal_gamma: Annotated[float, Field(ge=0)]
    label_smoothing: Share
    drop_rate: Share
    drop_path_rate: Share
    ema_decay: Share | None
    average_epochs: Annotated[
        int, Field(ge=0)
    ]  # mean of the weights after each of the last ones
    augment: str | AugmentParams
    tta: Views  # of val and test images; their probabilities are averaged
    phases: list[PhaseParams]
    mix: MixParams | None
    group_weights: bool  # each group of copies counts once in the loss
    head: HeadShape
    head_start: Literal["random", "probe", "imagenet"]
    trainable: list[str] | None  # regular expressions of parameters' names; null: all
    lora: LoraParams | None


class ModelParams(TrainParams):
    """One fine-tuned model with everything resolved."""

    # full timm name, or several: their features are joined, trained end to end
    backbone: str | Annotated[list[str], Field(min_length=2)]
    # false | true (timm's hub) | "bundled" | a path to weights, where {fold} is the fold's number;
    # of several backbones one for all, or one for each
    pretrained: bool | str | list[bool | str]
    image_size: Annotated[int, Field(ge=8)]
    lr_mult: Positive  # factor on the top-level lr


def spans(recipe: TrainParams) -> tuple[float, float]:
    """How many epochs the warm-up takes, and how many a cycle of the learning rate."""
    warmup = min(
        recipe.warmup_epochs, recipe.epochs / 2
    )  # short runs still reach their peak
    if recipe.schedule == "cyclic":
        warmup = 0.0  # its triangles rise by themselves
    return warmup, min(recipe.cycle_epochs, recipe.epochs - warmup)


def cycles(recipe: TrainParams) -> int:
    """How many cycles of the learning rate end before the training does; each leaves a snapshot."""
    if recipe.schedule not in ("restarts", "cyclic"):
        return 0  # others come to no floor before their end
    warmup, cycle = spans(recipe)
    return math.ceil((recipe.epochs - warmup) / cycle - 1e-9) - 1


def resolve_model(tree: dict[str, Any], key: str) -> ModelParams:
    """The recipe of model `key`: its own block over the defaults of `train`.

    Args:
        tree: all of params.yaml.
        key: a key of `models`.

    Raises:
        InputError: on unknown or missing keys and impossible values, naming their block.
    """
    train = params.validated(TrainParams, params.required(tree, "train"), where="train")
    models = params.required(tree, "models")
    if not isinstance(models, dict) or key not in models:
        known = params.nearest(key, list(models or {}))
        raise InputError(
            "run.models", expected="keys of `models`", received=repr(key), fix=known
        )
    block = models[key]
    if not isinstance(block, dict):
        fix = "see the other entries"
        raise InputError(
            f"models.{key}", expected="a block of keys", received=repr(block), fix=fix
        )
    return params.validated(
        ModelParams, train.model_dump() | block, where=f"models.{key}"
    )


def recipe_of_fold(recipe: ModelParams, fold: int) -> ModelParams:
    """The recipe of a fold: its number stands for {fold} in paths of `pretrained`."""
    asked = recipe.pretrained
    named = [
        each.replace("{fold}", str(fold)) if isinstance(each, str) else each
        for each in (asked if isinstance(asked, list) else [asked])
    ]
    return recipe.model_copy(
        update={"pretrained": named if isinstance(asked, list) else named[0]}
    )


def model_recipe(key: str, path: Path = params.PARAMS) -> ModelParams:
    """The recipe of model `key` in params.yaml."""
    return resolve_model(params.read(path), key)
