"""What the networks of a run are: their size, the price of a picture, whose weights they have."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import timm
import torch
from torch.utils.flop_counter import FlopCounterMode

from croquis.models import stacked
from croquis.models.backbones import interpolation
from croquis.training.probe_recipes import EmbedParams, ProbeParams
from croquis.training.recipes import ModelParams


def profiles(
    models: Mapping[str, ModelParams], probes: Mapping[str, ProbeParams], *, num_classes: int
) -> pd.DataFrame:
    """One row a member, models first.

    Columns: member, kind ("model" or "probe"), backbone, licence (of the weights it begins with),
    parameters, macs (multiply-adds of one picture, forward), interpolation (of its pictures, from
    the stored size to its own), passes (pictures that go forward or backward for each one: epochs
    times three, as a backward pass costs two, or a probe's views).
    """
    rows = [
        {"member": key, "kind": "model", **_profile(recipe, num_classes)}
        | {"passes": 3 * recipe.epochs}
        for key, recipe in models.items()
    ]
    rows += [
        {"member": key, "kind": "probe", **_profile(recipe.embed, 0)}
        | {"passes": len(recipe.embed.views)}
        for key, recipe in probes.items()
    ]
    return pd.DataFrame(rows)


def _profile(recipe: ModelParams | EmbedParams, num_classes: int) -> dict[str, Any]:
    names = [recipe.backbone] if isinstance(recipe.backbone, str) else recipe.backbone
    # On the meta device nothing is computed: a network of a billion parameters takes a second.
    with torch.device("meta"):
        model = stacked.build(
            recipe.backbone,
            pretrained=False,
            num_classes=num_classes,
            image_size=recipe.image_size,
        ).eval()
        picture = torch.empty(1, 3, recipe.image_size, recipe.image_size)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(picture)
    return {
        "backbone": " + ".join(names),
        "licence": " and ".join(dict.fromkeys(_licence(name, recipe.pretrained) for name in names)),
        "parameters": sum(tensor.numel() for tensor in model.parameters()),
        "macs": counter.get_total_flops() // 2,
        "interpolation": interpolation(recipe.backbone),
    }


def _licence(backbone: str, pretrained: bool | str) -> str:
    """That of timm's config; the bundled weights are conversions of those that it names."""
    if not pretrained:
        return "none: random weights"
    if isinstance(pretrained, str) and pretrained != "bundled":
        return f"that of {pretrained}"
    return timm.get_pretrained_cfg(backbone).license or "not stated"
