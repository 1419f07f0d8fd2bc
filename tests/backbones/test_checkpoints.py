"""Checkpoints of training code: the weights in them are found, whatever is written around them."""

import argparse
import collections
import pathlib
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from torch import nn

from croquis.backbones.backbones import build_backbone
from croquis.backbones.checkpoints import fit, read_parts
from croquis.check.file_trial import try_file
from croquis.core.errors import InputError

TINY = "test_efficientnet.r160_in1k"
Tensors = dict[str, torch.Tensor]


class Settings(dict[str, Any]):
    """As Lightning and configuration libraries keep settings."""


class Callback:
    """As some trainers pickle what they call each epoch."""

    def __init__(self) -> None:
        self.best = np.float64(0.5)
        self.folder = pathlib.PurePosixPath("/data")


@pytest.fixture(scope="module")
def held() -> Tensors:
    """The weights of a tiny network with a head of five classes."""
    torch.manual_seed(7)
    return timm.create_model(TINY, pretrained=False, num_classes=5).state_dict()


def built(path: pathlib.Path, num_classes: int = 3) -> nn.Module:
    return build_backbone(
        TINY, pretrained=str(path), num_classes=num_classes, image_size=32
    )


def lines(path: pathlib.Path, backbone: str = TINY) -> list[str]:
    return try_file(backbone, str(path), num_classes=3, image_size=32)


def assert_holds(model: nn.Module, held: Tensors) -> None:
    state = model.state_dict()
    body = [name for name in state if not name.startswith("classifier")]
    assert len(body) > 50
    assert all(
        torch.equal(state[name], held[name].to(state[name])) for name in body
    )


def with_prefix(prefix: str) -> Callable[[Tensors], object]:
    return lambda held: {prefix + name: each for name, each in held.items()}


def zeros_like(held: Tensors) -> Tensors:
    return {name: torch.zeros_like(each) for name, each in held.items()}


PREFIXES = [
    "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model.", "net.",
    "backbone.", "model.backbone.", "model._orig_mod.", "visual.trunk.", "0.", "encoder_q.",
    "model.module.model.",
]  # fmt: skip


@pytest.mark.parametrize("prefix", PREFIXES)
def test_what_wrappers_write_before_names_is_taken_off_where_the_rest_fits(
    tmp_path: pathlib.Path, held: Tensors, prefix: str
) -> None:
    path = tmp_path / "w.safetensors"
    safetensors.torch.save_file(with_prefix(prefix)(held), path)
    parts = read_parts(path)
    fitting = fit(parts, list(held), "w", "weights")
    assert fitting.notes == [f"read from names after {prefix}"]
    assert all(torch.equal(fitting.tensors[name], held[name]) for name in held)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".bin", ".ckpt"])
def test_the_network_gets_the_weights_behind_a_prefix(
    tmp_path: pathlib.Path, held: Tensors, suffix: str
) -> None:
    path = tmp_path / f"w{suffix}"
    tensors = with_prefix("module._orig_mod.")(held)
    if suffix == ".safetensors":
        safetensors.torch.save_file(tensors, path)
    else:
        torch.save(tensors, path)
    assert_holds(built(path), held)
    assert "read from names after module._orig_mod." in lines(path)


@pytest.mark.parametrize(
    "wrapper",
    [
        "module.",
        "_orig_mod.",
        "_fsdp_wrapped_module.",
        "_checkpoint_wrapped_module.",
    ],
)
@pytest.mark.parametrize("prefix", ["", "model."])
def test_what_wrappers_of_parts_write_into_names_is_taken_out(
    tmp_path: pathlib.Path, held: Tensors, wrapper: str, prefix: str
) -> None:
    """bearpaw/pytorch-classification 27: features.module.0.weight, where 0.weight is wrapped."""
    names = {name: name.replace("blocks.", f"blocks.{wrapper}") for name in held}
    torch.save(
        {prefix + names[name]: held[name] for name in held}, tmp_path / "w.pth"
    )
    fitting = fit(read_parts(tmp_path / "w.pth"), list(held), "w", "weights")
    assert all(torch.equal(fitting.tensors[name], held[name]) for name in held)


