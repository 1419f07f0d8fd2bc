"""Recipes of fine-tuned models: `train`, `families` and `models.<key>`. No torch here."""

import math
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from croquis.core import params
from croquis.recipes.augment_params import AugmentParams, MixParams, PhaseParams
from croquis.recipes.head_params import HeadShape
from croquis.recipes.learning_rates import peak_lr
from croquis.recipes.settings_layers import LIKE, entry_of, family_of, merge_layers
from croquis.recipes.shared_params import (
    MOST_BATCH,
    MOST_EPOCHS,
    MOST_FACTOR,
    MOST_NAMED,
    MOST_SIDE,
    MOST_WIDTH,
    LossParams,
    Positive,
    Schedule,
    Share,
)
from croquis.recipes.view_params import Views


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


class TrainParams(LossParams):
    """Defaults of every model; each key may stand in `models.<key>` too, and wins there."""

    pretrained: bool | str | list[bool | str] = Field(
        default=True,
        # In a path {fold} is the fold's number; of several backbones one for all, or one for each.
        description="The weights to begin with: true (timm's hub), bundled, a path, or false.",
    )
    epochs: int = Field(
        default=10,
        ge=1,
        le=MOST_EPOCHS,
        description="Passes over the training images.",
    )
    batch_size: int = Field(  # batch normalisation needs two
        default=64,
        ge=2,
        le=MOST_BATCH,
        description="Images of one update of the weights.",
    )
    micro_batch: Annotated[int, Field(ge=1, le=MOST_BATCH)] | None = Field(
        default=None,
        description="Images at once, where a batch does not fit the card; null: the batch.",
    )
    grad_checkpointing: bool = Field(
        default=False, description="Less memory for a third more computing."
    )
    optimizer: str = Field(
        default="adamw",
        description="A timm name: adamw, adam, radam, sgd, lookahead_adamw.",
    )
    weight_decay: float = Field(
        default=0.05,
        ge=0,
        le=MOST_FACTOR,
        description="The weight decay of the optimizer.",
    )
    layer_decay: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None,
        description="The factor on the lr from each layer to the one below it; null: none.",
    )
    head_lr_mult: Positive = Field(
        default=1.0, description="The factor on the lr of the head."
    )
    warmup_epochs: float = Field(
        default=1.0,
        ge=0,
        le=MOST_EPOCHS,
        description="Epochs in which the lr rises to its peak; at most half of all.",
    )
    schedule: Schedule = Field(
        default="cosine", description="How the lr goes on after the warm-up."
    )
    cycle_epochs: Positive = Field(
        default=10.0,
        description="Epochs between steps, restarts or floors; the patience of plateau.",
    )
    cycle_factor: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="The factor on the lr after each cycle; 0.1 for the usual step.",
    )
    min_lr: float = Field(
        default=0.01,
        ge=0,
        le=MOST_FACTOR,
        description="The floor of the lr, as a share of its peak.",
    )
    clip_grad: Positive | None = Field(
        default=None, description="The largest norm of the gradient; null: any."
    )
    label_smoothing: Share = Field(
        default=0.1,
        description="The share of each label that is spread over all classes.",
    )
    drop_rate: Share = Field(
        default=0.0, description="The dropout before the head, a share."
    )
    drop_path_rate: Share = Field(
        default=0.0,
        description="The share of paths that are left out, in the last layer.",
    )
    ema_decay: Share | None = Field(
        default=None,
        description="The decay of a running average of the weights; null: none.",
    )
    average_epochs: int = Field(
        default=0,
        ge=0,
        le=MOST_EPOCHS,
        description="The mean of the weights after each of so many last epochs; 0: none.",
    )
    augment: str | AugmentParams = Field(
        default="flips",
        description="A preset, or {preset: flips, ops: {tone: {p: 0.2}, turn: null}}.",
    )
    tta: Views = Field(
        default=["identity"],
        description="Flips and turns of val and test images; their probabilities are averaged.",
    )
    phases: list[PhaseParams] = Field(
        default=[],
        max_length=MOST_NAMED,
        description="A curriculum: [{from_epoch: 5, augment: course, lr_factor: 0.5}, ...].",
    )
    mix: MixParams | None = Field(
        default=None,
        description="Mixed images: {prob: 0.5, mixup: 1.0, cutmix: 1.0, clip: null, "
        "off_last_epochs: 0}.",
    )
    group_weights: bool = Field(
        default=False,
        description="Whether a group of copies counts once in the loss, not once an image.",
    )
    head: HeadShape = Field(
        default=HeadShape(),
        description="The layers of the head; none: it is linear.",
    )
    head_start: Literal["random", "probe", "imagenet"] = Field(
        default="random",
        description="The head's first weights; probe trains them on frozen features first.",
    )
    trainable: list[str] | None = Field(
        default=None,
        description="Patterns of the parameters that train, ['attn', 'head']; null: all.",
    )
    lora: LoraParams | None = Field(
        default=None,
        description="Adapters: {rank: 8, alpha: 16, dropout: 0.1, targets: a pattern}.",
    )


