"""What is frozen stays as it was, to the last statistic."""

import copy

import pytest
import timm
import torch

from croquis.core.errors import InputError
from croquis.networks.freezing import freeze, train_mode, trainable_count


def vit() -> torch.nn.Module:
    torch.manual_seed(0)
    return timm.create_model("test_vit", num_classes=3)


def test_only_what_a_pattern_finds_is_trainable() -> None:
    model = vit()
    count = freeze(model, ["attn", "^head", "pos_embed", "cls_token"])
    left = {name for name, part in model.named_parameters() if part.requires_grad}
    assert {"head.weight", "pos_embed", "blocks.0.attn.qkv.weight"} <= left
    assert not [name for name in left if "mlp" in name or "patch_embed" in name]
    assert (
        count
        == trainable_count(model)
        == sum(model.get_parameter(n).numel() for n in left)
    )


def test_a_pattern_that_finds_nothing_is_an_error_with_names() -> None:
    with pytest.raises(
        InputError, match=r"trainable: .*'headd', which matches none; did you mean"
    ):
        freeze(vit(), ["attn", "headd"])


def test_batch_statistics_of_frozen_layers_stay() -> None:
    """Frozen weights under moving statistics are another network after one epoch."""
    model = timm.create_model("test_resnet", num_classes=3)
    freeze(model, ["^layer4", "^fc"])
    before = copy.deepcopy(model.state_dict())
    train_mode(model)
    model(torch.rand(4, 3, 64, 64))
    moved = [
        n for n, t in model.state_dict().items() if not torch.equal(t, before[n])
    ]
    assert moved and all(name.startswith("layer4") for name in moved)


def test_an_unfrozen_network_trains_as_ever() -> None:
    model = timm.create_model("test_resnet", num_classes=3).eval()
    train_mode(model)
    assert all(module.training for module in model.modules())
