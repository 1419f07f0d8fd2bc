"""Multiply-adds by hand: forward, backward as deep as something trains, and a second time."""

import pytest
import timm
import torch
from torch import nn

from croquis.backbones import backbones
from croquis.networks.macs import forward_macs, step_macs

LINEAR = 6 * 5


def three(groups: int = 1) -> nn.Sequential:
    """A convolution of the image, one in groups on 16 by 16 places, and a linear layer."""
    with torch.device("meta"):
        return nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1),
            nn.Conv2d(6, 6, 3, padding=1, groups=groups),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(6, 5),
        )


FIRST, SECOND, DEPTHWISE = 3 * 6 * 9 * 256, 6 * 6 * 9 * 256, 6 * 9 * 256


def test_all_parts_that_train_go_back_twice_but_for_the_first() -> None:
    """The image needs no gradient, so of the first layer the weights alone have one."""
    forward = FIRST + SECOND + LINEAR
    assert forward_macs(three(), 16) == forward
    assert step_macs(three(), (3, 16, 16)) == (
        forward,
        FIRST + 2 * (SECOND + LINEAR),
    )


def test_a_depthwise_convolution_goes_back_at_twice_its_price() -> None:
    """torch's own formula forgets the groups: the gradient of the weights was 6 times as dear."""
    forward = FIRST + DEPTHWISE + LINEAR
    back = FIRST + 2 * (DEPTHWISE + LINEAR)
    assert step_macs(three(groups=6), (3, 16, 16)) == (forward, back)


def test_a_transposed_convolution_counts_the_places_that_it_starts_from() -> None:
    with torch.device("meta"):
        model = nn.Sequential(
            nn.ConvTranspose2d(3, 8, 2, stride=2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
    assert step_macs(model, (3, 16, 16)) == (3 * 8 * 4 * 256, 3 * 8 * 4 * 256)


def test_a_backward_pass_ends_at_the_first_part_that_trains() -> None:
    forward = FIRST + SECOND + LINEAR
    model = three()
    model[0].requires_grad_(False)
    # The second one's inputs need no gradient any more.
    assert step_macs(model, (3, 16, 16)) == (forward, SECOND + 2 * LINEAR)
    model[1].requires_grad_(False)
    assert step_macs(model, (3, 16, 16)) == (forward, LINEAR)


def test_frozen_layers_above_one_that_trains_pass_the_gradient_on() -> None:
    model = three()
    model[1].requires_grad_(False)
    model[4].requires_grad_(False)
    assert step_macs(model, (3, 16, 16))[1] == FIRST + SECOND + LINEAR


def test_checkpointing_goes_forward_again() -> None:
    with torch.device("meta"):
        model = timm.create_model("vit_tiny_patch16_224", num_classes=2)
    plain = step_macs(model, (3, 224, 224))
    forward, backward = step_macs(model, (3, 224, 224), checkpointing=True)
    assert backward == plain.backward
    # Each of twelve blocks of 192 by 197 again, but for its last layer, whose output nobody needs.
    block = 197 * (3 * 192**2 + 192**2 + 4 * 192**2) + 2 * 197**2 * 192
    assert forward == plain.forward + 12 * block
    assert not model.grad_checkpointing


def test_counting_forward_leaves_what_trains_as_it_was() -> None:
    model = three()
    model[1].requires_grad_(False)
    forward_macs(model, 16)
    assert [model[row].weight.requires_grad for row in (0, 1, 4)] == [
        True,
        False,
        True,
    ]


def test_the_query_of_an_attention_pool_does_not_end_the_count() -> None:
    """`'NoneType' object has no attribute 'next_functions'`, of SigLIP, PE, CaiT and NaFlex."""
    with torch.device("meta"):
        name = "vit_base_patch16_siglip_224.webli"
        model = backbones.build_backbone(
            name, pretrained=False, num_classes=2, image_size=224
        )
    assert forward_macs(model, 224) / 1e9 == pytest.approx(17.7, abs=0.1)
