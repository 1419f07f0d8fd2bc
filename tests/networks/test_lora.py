"""Adapters learn, all else stays, and merging changes nothing but the names."""

import subprocess
import sys

import pytest
import timm
import torch
from timm.models.eva import Eva
from timm.optim import param_groups_layer_decay

from croquis.core.errors import InputError
from croquis.networks.lora import add_lora, merge_lora
from croquis.recipes.recipes import LoraParams

ALL = r".*blocks\..*\.(qkv|q_proj|k_proj|v_proj|proj|fc1|fc2|fc1_g|fc1_x)"


def lora(targets: str = ALL) -> LoraParams:
    return LoraParams(rank=2, alpha=4.0, dropout=0.0, targets=targets)


def eva() -> torch.nn.Module:
    """A tiny EVA with fused qkv, as EVA-giant has it."""
    model = Eva(
        img_size=32, patch_size=8, embed_dim=24, depth=2, num_heads=2, num_classes=3
    )
    model.pretrained_cfg = {"classifier": "head"}
    return model


def swinv2() -> torch.nn.Module:
    options = {
        "img_size": 64,
        "window_size": 4,
        "embed_dim": 12,
        "depths": (1, 1, 1, 1),
    }
    model = timm.create_model(
        "swinv2_tiny_window8_256", num_classes=3, num_heads=(1, 2, 2, 4), **options
    )
    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm):
            torch.nn.init.ones_(
                module.weight
            )  # untrained blocks add zero, so nothing would learn
    return model


def vit() -> torch.nn.Module:
    return timm.create_model("test_vit", num_classes=3, img_size=32)


def beit() -> torch.nn.Module:
    return timm.create_model(
        "beit_base_patch16_224",
        num_classes=3,
        img_size=32,
        embed_dim=24,
        depth=2,
        num_heads=2,
    )


@pytest.fixture(params=[eva, swinv2, vit, beit], ids=lambda made: made.__name__)
def model(request: pytest.FixtureRequest) -> torch.nn.Module:
    torch.manual_seed(0)
    return request.param()


def stepped(model: torch.nn.Module) -> torch.Tensor:
    """Two steps of training, in eval mode, on fixed images, which come back (2, 3, S, S)."""
    size = 64 if type(model).__name__ == "SwinTransformerV2" else 32
    images = torch.rand(
        2, 3, size, size, generator=torch.Generator().manual_seed(1)
    )
    trained = [part for part in model.parameters() if part.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        model(images)[:, 0].sum().backward()
        optimizer.step()
    return images


def test_every_adapter_learns(model: torch.nn.Module) -> None:
    """EVA, BEiT and Swin V2 read the weights of `qkv` themselves: its adapter had no gradient."""
    stepped(add_lora(model, lora(), ["head"]).eval())
    adapters = {
        name: part for name, part in model.named_parameters() if "lora_" in name
    }
    assert [name for name in adapters if ".qkv." in name]
    assert [name for name, part in adapters.items() if part.grad is None] == []
    assert all(part.any() for name, part in adapters.items() if "lora_B" in name)


def test_adapters_change_nothing_at_first(model: torch.nn.Module) -> None:
    size = 64 if type(model).__name__ == "SwinTransformerV2" else 32
    images = torch.rand(2, 3, size, size)
    before = model.eval()(images)
    after = add_lora(model, lora(), ["head"]).eval()(images)
    torch.testing.assert_close(before, after, atol=1e-6, rtol=0)


def test_merging_is_exact_and_brings_the_plain_names_back(
    model: torch.nn.Module,
) -> None:
    names = list(model.state_dict())
    images = stepped(add_lora(model, lora(), ["head"]).eval())
    before = model(images)
    after = merge_lora(model)(images)
    assert list(model.state_dict()) == names
    torch.testing.assert_close(before, after, atol=1e-5, rtol=0)


def test_the_backbone_stays_and_the_head_moves() -> None:
    torch.manual_seed(0)
    model = vit()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    stepped(add_lora(model, lora(), ["head"]).eval())
    after = {n.replace(".base_layer", ""): t for n, t in model.state_dict().items()}
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"head.weight", "head.bias"}


def test_layer_decay_still_acts() -> None:
    """Around the network, peft's names broke timm's layer groups: one rate for all, a warning."""
    groups = param_groups_layer_decay(
        add_lora(vit(), lora(), ["head"]), layer_decay=0.5
    )
    assert len({group["lr_scale"] for group in groups}) > 3


@pytest.mark.parametrize("targets", [r".*\.qvk", r"blocks\.0"])
def test_a_pattern_that_fits_no_layer_names_the_layers(targets: str) -> None:
    expected = r"lora\.targets: expected whole names of linear .*matches .*blocks\.0\.attn\.qkv"
    with pytest.raises(InputError, match=expected):
        add_lora(vit(), lora(targets), ["head"])


def test_peft_is_imported_only_with_adapters() -> None:
    code = "import sys, croquis.networks.networks; sys.exit('peft' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