WRAPPED: dict[str, Callable[[Tensors], object]] = {
    "model": lambda held: {"model": held, "epoch": 3},
    "state_dict": lambda held: {"state_dict": held, "optimizer": {"state": {}}},
    "model_state_dict": lambda held: {"model_state_dict": held, "loss": 0.1},
    "params": lambda held: {"params": held},
    "net": lambda held: {"net": held, "acc": 93.1, "epoch": 7},
    "deep": lambda held: {"checkpoint": {"model": with_prefix("module.")(held)}},
    "lightning": lambda held: {
        "state_dict": with_prefix("model.")(held) | {"loss.weight": torch.ones(5)},
        "hyper_parameters": Settings(lr=0.1),
        "callbacks": {"ModelCheckpoint{}": {"best": torch.tensor(1.0)}},
        "pytorch-lightning_version": "2.4.0",
    },
    "timm": lambda held: {
        "epoch": 3,
        "arch": "x",
        "state_dict": held,
        "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": []},
        "args": argparse.Namespace(lr=0.1, opt="sgd"),
        "metric": np.float64(0.5),
    },
    "objects": lambda held: {
        "model": held,
        "config": Settings(a=Settings(b=[1])),
        "callback": Callback(),
        "counts": collections.defaultdict(list, a=[1]),
        "names": collections.deque(["a"]),
        "root": pathlib.PurePosixPath("/data"),
        "curve": np.arange(3.0),
    },
    "settings": lambda held: Settings(model=Settings(held)),
}


@pytest.mark.parametrize(
    ("kind", "is_zip"),
    [*((kind, True) for kind in WRAPPED), ("timm", False), ("objects", False)],
)
def test_the_weights_are_found_beside_all_else(
    tmp_path: pathlib.Path, held: Tensors, kind: str, is_zip: bool
) -> None:
    path = tmp_path / "w.pth.tar"
    torch.save(WRAPPED[kind](held), path, _use_new_zipfile_serialization=is_zip)
    assert_holds(built(path), held)


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        ("state_dict_ema", ""),
        ("model_ema", "module."),
        ("ema", ""),
        ("ema_state_dict", ""),
        ("params_ema", ""),
    ],
)
def test_an_average_comes_before_the_weights_it_is_of_and_the_line_names_both(
    tmp_path: pathlib.Path, held: Tensors, key: str, prefix: str
) -> None:
    path = tmp_path / "w.pth"
    torch.save(
        {"state_dict": zeros_like(held), key: with_prefix(prefix)(held)}, path
    )
    assert_holds(built(path), held)
    first, second, *_ = lines(path)
    assert first.startswith(f"read from {key}")
    assert second == "not from state_dict, beside them"


def test_an_average_in_the_names_of_one_state_dict_comes_first_too(
    tmp_path: pathlib.Path, held: Tensors
) -> None:
    both = with_prefix("model.")(zeros_like(held)) | with_prefix("ema_model.")(held)
    torch.save({"state_dict": both}, tmp_path / "w.ckpt")
    assert_holds(built(tmp_path / "w.ckpt"), held)


def test_an_average_without_running_statistics_is_passed_over(
    tmp_path: pathlib.Path, held: Tensors
) -> None:
    average = {name: held[name] for name in held if "running" not in name}
    torch.save({"model": held, "model_ema": average}, tmp_path / "w.pth")
    assert_holds(built(tmp_path / "w.pth"), held)
    torch.save(average, tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"parameters, no \w+\.running_mean"):
        lines(tmp_path / "w.pth")


def test_two_sets_that_differ_are_both_named(
    tmp_path: pathlib.Path, held: Tensors
) -> None:
    path = tmp_path / "w.pth"
    torch.save({"teacher": held, "student": zeros_like(held)}, path)
    with pytest.raises(
        InputError, match="that differ: `teacher` and `student`; save"
    ):
        built(path)
    torch.save({"teacher": held, "student": held}, path)
    assert_holds(built(path), held)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_precision_is_read_as_float32(
    tmp_path: pathlib.Path, held: Tensors, kind: torch.dtype
) -> None:
    halves = {
        name: each.to(kind) if each.is_floating_point() else each
        for name, each in held.items()
    }
    torch.save(halves, tmp_path / "w.bin")
    model = built(tmp_path / "w.bin")
    assert {each.dtype for each in model.parameters()} == {torch.float32}
    assert_holds(model, halves)
    name = str(kind).removeprefix("torch.")
    assert f"{name}, read as float32" in lines(tmp_path / "w.bin")


