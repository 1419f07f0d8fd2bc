"""Recipes of probes, heads on frozen features: the keys of `probes.<key>`. No torch here."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from croquis.core import params
from croquis.core.errors import InputError
from croquis.recipes.head_params import HeadShape
from croquis.recipes.view_params import Views

Schedule = Literal["cosine", "constant", "step", "restarts", "cyclic", "plateau"]


class EmbedParams(params.Section):
    """Which features: a change here runs the backbone again."""

    # full timm name, or several: their features are joined
    backbone: str | Annotated[list[str], Field(min_length=2)]
    pretrained: bool | str  # as for models
    image_size: Annotated[int, Field(ge=8)]
    views: Views  # each image under these symmetries


class HeadParams(params.Section):
    """The head on the features: a change here costs seconds."""

    epochs: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=1)]
    weight_decay: Annotated[float, Field(ge=0)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    lr_mult: Annotated[float, Field(gt=0)]  # factor on the top-level lr
    shape: HeadShape
    # What follows may be left out; the words are those of `train`.
    optimizer: str = "adamw"  # a timm name
    schedule: Schedule = "cosine"
    warmup_epochs: Annotated[int, Field(ge=0)] = 0  # whole ones: an epoch has one lr
    cycle_epochs: Annotated[float, Field(gt=0)] = 10.0
    cycle_factor: Annotated[float, Field(gt=0, le=1)] = 1.0
    min_lr: Annotated[float, Field(ge=0)] = 0.0
    loss: Literal["ce", "bce", "focal"] = "ce"
    focal_gamma: Annotated[float, Field(ge=0)] = 2.0
    num_seeds: Annotated[int, Field(ge=1)] = (
        1  # heads that differ by chance; their mean predicts
    )


class ProbeParams(params.Section):
    """One probe: `embed` decides the features, `head` what is trained on them."""

    embed: EmbedParams
    head: HeadParams


def resolve_probe(tree: dict[str, Any], key: str) -> ProbeParams:
    """The recipe of probe `key`; raises InputError as the strict loader does."""
    probes = params.required(tree, "probes")
    if not isinstance(probes, dict) or key not in probes:
        known = params.nearest(key, list(probes or {}))
        raise InputError(
            "run.probes", expected="keys of `probes`", received=repr(key), fix=known
        )
    return params.validated(ProbeParams, probes[key], where=f"probes.{key}")


def probe_recipe(key: str, path: Path = params.PARAMS) -> ProbeParams:
    """The recipe of probe `key` in params.yaml."""
    return resolve_probe(params.read(path), key)
