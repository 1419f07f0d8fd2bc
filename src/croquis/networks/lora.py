"""Low-rank adapters by peft: a frozen network with small trained matrices beside its layers.

They go into the network itself, not around it: timm's names, layer groups and methods stay.
"""

import re
from typing import Any, cast

import peft
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from croquis.core import params
from croquis.backbones.backbones import Network
from croquis.core.errors import InputError
from croquis.recipes.recipes import LoraParams


def add_lora(model: Network, lora: LoraParams, head_names: list[str]) -> Network:
    """Freezes a network but for its head, and adds adapters, which change nothing yet.

    Args:
        model: changed in place, and returned.
        lora: rank, alpha, dropout and the layers meant.
        head_names: modules that train fully.

    Raises:
        InputError: if the pattern matches no layer, or something that is no layer.
    """
    _check_targets(model, lora.targets)
    for module in model.modules():
        # Else BEiT, EVA and Swin V2 read the weights of `qkv` past its adapter, which never learns.
        if hasattr(module, "qkv_bias_separate"):
            module.qkv_bias_separate = cast(
                Any, True
            )  # torch expects modules alone
    config = peft.LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]  # any number: it is divided by r
        lora_dropout=lora.dropout,
        target_modules=lora.targets,
    )
    peft.inject_adapter_in_model(config, model)
    for name in head_names:
        model.get_submodule(name).requires_grad_(True)
    return model


def merge_lora(model: Network) -> Network:
    """Adds the adapters of a network into its weights: plain timm names, no peft.

    Changed in place. Equal within rounding, 1e-5 in float32 and eval mode.
    """
    for name, module in list(model.named_modules()):
        if isinstance(module, BaseTunerLayer):
            module.merge(safe_merge=True)
            model.set_submodule(name, module.get_base_layer())
    return model


def _check_targets(model: nn.Module, pattern: str) -> None:
    modules = {name: module for name, module in model.named_modules() if name}
    layers = [
        name for name in modules if isinstance(modules[name], nn.Linear | nn.Conv2d)
    ]
    matches = [name for name in modules if re.fullmatch(pattern, name)]
    others = [name for name in matches if name not in layers]
    if matches and not others:
        return
    received = f"{pattern!r}, which matches {others[0] if others else 'none'}"
    kinds = list(dict.fromkeys(re.sub(r"\.\d+\.", ".0.", name) for name in layers))
    fix = params.nearest(re.sub(r"\\d\+|\.\*|\\", "0", pattern), kinds)
    expected = "whole names of linear or convolutional layers"
    raise InputError("lora.targets", expected=expected, received=received, fix=fix)
