"""Recipes of fine-tuned models: the keys of `train` and `models.<key>`. No torch here."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from croquis import params
from croquis.errors import InputError

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


class TrainParams(params.Section):
    """Defaults of every model; each key may stand in `models.<key>` too, and wins there."""

    epochs: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=2)]  # batch normalisation needs two
    optimizer: str  # a timm name
    weight_decay: Annotated[float, Field(ge=0)]
    # lr factor from each layer to the one below
    layer_decay: Annotated[float, Field(gt=0, le=1)] | None
    warmup_epochs: Annotated[float, Field(ge=0)]
    schedule: Literal["cosine", "constant"]
    min_lr: Annotated[float, Field(ge=0)]  # the floor, as a share of the peak
    clip_grad: Positive | None  # largest norm of the gradient
    label_smoothing: Share
    drop_rate: Share
    drop_path_rate: Share
    ema_decay: Share | None
    augment: Literal["none", "flips", "course"]
    group_weights: bool  # each group of copies counts once in the loss


class ModelParams(TrainParams):
    """One fine-tuned model with everything resolved."""

    backbone: str  # full timm name
    pretrained: bool | str  # false | true (timm's hub) | "bundled" | a path to weights
    image_size: Annotated[int, Field(ge=8)]
    lr_mult: Positive  # factor on the top-level lr


def resolved(tree: dict[str, Any], key: str) -> ModelParams:
    """The recipe of model `key`: its own block over the defaults of `train`.

    Args:
        tree: all of params.yaml.
        key: a key of `models`.

    Raises:
        InputError: on unknown or missing keys and impossible values, naming their block.
    """
    train = params.checked(TrainParams, params.required(tree, "train"), where="train")
    models = params.required(tree, "models")
    if not isinstance(models, dict) or key not in models:
        known = params.nearest(key, list(models or {}))
        raise InputError("run.models", expected="keys of `models`", received=repr(key), fix=known)
    block = models[key]
    if not isinstance(block, dict):
        fix = "see the other entries"
        raise InputError(f"models.{key}", expected="a block of keys", received=repr(block), fix=fix)
    return params.checked(ModelParams, train.model_dump() | block, where=f"models.{key}")


def recipe(key: str, path: Path = params.PARAMS) -> ModelParams:
    """The recipe of model `key` in params.yaml."""
    return resolved(params.read(path), key)
