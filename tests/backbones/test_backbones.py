"""timm networks with the weights, the head and the input statistics that they should have."""

from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch

from croquis.backbones import backbones
from croquis.backbones.backbones import (
    Statistics,
    build_backbone,
    normalise,
    statistics,
)
from croquis.core.errors import InputError

TINY, TINY_VIT = "test_efficientnet.r160_in1k", "test_vit.r160_in1k"


@pytest.fixture
def own_weights(tmp_path: Path) -> Path:
    """Weights of the tiny network with a head of five classes."""
    torch.manual_seed(7)
    model = timm.create_model(TINY, pretrained=False, num_classes=5)
    safetensors.torch.save_file(model.state_dict(), tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


@pytest.mark.parametrize("name", [TINY, TINY_VIT])
def test_the_head_and_the_size_are_as_asked(name: str) -> None:
    model = build_backbone(
        name, pretrained=False, num_classes=3, image_size=32
    ).eval()
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 3)


def test_without_a_head_the_embeddings_come_out() -> None:
    model = build_backbone(
        TINY, pretrained=False, num_classes=0, image_size=32
    ).eval()
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, model.num_features)


@pytest.mark.parametrize("num_classes", [0, 3])
def test_weights_of_a_file_fill_all_but_the_head(
    own_weights: Path, num_classes: int
) -> None:
    held = safetensors.torch.load_file(own_weights)
    model = build_backbone(
        TINY, pretrained=str(own_weights), num_classes=num_classes, image_size=32
    )
    found = model.state_dict()
    body = [name for name in found if not name.startswith("classifier")]
    assert len(body) > 50 and all(
        torch.equal(found[name], held[name]) for name in body
    )
    assert "state_dict" not in model.pretrained_cfg


def test_the_bundled_weights_reach_the_network() -> None:
    name = "tf_efficientnet_lite0.in1k"
    model = build_backbone(name, pretrained="bundled", num_classes=0, image_size=64)
    held = backbones.weights.state_dict("bundled", name)
    assert torch.equal(model.conv_stem.weight, held["conv_stem.weight"])
    assert torch.equal(model.bn2.running_var, held["bn2.running_var"])


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    """timm is lenient where the head differs: the network silently kept its random numbers."""
    other = timm.create_model(TINY_VIT, pretrained=False).state_dict()
    safetensors.torch.save_file(other, tmp_path / "vit.safetensors")
    with pytest.raises(
        InputError,
        match=r"weights that fit test_efficientnet.*of this very network",
    ):
        path = str(tmp_path / "vit.safetensors")
        build_backbone(TINY, pretrained=path, num_classes=3, image_size=32)


def test_weights_of_another_width_are_refused(own_weights: Path) -> None:
    held = safetensors.torch.load_file(own_weights)
    held["conv_stem.weight"] = held["conv_stem.weight"][:4].contiguous()
    safetensors.torch.save_file(held, own_weights)
    with pytest.raises(
        InputError, match=r"weights that fit test_efficientnet\.r160_in1k, received"
    ):
        build_backbone(
            TINY, pretrained=str(own_weights), num_classes=3, image_size=32
        )


def test_a_setting_that_a_network_does_not_take_is_named_and_zeros_are_not_passed() -> (
    None
):
    build_backbone(
        "vgg11", pretrained=False, num_classes=3, image_size=32, drop_path_rate=0.0
    )
    with pytest.raises(
        InputError, match=r"settings that vgg11 takes, .*set drop_path_rate to 0"
    ):
        build_backbone(
            "vgg11",
            pretrained=False,
            num_classes=3,
            image_size=32,
            drop_path_rate=0.1,
        )


@pytest.mark.parametrize("reason", [OSError("offline\ntry later"), TimeoutError()])
def test_a_missing_hub_names_the_two_other_ways(
    monkeypatch: pytest.MonkeyPatch, reason: Exception
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise reason

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(InputError) as caught:
        build_backbone(TINY, pretrained=True, num_classes=3, image_size=32)
    said = str(caught.value)
    assert "weights of test_efficientnet.r160_in1k from timm's hub" in said
    assert ".safetensors/.pth" in said and '"bundled"' in said and "\n" not in said


def test_without_weights_timms_own_error_comes_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise TypeError("no such argument")

    monkeypatch.setattr(timm, "create_model", broken)
    with pytest.raises(TypeError, match="no such argument"):
        build_backbone(TINY, pretrained=False, num_classes=3, image_size=32)


def test_statistics_are_the_networks_own() -> None:
    lite0 = build_backbone(
        "tf_efficientnet_lite0.in1k", pretrained=False, num_classes=0, image_size=32
    )
    assert statistics(lite0) == Statistics((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    resnet = build_backbone(
        "resnet18.a1_in1k", pretrained=False, num_classes=0, image_size=32
    )
    assert statistics(resnet) == Statistics(
        (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    )


def test_gray_is_spread_before_it_is_normalised() -> None:
    own = Statistics((0.0, 0.5, 1.0), (1.0, 0.5, 0.25))
    sheet = torch.tensor([[[0, 255]]], dtype=torch.uint8)  # (1, 1, 2): black, white
    found = normalise(sheet, own)
    # (x - mean) / std: channel 1 is 0 and 1, channel 2 is -1 and 1, channel 3 is -4 and 0.
    torch.testing.assert_close(
        found[0, :, 0], torch.tensor([[0.0, 1], [-1, 1], [-4, 0]])
    )


def test_rgb_keeps_its_channels() -> None:
    own = Statistics((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    sheet = torch.tensor([[[[51, 102, 255]]]], dtype=torch.uint8)  # (1, 1, 1, 3)
    torch.testing.assert_close(
        normalise(sheet, own).flatten(), torch.tensor([0.2, 0.4, 1.0])
    )


def test_input_lies_with_channels_innermost() -> None:
    own = Statistics((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    found = normalise(torch.zeros(2, 8, 8, dtype=torch.uint8), own)
    assert found.is_contiguous(memory_format=torch.channels_last)