def test_a_head_of_other_classes_is_left_out_with_a_line(
    tmp_path: pathlib.Path, held: Tensors
) -> None:
    torch.save(held, tmp_path / "w.pth")
    assert lines(tmp_path / "w.pth") == ["its head of 5 outputs is left out"]
    body = {name: held[name] for name in held if not name.startswith("classifier")}
    torch.save(body, tmp_path / "w.pth")
    assert lines(tmp_path / "w.pth") == []
    assert_holds(built(tmp_path / "w.pth"), held)


def test_a_head_that_is_to_be_kept_must_be_there(
    tmp_path: pathlib.Path, held: Tensors
) -> None:
    torch.save(held, tmp_path / "w.pth")
    with pytest.raises(
        InputError, match="received none with a head of 1,000 outputs"
    ):
        built(tmp_path / "w.pth", num_classes=1000)


def test_an_error_is_one_line_with_a_count_and_the_first_names(
    tmp_path: pathlib.Path, held: Tensors
) -> None:
    names = list(held)
    other = {
        ("x." + name if at > 9 else name): held[name]
        for at, name in enumerate(names)
    }
    torch.save({"model": other}, tmp_path / "w.pth")
    with pytest.raises(
        InputError,
        match=r"received \d+ of its \d+ parameters, no x\.conv_stem.weight but conv_stem.weight;",
    ) as error:
        lines(tmp_path / "w.pth")
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_other_shapes_are_named_before_any_training(
    tmp_path: pathlib.Path, held: Tensors
) -> None:
    other = {**held, "conv_stem.weight": held["conv_stem.weight"][:4].clone()}
    torch.save(other, tmp_path / "w.pth")
    for tried in (lines, built):
        with pytest.raises(
            InputError,
            match=r"1 of \d+ in other shapes, as conv_stem.weight \(4, 3",
        ):
            tried(tmp_path / "w.pth")


def test_positions_of_another_size_are_scaled_by_timm(
    tmp_path: pathlib.Path,
) -> None:
    name = "test_vit.r160_in1k"
    larger = timm.create_model(name, pretrained=False, img_size=64, num_classes=0)
    torch.save(larger.state_dict(), tmp_path / "w.pth")
    path = str(tmp_path / "w.pth")
    try_file(name, path, num_classes=3, image_size=32)
    build_backbone(name, pretrained=path, num_classes=3, image_size=32)


def of_the_authors(name: str) -> str:
    """The name that facebookresearch/ConvNeXt has for a tensor of timm's ConvNeXt."""
    name = re.sub(r"^stem\.", "downsample_layers.0.", name)
    name = re.sub(r"stages\.(\d+)\.downsample\.", r"downsample_layers.\1.", name)
    name = re.sub(r"stages\.(\d+)\.blocks\.", r"stages.\1.", name)
    name = name.replace("conv_dw", "dwconv").replace("head.norm", "norm")
    name = name.replace("mlp.fc1", "pwconv1").replace("mlp.fc2", "pwconv2")
    return name.replace("head.fc", "head")


def test_the_names_of_a_networks_authors_are_those_that_timm_knows(
    tmp_path: pathlib.Path,
) -> None:
    name = "test_convnext.r160_in1k"
    held = timm.create_model(name, pretrained=False, num_classes=5).state_dict()
    theirs = {"module." + of_the_authors(key): held[key] for key in held}
    torch.save({"model": theirs}, tmp_path / "w.pth")
    path = str(tmp_path / "w.pth")
    assert "with the names of the network's authors" in lines(
        tmp_path / "w.pth", name
    )
    model = build_backbone(name, pretrained=path, num_classes=3, image_size=32)
    state = model.state_dict()
    body = [key for key in state if not key.startswith("head.fc")]
    assert all(torch.equal(state[key], held[key]) for key in body)


