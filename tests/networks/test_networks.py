"""The network of a recipe: each regime trains what it should, and nothing else."""

import copy

import pytest
import torch
from timm.data import ImageNetInfo

from croquis.core.errors import InputError
from croquis.networks.freezing import trainable_count
from croquis.networks.lora import merge_lora
from croquis.networks.networks import build_model
from croquis.recipes.recipes import ModelRecipe
from support.plain import PLAIN

CLASSES = ["cup", "star", "tree"]
LORA = {
    "rank": 2,
    "alpha": 4.0,
    "dropout": 0.0,
    "targets": r".*blocks\..*\.(qkv|proj)",
}
MLP = {"hidden": [8], "act": "gelu", "norm": "batch", "dropout": 0.1}


def recipe(**changes: object) -> ModelRecipe:
    """A tiny vision transformer, all extras off."""
    vit = {
        "backbone": "test_vit.r160_in1k",
        "layer_decay": 0.8,
        "weight_decay": 0.05,
    }
    return ModelRecipe(**PLAIN | vit | changes)


def moved(model: torch.nn.Module) -> set[str]:
    """Names of the tensors that one step of training changes."""
    before = copy.deepcopy(model.state_dict())
    trained = [part for part in model.parameters() if part.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=1.0)
    generator = torch.Generator().manual_seed(0)
    model.train()(torch.rand(4, 3, 32, 32, generator=generator))[
        :, 0
    ].sum().backward()
    optimizer.step()
    return {
        name
        for name, tensor in model.state_dict().items()
        if not tensor.equal(before[name])
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"head": MLP},
        {"lora": LORA},
        {"trainable": ["attn", "^head"]},
        {"grad_checkpointing": True},
        {"backbone": ["test_vit.r160_in1k", "test_convnext.r160_in1k"]},
        {
            "backbone": ["test_vit.r160_in1k", "test_vit.r160_in1k"],
            "lora": LORA,
            "head": MLP,
        },
    ],
    ids=lambda changes: "+".join(changes),
)
def test_each_regime_gives_logits_and_its_head_learns(changes: dict) -> None:
    torch.manual_seed(0)
    model = build_model(recipe(**changes), CLASSES)
    assert {name for name in moved(model) if name.startswith("head")}
    assert (
        model.eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 3)
        and model.num_classes == 3
    )


def test_attention_only_moves_attention_and_head_only() -> None:
    names = moved(build_model(recipe(trainable=["attn", "^head"]), CLASSES))
    assert [name for name in names if "attn" in name]
    assert all("attn" in name or name.startswith("head") for name in names)


def test_adapters_leave_the_backbone_and_save_its_states() -> None:
    whole, lora = (
        build_model(recipe(), CLASSES),
        build_model(recipe(lora=LORA), CLASSES),
    )
    assert trainable_count(lora) < trainable_count(whole) / 4
    assert all("lora_" in name or name.startswith("head") for name in moved(lora))


def test_a_network_with_adapters_can_be_copied_and_merged() -> None:
    """The running average of the weights is such a copy."""
    model = build_model(recipe(lora=LORA), CLASSES)
    moved(model)
    images = torch.rand(2, 3, 32, 32)
    expected = model.eval()(images)
    found = merge_lora(copy.deepcopy(model)).eval()
    torch.testing.assert_close(found(images), expected, atol=1e-5, rtol=0)
    assert list(found.state_dict()) == list(
        build_model(recipe(), CLASSES).state_dict()
    )


def test_gradients_are_the_same_with_checkpointing() -> None:
    grads = []
    for checkpointed in (False, True):
        torch.manual_seed(0)
        model = build_model(
            recipe(grad_checkpointing=checkpointed, lora=LORA), CLASSES
        )
        model(torch.ones(2, 3, 32, 32)).sum().backward()
        grads.append(
            {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        )
    assert grads[0].keys() == grads[1].keys() and len(grads[0]) > 10
    for name, grad in grads[0].items():
        torch.testing.assert_close(grad, grads[1][name])


def test_imagenets_rows_become_the_head() -> None:
    wnids = ImageNetInfo().label_names()
    torch.manual_seed(0)
    whole = build_model(
        recipe(), [str(number) for number in range(1000)]
    ).head.weight
    torch.manual_seed(0)
    model = build_model(recipe(head_start="imagenet"), [wnids[7], wnids[3]])
    assert torch.equal(model.head.weight, whole[[7, 3]]) and model.num_classes == 2


def test_imagenets_rows_need_its_names() -> None:
    with pytest.raises(InputError, match="received 3 of 3 others, 'cup' first"):
        build_model(recipe(head_start="imagenet"), CLASSES)
