"""Trained networks from their weights: fine-tuned models, frozen backbones, and heads on them."""

from pathlib import Path

import torch
from torch import nn

from croquis.backbones import stacked
from croquis.backbones.backbones import Network
from croquis.backbones.weights import read_tensors
from croquis.core.errors import InputError
from croquis.heads.probe_training import Head, join_heads
from croquis.networks.networks import build_model
from croquis.recipes.head_params import HeadShape
from croquis.recipes.probe_recipes import EmbedParams
from croquis.recipes.recipes import ModelParams

# What an error about weights of a run advises.
_FIX = "run `make repro`"
# What a checkpoint holds already, or what only training needs: adapters were merged into the
# weights, and a head that began as rows of ImageNet's has the names of any other.
DONE = {
    "pretrained": False,
    "head_start": "random",
    "lora": None,
    "trainable": None,
    "grad_checkpointing": False,
}


def restore_model(recipe: ModelParams, num_classes: int, weights: Path) -> Network:
    """The network of a model as a training left it, in eval mode.

    Raises:
        InputError: if the weights are not those of such a network.
    """
    model = build_model(recipe.model_copy(update=DONE), [""] * num_classes)
    _load(model, weights)
    return model.eval()


def restore_backbone(embed: EmbedParams, weights: Path | None = None) -> Network:
    """The backbone of a probe, (B, 3, S, S) to (B, D), in eval mode.

    Args:
        embed: which one.
        weights: of an export; None: from where `embed` says.
    """
    pretrained = embed.pretrained if weights is None else False
    model = stacked.build_frozen(
        embed.backbone, pretrained=pretrained, image_size=embed.image_size
    )
    if weights is not None:
        _load(model, weights)
    return model


def restore_head(shape: HeadShape, num_classes: int, weights: Path) -> nn.Module:
    """The head of a probe, or its heads of several seeds, features to logits, in eval mode."""
    tensors = read_tensors(weights, fix=_FIX)
    # The statistics of features that each head keeps; weights of something else have none.
    means = [tensors[name] for name in tensors if name.split(".")[-1] == "mean"]
    means = means or [torch.empty(1)]
    model = join_heads(
        [Head(torch.zeros(2, len(mean)), num_classes, shape) for mean in means]
    )
    _load(model, weights)
    return model.eval()


def _load(model: nn.Module, weights: Path) -> None:
    try:
        model.load_state_dict(read_tensors(weights, fix=_FIX))
    except RuntimeError as error:  # names or shapes differ
        # The first line says only "Error(s)".
        reason = " ".join(str(error).splitlines()[1:2]).strip() or str(error)
        expected = "the weights that params.yaml describes"
        fix = f"params.yaml has changed since they were trained: {_FIX}"
        raise InputError(
            weights, expected=expected, received=reason[:200], fix=fix
        ) from error