def test_the_weights_of_a_deeper_network_do_not_pass_for_those_of_a_shallow_one(
    tmp_path: pathlib.Path, held: Tensors
) -> None:
    """All names of a ResNet-18 are in a ResNet-34, and timm loads them without a word."""
    last = max(name for name in held if name.startswith("blocks.1."))
    deeper = {last.replace("blocks.1.0", "blocks.1.7"): held[last]}
    assert not set(deeper) & set(held)
    torch.save({**held, **deeper}, tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"a deeper one, which has blocks\.1\.7"):
        lines(tmp_path / "w.pth")
    torch.save({**held, "decoder.0.weight": held[last]}, tmp_path / "w.pth")
    lines(tmp_path / "w.pth")


@pytest.mark.parametrize(
    "content",
    [{"state_dict": None}, {"model": {}}, {"epoch": 3}, [torch.ones(1)], {}],
    ids=repr,
)
def test_a_file_without_weights_is_refused(
    tmp_path: pathlib.Path, content: object
) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(
        InputError, match="expected a state_dict of tensors, received"
    ):
        lines(tmp_path / "w.pth")


def test_a_whole_network_in_a_pickle_is_refused(tmp_path: pathlib.Path) -> None:
    torch.save(nn.Sequential(nn.Linear(2, 2)), tmp_path / "w.pth")
    with pytest.raises(
        InputError, match=r"received a whole object, .*; save its state"
    ):
        lines(tmp_path / "w.pth")


def test_no_random_number_is_drawn_for_the_outline_of_a_network(
    tmp_path: pathlib.Path, held: Tensors
) -> None:
    torch.save(held, tmp_path / "w.pth")
    torch.manual_seed(1)
    lines(tmp_path / "w.pth")
    drawn = torch.rand(1)
    torch.manual_seed(1)
    assert drawn == torch.rand(1)


def test_the_place_with_all_names_counts_and_the_shortest_of_equals(
    tmp_path: pathlib.Path,
) -> None:
    one = torch.ones(1)
    torch.save({"a.b": one, "x.a.b": one, "y": {"b": one}}, tmp_path / "w.pth")
    parts = read_parts(tmp_path / "w.pth")
    assert list(parts) == ["", "y"]
    assert str(fit(parts, ["a.b"], "w", "weights").place) == "its names as they are"


@pytest.mark.parametrize("name", ["w.bin", "w.pth", "W.SAFETENSORS"])
def test_safetensors_are_known_by_their_bytes(
    name: str, tmp_path: pathlib.Path, held: Tensors
) -> None:
    safetensors.torch.save_file(held, tmp_path / name)
    assert_holds(built(tmp_path / name), held)


def test_a_file_of_torch_may_be_called_safetensors(
    tmp_path: pathlib.Path, held: Tensors
) -> None:
    torch.save(held, tmp_path / "w.safetensors")
    assert_holds(built(tmp_path / "w.safetensors"), held)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "received an empty file; fetch it again"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (
            b"\n<!DOCTYPE html><title>Log in</title>",
            "received a web page; download",
        ),
        (b"outs:\n- md5: a\n", "received a .dvc file"),
        (b'{"weight_map": {}}', "received JSON; name a .safetensors"),
        (b"\x89HDF\r\n\x1a\n", "received an HDF5 file"),
        (b"PK\3\4" + 50 * b"x", "received a file that is cut off; fetch it again"),
    ],
)
def test_what_came_instead_of_weights_is_named(
    content: bytes, said: str, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(InputError, match=re.escape(said)):
        lines(tmp_path / "w.pth")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_of_a_training_that_failed_are_refused_before_another(
    number: float, tmp_path: pathlib.Path, held: Tensors
) -> None:
    held = {name: tensor.clone() for name, tensor in held.items()}
    held["conv_stem.weight"][0, 0, 0, 0] = number
    torch.save(held, tmp_path / "w.pth")
    with pytest.raises(
        InputError, match=r"nan or infinity in 1 of .* conv_stem.weight"
    ):
        lines(tmp_path / "w.pth")


def test_whole_numbers_are_no_weights(
    tmp_path: pathlib.Path, held: Tensors
) -> None:
    numbers = {name: tensor.to(torch.int8) for name, tensor in held.items()}
    torch.save(numbers, tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"int8 in .* before any quantization"):
        lines(tmp_path / "w.pth")
