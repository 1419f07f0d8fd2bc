"""Weights from files and packages: all tensors land, and nothing is unpickled."""

import importlib.metadata
import pickle
from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch

from croquis.backbones import weights
from croquis.core.errors import InputError

LITE0 = "tf_efficientnet_lite0.in1k"


@pytest.mark.parametrize("name", weights.BUNDLED)
def test_the_bundled_weights_fill_every_tensor_of_timms_network(name: str) -> None:
    model = timm.create_model(name, pretrained=False)
    found = weights.state_dict("bundled", name)
    model.load_state_dict(found, strict=True)
    assert len(found) == len(model.state_dict())


def test_the_digest_is_that_of_the_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "w.pth").write_bytes(b"abc")
    # From the reference implementation: b2sum -l 64.
    assert weights.weights_digest("w.pth") == "d8bb14d833d59559"
    (tmp_path / "w.pth").write_bytes(b"abd")
    assert weights.weights_digest("w.pth") != "d8bb14d833d59559"
    assert [
        weights.weights_digest(other)
        for other in (True, False, "bundled", "no.pth")
    ] == [""] * 4


@pytest.mark.parametrize(
    ("theirs", "timms"),
    [
        ("_conv_stem.weight", "conv_stem.weight"),
        ("_bn1.running_var", "bn2.running_var"),
        ("_fc.bias", "classifier.bias"),
        ("_blocks.0._depthwise_conv.weight", "blocks.0.0.conv_dw.weight"),
        (
            "_blocks.0._project_conv.weight",
            "blocks.0.0.conv_pw.weight",
        ),  # the first expands nothing
        (
            "_blocks.3._bn2.bias",
            "blocks.2.0.bn3.bias",
        ),  # stages of 1, 2, 2, ... blocks
        ("_blocks.15._expand_conv.weight", "blocks.6.0.conv_pw.weight"),
    ],
)
def test_blocks_counted_flat_find_their_stage(theirs: str, timms: str) -> None:
    assert weights.timm_name(theirs) == timms


def test_other_backbones_have_no_bundled_weights() -> None:
    with pytest.raises(
        InputError,
        match=r"carries \(tf_efficientnet_lite0, .*\), received resnet18.a1",
    ):
        weights.state_dict("bundled", "resnet18.a1_in1k")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    with pytest.raises(
        InputError, match="received no such package; install efficientnet-lite0"
    ):
        weights.state_dict("bundled", LITE0)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt"])
def test_a_file_of_tensors_is_read(tmp_path: Path, suffix: str) -> None:
    tensors, path = {"a": torch.arange(3.0)}, tmp_path / f"w{suffix}"
    if suffix == ".safetensors":
        safetensors.torch.save_file(tensors, path)
    else:
        torch.save(tensors, path)
    assert weights.state_dict(str(path), "any")["a"].tolist() == [0, 1, 2]


def test_a_checkpoint_is_opened_at_its_state_dict(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "state_dict": {"a": torch.ones(1)}}, tmp_path / "w.pth")
    assert list(weights.state_dict(str(tmp_path / "w.pth"), "any")) == ["a"]


def test_a_relative_path_starts_at_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    safetensors.torch.save_file({"a": torch.ones(1)}, tmp_path / "w.safetensors")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert list(weights.state_dict("w.safetensors", "any")) == ["a"]


def test_a_missing_file_lists_the_other_ways() -> None:
    with pytest.raises(
        InputError, match=r"hub.*bundled.*received 'nowhere\.pth'; correct the path"
    ):
        weights.state_dict("nowhere.pth", "any")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize(
    "content", [b"", b"not weights at all"], ids=["empty", "text"]
)
def test_a_corrupt_file_is_named(
    tmp_path: Path, suffix: str, content: bytes
) -> None:
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    with pytest.raises(
        InputError, match=rf"w\{suffix}: expected a state_dict of tensors, received"
    ):
        weights.state_dict(str(path), "any")


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("wrapped", [True, False], ids=["torch.save", "pickle"])
def test_a_pickle_with_code_is_refused_and_not_run(
    tmp_path: Path, wrapped: bool
) -> None:
    sprung, path = tmp_path / "sprung", tmp_path / "w.pth"
    if wrapped:
        torch.save({"a": Trap(sprung)}, path)
    else:
        path.write_bytes(pickle.dumps({"a": Trap(sprung)}))
    with pytest.raises(
        InputError, match=r"w\.pth: expected a state_dict.*\.safetensors"
    ):
        weights.state_dict(str(path), "any")
    assert not sprung.exists()


@pytest.mark.parametrize(
    "content", [{}, {"epoch": 3}, [torch.ones(1)], torch.ones(1)], ids=repr
)
def test_a_file_without_named_tensors_is_refused(
    tmp_path: Path, content: object
) -> None:
    """timm takes an empty state_dict for none at all, and would go to its hub."""
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(
        InputError, match=r"w\.pth: expected a state_dict of tensors"
    ):
        weights.state_dict(str(tmp_path / "w.pth"), "any")
