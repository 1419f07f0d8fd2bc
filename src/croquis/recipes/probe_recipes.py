"""Recipes of probes, heads on frozen features: `probe` and `probes.<key>`. No torch here."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from croquis.core import params
from croquis.recipes.head_params import HeadShape
from croquis.recipes.learning_rates import peak_lr
from croquis.recipes.settings_layers import entry_of, merge_layers
from croquis.recipes.shared_params import (
    MOST_EPOCHS,
    MOST_FACTOR,
    MOST_SIDE,
    LossParams,
    Schedule,
)
from croquis.recipes.view_params import Views


class EmbedDefaults(params.Section):
    """What all probes have in common: their features."""

    pretrained: bool | str = Field(
        default=True,
        description="Where the weights come from: true (timm's hub), bundled, or a path.",
    )
    views: Views = Field(
        default=["identity", "flip_lr", "flip_ud", "rot180"],
        description="The flips and turns under which each image is embedded.",
    )


class EmbedParams(EmbedDefaults):
    """Which features: a change here runs the backbone again."""

    backbone: str | Annotated[list[str], Field(min_length=2)] = Field(
        description="The full timm name, or several: their features are joined."
    )
    image_size: int = Field(
        ge=8,
        le=MOST_SIDE,
        description="The side of the images that the backbone gets, in pixels.",
    )


class HeadParams(LossParams):
    """The head on the features: a change here costs seconds. Its words are those of `train`."""

    epochs: int = Field(
        default=30,
        ge=1,
        le=MOST_EPOCHS,
        description="Passes over the features of the training images.",
    )
    batch_size: int = Field(
        default=64,
        ge=1,
        le=10_000_000,
        description="Images of one update of the head.",
    )
    weight_decay: float = Field(
        default=0.01,
        ge=0,
        le=MOST_FACTOR,
        description="The weight decay of the optimizer.",
    )
    lr_mult: float = Field(
        default=1.0,
        gt=0,
        le=MOST_FACTOR,
        description="The factor on the top-level lr.",
    )
    shape: HeadShape = Field(
        default=HeadShape(),
        description="The layers of the head; none: it is linear.",
    )
    optimizer: str = Field(
        default="adamw",
        description="A timm name: adam, radam, sgd, lookahead_adamw.",
    )
    schedule: Schedule = Field(
        default="cosine", description="How the lr goes on, from epoch to epoch."
    )
    warmup_epochs: int = Field(
        default=0,  # whole ones: an epoch has one lr
        ge=0,
        le=MOST_EPOCHS,
        description="Epochs in which the lr rises to its peak.",
    )
    cycle_epochs: float = Field(
        default=10.0,
        gt=0,
        le=MOST_FACTOR,
        description="Epochs between steps, restarts or floors; the patience of plateau.",
    )
    cycle_factor: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="The factor on the lr after each cycle.",
    )
    min_lr: float = Field(
        default=0.0,
        ge=0,
        le=MOST_FACTOR,
        description="The floor of the lr, as a share of its peak.",
    )
    num_seeds: int = Field(
        default=1,
        ge=1,
        le=1_000,
        description="Heads that differ by chance; the mean of them predicts.",
    )


class ProbeDefaults(params.Section):
    """What every probe has that does not say otherwise."""

    embed: EmbedDefaults = Field(
        default=EmbedDefaults(),
        description="Which features; a change embeds again.",
    )
    head: HeadParams = Field(
        default=HeadParams(), description="What is trained on them, in seconds."
    )


class ProbeParams(params.Section):
    """One probe with everything resolved: `embed` decides the features, `head` its training."""

    embed: EmbedParams = Field(description="Which features; a change embeds again.")
    head: HeadParams = Field(
        default=HeadParams(), description="What is trained on them, in seconds."
    )


class HeadRecipe(HeadParams):
    """The head on the features with everything resolved, its learning rate included.

    Nobody writes `lr` in an entry of `probes`: `resolve_probe` computes it.
    """

    lr: Annotated[float, Field(gt=0)]  # the peak: the top-level lr times lr_mult


class ProbeRecipe(ProbeParams):
    """One probe with everything resolved."""

    head: HeadRecipe


def resolve_probe(tree: dict[str, Any], key: str) -> ProbeRecipe:
    """The recipe of probe `key`: its own block over the defaults of `probe`.

    Args:
        tree: all of params.yaml.
        key: a key of `probes`.

    Raises:
        InputError: on unknown or missing keys and impossible values, naming their block.
    """
    defaults = params.validated(
        ProbeDefaults, params.required(tree, "probe"), where="probe"
    )
    entry = entry_of(tree, "probes", key)
    content = merge_layers(ProbeParams, defaults.model_dump(), entry)
    probe = params.validated(ProbeParams, content, where=f"probes.{key}")
    lr = peak_lr(tree, probe.head.lr_mult)
    return ProbeRecipe(
        embed=probe.embed, head=HeadRecipe(**probe.head.model_dump(), lr=lr)
    )


def embed_recipe(key: str, path: Path = params.PARAMS) -> EmbedParams:
    """What probe `key` embeds; its head is not looked at, as it changes no feature."""
    tree = params.read(path)
    defaults = params.required(params.required(tree, "probe"), "embed")
    block = params.required(entry_of(tree, "probes", key), "embed")
    content = merge_layers(EmbedParams, defaults, block)
    return params.validated(EmbedParams, content, where=f"probes.{key}.embed")


def probe_recipe(key: str, path: Path = params.PARAMS) -> ProbeRecipe:
    """The recipe of probe `key` in params.yaml."""
    return resolve_probe(params.read(path), key)
