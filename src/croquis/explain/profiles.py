"""What the networks of a run are: their size, the price of an image, whose weights they have."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
import torch

from croquis.backbones import stacked
from croquis.backbones.backbones import interpolation, stated_licence
from croquis.costs.trial import failure_reason
from croquis.costs.work import Work, model_work, probe_work
from croquis.networks.macs import forward_macs
from croquis.networks.networks import on_meta
from croquis.recipes.probe_recipes import EmbedParams, ProbeParams
from croquis.recipes.recipes import ModelParams

# What is counted, in this order; from the first that fails on, the cells are empty.
COUNTED = ("parameters", "macs", *Work._fields)


def profiles(
    models: Mapping[str, ModelParams],
    probes: Mapping[str, ProbeParams],
    *,
    num_classes: int,
) -> pd.DataFrame:
    """One row a member, models first.

    Columns: member, kind ("model" or "probe"), backbone, licence (of the weights it begins with),
    interpolation (of its images, from the stored size to its own), parameters, macs (multiply-adds
    of one image, forward), those of `Work`, and failed: why the cells are empty, if they are. A
    network that cannot be counted costs its own cells, not the run.
    """
    rows = [
        _row(key, "model", recipe, _of_model(recipe, num_classes))
        for key, recipe in models.items()
    ]
    rows += [
        _row(key, "probe", recipe.embed, _of_probe(recipe, num_classes))
        for key, recipe in probes.items()
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(COUNTED, "Int64"))


def _row(
    member: str,
    kind: str,
    recipe: ModelParams | EmbedParams,
    counts: Iterator[Mapping[str, int]],
) -> dict[str, Any]:
    names = (
        [recipe.backbone] if isinstance(recipe.backbone, str) else recipe.backbone
    )
    pretrained = recipe.pretrained
    weights = (
        pretrained if isinstance(pretrained, list) else [pretrained] * len(names)
    )
    licences = [_licence(*each) for each in zip(names, weights, strict=True)]
    row: dict[str, Any] = {
        "member": member,
        "kind": kind,
        "backbone": " + ".join(names),
        "licence": " and ".join(dict.fromkeys(licences)),
        "interpolation": interpolation(recipe.backbone),
        **dict.fromkeys(COUNTED, None),
        "failed": "",
    }
    try:
        for numbers in counts:
            row |= numbers
    except Exception as error:  # of any network, in any way
        row["failed"] = failure_reason(error)
    return row


def _of_model(recipe: ModelParams, num_classes: int) -> Iterator[Mapping[str, int]]:
    # As it is stored: adapters are merged into the weights by then.
    stored = recipe.model_copy(update={"lora": None, "grad_checkpointing": False})
    model = on_meta(stored, num_classes)
    yield {"parameters": _size(model)}
    macs = forward_macs(model, recipe.image_size)
    yield {"macs": macs}
    yield model_work(recipe, num_classes, macs)._asdict()


def _of_probe(recipe: ProbeParams, num_classes: int) -> Iterator[Mapping[str, int]]:
    embed = recipe.embed
    with torch.device("meta"):
        model = stacked.build_network(
            embed.backbone,
            pretrained=False,
            num_classes=0,
            image_size=embed.image_size,
        )
    yield {"parameters": _size(model)}
    macs = forward_macs(model, embed.image_size)
    yield {"macs": macs}
    features = model.num_features
    assert isinstance(features, int)  # as every network of timm has it
    yield probe_work(recipe, num_classes, features, macs)._asdict()


def _size(model: torch.nn.Module) -> int:
    return sum(tensor.numel() for tensor in model.parameters())


def _licence(backbone: str, pretrained: bool | str) -> str:
    """That of timm's config; the bundled weights are conversions of those that it names."""
    if not pretrained:
        return "none: random weights"
    if isinstance(pretrained, str) and pretrained != "bundled":
        return f"that of {pretrained}"
    return stated_licence(backbone)
