"""Heads: a linear layer or a small MLP, put where a network keeps its own classifier."""

import itertools

from torch import nn

from croquis.backbones.backbones import Network
from croquis.core.errors import InputError
from croquis.recipes.head_params import HeadShape

ACTS = {"relu": nn.ReLU, "gelu": nn.GELU, "prelu": nn.PReLU}


def build_head(features: int, num_classes: int, shape: HeadShape) -> nn.Module:
    """A head, (..., features) to logits (..., num_classes).

    Each hidden layer is linear, normalised, activated; dropout comes before each layer but the
    first. Without hidden layers it is one linear layer, and nothing else of `shape` acts.
    """
    layers: list[nn.Module] = []
    widths = [features, *shape.hidden]
    for inputs, outputs in itertools.pairwise(widths):
        layers.append(nn.Linear(inputs, outputs))
        if shape.norm == "batch":
            layers.append(nn.BatchNorm1d(outputs))
        layers += [ACTS[shape.act](), nn.Dropout(shape.dropout)]
    last = nn.Linear(widths[-1], num_classes)
    return nn.Sequential(*layers, last) if layers else last


def put_head(model: Network, shape: HeadShape) -> None:
    """Replaces the linear classifier of `model` by an MLP; without hidden layers it stays.

    It goes where timm's config says that the classifier is: a module of another name would be
    carried along, trained by nobody and called by nobody.

    Raises:
        InputError: if the network's own classifier is not a linear layer.
    """
    if not shape.hidden:
        return
    for name in head_names(model):
        layer = model.get_submodule(name)
        if not isinstance(layer, nn.Linear):
            raise InputError(
                "head.hidden",
                expected=f"a linear layer at {name}",
                received=type(layer).__name__,
                fix="leave head.hidden empty for this backbone",
            )
        head = build_head(layer.in_features, layer.out_features, shape)
        model.set_submodule(name, head)


def head_names(model: Network) -> list[str]:
    """Names of the classifier's modules, from timm's config; distilled networks have two."""
    names = model.pretrained_cfg["classifier"]
    return [names] if isinstance(names, str) else list(names)
