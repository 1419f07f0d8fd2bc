"""What would fail after hours fails in seconds, with its key and what would do."""

import pytest
import torch

from croquis.core.errors import InputError
from croquis.costs import trial
from croquis.costs.trial import Unanswered, try_model, try_probe
from croquis.recipes.probe_recipes import ProbeParams
from support.leftovers import HEAD, recipe


def refusal(**changes: object) -> str:
    with pytest.raises(InputError) as caught:
        try_model(recipe(**changes), 2)
    return str(caught.value)


def probe(**changes: object) -> ProbeParams:
    return HEAD.model_copy(update={"embed": HEAD.embed.model_copy(update=changes)})


@pytest.mark.parametrize(
    ("backbone", "size"),
    [
        ("vit_base_patch16_siglip_224.webli", 224),
        ("vit_pe_core_tiny_patch16_384.fb", 384),
        ("cait_xxs24_224.fb_dist_in1k", 224),
        ("naflexvit_base_patch16_map.untrained", 64),
    ],
)
def test_networks_with_an_attention_pool_pass(backbone: str, size: int) -> None:
    try_model(recipe(backbone=backbone, image_size=size), 2)
    try_probe(probe(backbone=backbone, image_size=size), 2)


def test_a_size_that_does_not_fit_is_told_with_those_that_do() -> None:
    """`coatnet` at 380 px failed after the download."""
    text = refusal(
        backbone="coatnet_rmlp_2_rw_384.sw_in12k_ft_in1k", image_size=380
    )
    assert text.startswith(
        "image_size: expected a size that coatnet_rmlp_2_rw_384.sw_in12k_ft"
    )
    assert "received 380 (" in text and text.endswith("; say 384 or 352")


def test_a_size_of_a_probes_backbone_too() -> None:
    backbone = "coatnet_rmlp_2_rw_384.sw_in12k_ft_in1k"
    with pytest.raises(
        InputError,
        match=r"embed.image_size: expected .* received 380 .*; say 384 or 352",
    ):
        try_probe(probe(backbone=backbone, image_size=380), 2)


def test_checkpointing_that_a_network_lacks_is_named() -> None:
    text = refusal(backbone="cspresnet50.ra_in1k", grad_checkpointing=True)
    assert text.startswith(
        "grad_checkpointing: expected false for this backbone, received true ("
    )


def test_a_probe_cannot_start_a_head_that_is_a_convolution() -> None:
    text = refusal(
        backbone="resnetv2_50x1_bit.goog_in21k", image_size=64, head_start="probe"
    )
    assert text == (
        "head_start: expected a linear head for probe, received Conv2d at head.fc; "
        "say head_start: random"
    )


def test_what_no_size_helps_is_said_of_the_backbone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> torch.nn.Module:
        raise KeyError("attn")

    monkeypatch.setattr(trial, "on_meta", broken)
    assert refusal() == (
        "backbone: expected a network that can be built and trained, "
        "received resnet18 (KeyError: 'attn'); take another backbone"
    )


def test_what_the_meta_device_cannot_do_is_no_fault_of_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asks(*_: object) -> torch.nn.Module:
        return torch.zeros(1, device="meta").item()

    monkeypatch.setattr(trial, "on_meta", asks)
    with pytest.raises(Unanswered, match="meta"):
        try_model(recipe(), 2)


def test_a_network_that_gives_no_vector_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trial, "on_meta", lambda *_: torch.nn.Conv2d(3, 4, 3))
    assert (
        "ValueError: gives (1, 4, 30, 30) for an image instead of one vector"
        in refusal()
    )