class ModelParams(TrainParams):
    """One fine-tuned model: what its entry may say, defaults included."""

    backbone: str | Annotated[list[str], Field(min_length=2)] = Field(
        description="The full timm name, or several: their features are joined."
    )
    image_size: int = Field(
        ge=8,
        le=MOST_SIDE,
        description="The side of the images that the network gets, in pixels.",
    )
    lr_mult: Positive = Field(description="The factor on the top-level lr.")


# What a family may leave to the entries, so that it can be checked alone.
ANY_MODEL = {"backbone": "any", "image_size": 8, "lr_mult": 1.0}


class ModelRecipe(ModelParams):
    """One fine-tuned model with everything resolved, its learning rate included.

    Nobody writes `lr` in an entry of `models`: `resolve_model` computes it.
    """

    lr: Positive  # the peak: the top-level lr times lr_mult


class Scheduled(Protocol):
    """What has a schedule of the learning rate: a model, or the head of a probe."""

    @property
    def epochs(self) -> int: ...
    @property
    def schedule(self) -> str: ...
    @property
    def warmup_epochs(self) -> float: ...
    @property
    def cycle_epochs(self) -> float: ...


def spans(recipe: Scheduled) -> tuple[float, float]:
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


def resolve_model(tree: dict[str, Any], key: str) -> ModelRecipe:
    """The recipe of model `key`: its own block over its family over the defaults of `train`.

    Args:
        tree: all of params.yaml.
        key: a key of `models`.

    Raises:
        InputError: on unknown or missing keys and impossible values, naming their block.
    """
    train = params.validated(
        TrainParams, params.required(tree, "train"), where="train"
    )
    entry = entry_of(tree, "models", key)
    where = f"models.{key}"
    family = family_of(tree, entry, where)
    if family:
        check_family(train, family, where=f"families.{entry[LIKE]}")
    own = {name: value for name, value in entry.items() if name != LIKE}
    content = merge_layers(ModelParams, train.model_dump(), family, own)
    entry_params = params.validated(ModelParams, content, where=where)
    lr = peak_lr(tree, entry_params.lr_mult)
    return ModelRecipe(**entry_params.model_dump(), lr=lr)


def check_family(train: TrainParams, family: dict[str, Any], *, where: str) -> None:
    """Raises InputError at the first thing in a family that no model could have."""
    content = merge_layers(ModelParams, train.model_dump(), ANY_MODEL, family)
    params.validated(ModelParams, content, where=where)


def recipe_of_fold(recipe: ModelRecipe, fold: int) -> ModelRecipe:
    """The recipe of a fold: its number stands for {fold} in paths of `pretrained`."""
    asked = recipe.pretrained
    named = [
        each.replace("{fold}", str(fold)) if isinstance(each, str) else each
        for each in (asked if isinstance(asked, list) else [asked])
    ]
    return recipe.model_copy(
        update={"pretrained": named if isinstance(asked, list) else named[0]}
    )


def model_recipe(key: str, path: Path = params.PARAMS) -> ModelRecipe:
    """The recipe of model `key` in params.yaml."""
    return resolve_model(params.read(path), key)
