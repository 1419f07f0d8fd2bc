"""Heads sit where the network calls them, and have the layers that were asked for."""

from typing import get_args

import pytest
import timm
import torch
from timm.optim import param_groups_layer_decay
from torch import nn

from croquis.core.errors import InputError
from croquis.heads.heads import ACTS, build_head, head_names, put_head
from croquis.recipes.head_params import HeadShape

LINEAR = HeadShape(hidden=[], act="relu", norm="none", dropout=0.0)
MLP = HeadShape(hidden=[16, 8], act="gelu", norm="batch", dropout=0.3)
# One for each place where timm keeps classifiers: classifier, head, head.fc, fc, head.fc.fc2.
BACKBONES = [
    "test_efficientnet",
    "test_vit",
    "test_convnext",
    "test_resnet",
    "caformer_s18",
]


def kinds(head: nn.Module) -> list[str]:
    return [type(layer).__name__ for layer in head]


def test_the_names_that_a_recipe_allows_are_those_that_work() -> None:
    assert set(get_args(HeadShape.model_fields["act"].annotation)) == set(ACTS)


def test_without_hidden_layers_the_head_is_linear() -> None:
    head = build_head(4, 3, LINEAR)
    assert isinstance(head, nn.Linear) and head.weight.shape == (3, 4)


def test_hidden_layers_come_in_order_and_dropout_before_each_but_the_first() -> (
    None
):
    head = build_head(4, 3, MLP)
    block = ["Linear", "BatchNorm1d", "GELU", "Dropout"]
    assert kinds(head) == [*block, *block, "Linear"]
    assert [m.weight.shape for m in head if isinstance(m, nn.Linear)] == [
        (16, 4),
        (8, 16),
        (3, 8),
    ]
    assert head[3].p == 0.3


@pytest.mark.parametrize("act", ACTS)
def test_without_normalisation_there_is_none(act: str) -> None:
    head = build_head(
        4, 3, HeadShape(hidden=[5], act=act, norm="none", dropout=0.0)
    )
    assert kinds(head)[:2] == ["Linear", ACTS[act].__name__]
    assert head(torch.zeros(7, 2, 4)).shape == (7, 2, 3)


@pytest.mark.parametrize("name", BACKBONES)
def test_the_mlp_is_where_the_network_calls_it(name: str) -> None:
    """A published entry wrote its MLP to `.fc`, which EVA does not have: those runs were linear."""
    model = timm.create_model(name, num_classes=3)
    put_head(model, MLP)
    size = 160 if name == "test_vit" else 64
    model(torch.rand(2, 3, size, size)).sum().backward()
    head = model.get_submodule(model.pretrained_cfg["classifier"])
    assert kinds(head)[0] == "Linear"
    assert all(part.grad is not None for part in head.parameters())


def test_a_linear_head_stays_timms_own() -> None:
    model = timm.create_model("test_vit", num_classes=3)
    own = model.get_classifier()
    put_head(model, LINEAR)
    assert model.get_classifier() is own


def test_both_heads_of_a_distilled_network_are_replaced() -> None:
    model = timm.create_model("deit_tiny_distilled_patch16_224", num_classes=3)
    put_head(model, MLP)
    assert head_names(model) == ["head", "head_dist"]
    assert [kinds(head)[0] for head in model.get_classifier()] == [
        "Linear",
        "Linear",
    ]


@pytest.mark.parametrize("name", BACKBONES)
def test_layer_decay_takes_the_mlp_for_the_top_layer(name: str) -> None:
    model = timm.create_model(name, num_classes=3)
    put_head(model, MLP)
    head = {
        id(part) for part in model.get_submodule(head_names(model)[0]).parameters()
    }
    scales = {
        group["lr_scale"]
        for group in param_groups_layer_decay(model, layer_decay=0.5)
        if any(id(part) in head for part in group["params"])
    }
    assert scales == {1.0}


def test_a_network_with_another_kind_of_head_is_refused() -> None:
    model = timm.create_model("test_resnet", num_classes=0)
    with pytest.raises(
        InputError, match=r"head\.hidden: expected a linear layer at fc, received"
    ):
        put_head(model, MLP)
