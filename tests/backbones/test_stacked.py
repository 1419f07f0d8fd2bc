"""Two backbones in one model: each sees its own size and statistics, and both learn."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from timm.optim import create_optimizer_v2

from croquis.backbones import backbones, stacked
from croquis.core.errors import InputError
from croquis.heads.heads import put_head
from croquis.recipes.head_params import HeadShape

CONV, VIT = "test_convnext.r160_in1k", "test_vit.r160_in1k"
LITE0, RESNET = "tf_efficientnet_lite0.in1k", "resnet18.a1_in1k"


def stack(
    num_classes: int = 3, names: tuple[str, ...] = (CONV, VIT), **options
) -> stacked.Stacked:
    torch.manual_seed(0)
    settings = {"pretrained": False, "image_size": 32} | options
    return stacked.build_network(list(names), num_classes=num_classes, **settings)


def test_one_backbone_is_a_plain_network() -> None:
    model = stacked.build_network(
        VIT, pretrained=False, num_classes=3, image_size=32, drop_rate=0.1
    )
    assert type(model).__name__ == "VisionTransformer" and model.head_drop.p == 0.1


def test_features_are_those_of_each_backbone_with_its_own_statistics() -> None:
    model = stack(0, (CONV, RESNET)).eval()
    images = torch.rand(2, 3, 32, 32)
    given = backbones.statistics(model)
    assert given.mean == (0, 0, 0) and given.std == (1, 1, 1)
    apart = []
    for branch in model.branches:
        own = backbones.statistics(branch)
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in (own.mean, own.std))
        apart.append(branch((images - mean) / std))
    assert backbones.statistics(model.branches[0]) != backbones.statistics(
        model.branches[1]
    )
    torch.testing.assert_close(model(images), torch.cat(apart, dim=1))
    assert model(images).shape == (2, model.num_features)


def test_no_backbone_gets_more_pixels_than_it_was_trained_on() -> None:
    """The test networks know 160 px, EfficientNet-Lite0 224."""
    assert (
        stacked.branch_size(CONV, 192) == 160
        and stacked.branch_size(LITE0, 192) == 192
    )
    model, seen = stack(names=(VIT, LITE0), image_size=192).eval(), []
    for branch in model.branches:
        branch.register_forward_pre_hook(
            lambda _, given: seen.append(tuple(given[0].shape))
        )
    model(torch.rand(1, 3, 192, 192))
    assert seen == [(1, 3, 160, 160), (1, 3, 192, 192)]


def test_thin_strokes_survive_the_smaller_size() -> None:
    """Plain bilinear samples two rows of four here, and may miss a line of one pixel."""
    branches, filters = list(stack().branches), ["bilinear", "bilinear"]
    pair = stacked.Stacked(
        branches, [32, 128], filters, num_classes=0, drop_rate=0.0
    )
    own, ink = backbones.statistics(pair.branches[0]), []
    for row in range(60, 64):
        sheet = torch.ones(1, 3, 128, 128)
        sheet[:, :, row] = 0
        found = pair._input_of(0, sheet)[0, 0] * own.std[0] + own.mean[0]
        ink.append((1 - found).sum(dim=0).mean().item())
    assert ink == pytest.approx(
        [0.25] * 4
    )  # one row of 128 is a quarter of a row of 32


def test_each_backbone_is_shrunk_by_the_filter_of_its_own_config() -> None:
    """All were by a bilinear one, whatever timm's config said."""
    assert stack()._filters == ["bicubic", "bicubic"]
    names = ("resnext101_32x32d.fb_wsl_ig1b_ft_in1k", CONV)
    assert [backbones.interpolation(name) for name in names] == [
        "bilinear",
        "bicubic",
    ]
    assert (
        backbones.interpolation(list(names)) == "bilinear"
    )  # the stack's own size: the first's
    branches = list(stack().branches)
    pair = stacked.Stacked(
        branches, [32, 32], ["bilinear", "bicubic"], num_classes=0, drop_rate=0
    )
    images = torch.rand(1, 3, 128, 128).round()
    for number, branch in enumerate(branches):
        own = backbones.statistics(branch)
        found = pair._input_of(number, images)[0, 0] * own.std[0] + own.mean[0]
        how = (PIL.Image.Resampling.BILINEAR, PIL.Image.Resampling.BICUBIC)[number]
        sheet = PIL.Image.fromarray((images[0, 0] * 255).byte().numpy())
        there = torch.from_numpy(np.array(sheet.resize((32, 32), how))) / 255
        # Pillow rounds and clips to uint8 between rows and columns; the other filter is .05 off.
        assert (found - there).abs().mean() < 0.003


def test_both_backbones_and_the_head_learn() -> None:
    model = stack(drop_rate=0.5)
    put_head(model, HeadShape(hidden=[8], act="relu", norm="batch", dropout=0.0))
    model(torch.rand(4, 3, 32, 32)).sum().backward()
    assert [
        name for name, part in model.named_parameters() if part.grad is None
    ] == []
    assert (
        type(model.get_classifier()).__name__ == "Sequential"
        and model.drop.p == 0.5
    )


def test_layer_decay_acts_in_each_backbone_from_the_head_down() -> None:
    model = stack()
    optimizer = create_optimizer_v2(
        model, opt="adamw", lr=1.0, layer_decay=0.5, weight_decay=0.1
    )
    scales = {
        id(part): group["lr_scale"]
        for group in optimizer.param_groups
        for part in group["params"]
    }
    found = {name: scales[id(part)] for name, part in model.named_parameters()}
    assert found["head.weight"] == 1.0
    own = [
        {v for n, v in found.items() if n.startswith(f"branches.{number}.")}
        for number in range(2)
    ]
    assert all(max(values) == 0.5 and len(values) > 3 for values in own)
    last = len(model.branches[1].blocks) - 1
    assert found[f"branches.1.blocks.{last}.attn.qkv.weight"] == 0.5
    assert found["branches.1.blocks.0.attn.qkv.weight"] == 0.5 ** (last + 1)


def test_layer_decay_acts_in_a_backbone_that_names_no_layers() -> None:
    model = stack(names=(VIT, "caformer_s18.sail_in1k"))
    assert not hasattr(model.branches[1], "group_matcher")
    depth = model.group_matcher()
    assert depth("branches.1.stem.conv.weight") < depth(
        "branches.1.stages.3.blocks.2.norm1.weight"
    )
    assert depth("head.weight") == depth("branches.0.blocks.5.attn.qkv.weight") + 1


def test_what_one_backbone_wants_undecayed_is_undecayed() -> None:
    model = stack()
    assert "branches.1.pos_embed" in model.no_weight_decay()
    optimizer = create_optimizer_v2(model, opt="adamw", lr=1.0, weight_decay=0.1)
    kept = [
        id(p)
        for g in optimizer.param_groups
        if g["weight_decay"] == 0
        for p in g["params"]
    ]
    assert id(model.branches[1].pos_embed) in kept


def test_gradient_checkpointing_reaches_each_backbone() -> None:
    model = stack(names=(VIT, VIT))
    model.set_grad_checkpointing()
    assert all(branch.grad_checkpointing for branch in model.branches)


def test_a_stack_can_be_saved_and_filled() -> None:
    one, two = stack(), stack()
    assert not [name for name in one.state_dict() if "mean" in name]
    torch.nn.init.zeros_(two.head.weight)
    two.load_state_dict(one.state_dict())
    assert torch.equal(two.head.weight, one.head.weight)


@pytest.mark.parametrize("name", [CONV, VIT])
def test_timm_still_states_the_size_of_a_network(name: str) -> None:
    assert timm.get_pretrained_cfg(name).input_size == (3, 160, 160)


def test_an_untrained_backbone_is_the_same_each_time() -> None:
    """Parts of the features of one probe came from networks of different random weights."""
    first, second = (
        stacked.build_frozen(VIT, pretrained=False, image_size=32) for _ in range(2)
    )
    assert not first.training
    for name, weights in first.state_dict().items():
        assert torch.equal(weights, second.state_dict()[name]), name


def test_each_backbone_of_a_stack_can_have_weights_of_its_own(
    tmp_path: Path,
) -> None:
    """Branches that were fine-tuned before: one file fits one network."""
    paths = []
    for number, name in enumerate((CONV, RESNET)):
        single = stacked.build_network(
            name, pretrained=False, num_classes=3, image_size=32
        )
        paths.append(str(tmp_path / f"{number}.safetensors"))
        save_file(single.state_dict(), paths[-1])
    both = stacked.build_network(
        [CONV, RESNET], pretrained=paths, num_classes=3, image_size=32
    )
    for branch, path in zip(both.branches, paths, strict=True):
        held, own = load_file(path), branch.state_dict()
        shared = [name for name in own if name in held]
        assert shared and all(torch.equal(own[name], held[name]) for name in shared)


def test_one_backbone_takes_no_list_of_weights() -> None:
    """A list counted as true: timm's hub was asked for weights that nobody had named."""
    with pytest.raises(
        InputError, match=r"pretrained: expected one value .* received \[False\]"
    ):
        stacked.build_network(
            "test_vit.r160_in1k", pretrained=[False], num_classes=3, image_size=160
        )
