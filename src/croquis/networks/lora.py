"""Low-rank adapters by peft: a frozen network with small trained matrices beside its layers.

They go into the network itself, not around it: timm's names, layer groups and methods stay.
"""

import re

import peft
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from croquis.core import params
from croquis.core.errors import InputError
from croquis.recipes.recipes import LoraParams


def with_lora(model: nn.Module, lora: LoraParams, head_names: list[str]) -> nn.Module:
    """The same network, frozen but for its head and for new adapters, which change nothing yet.

    Args:
        model: changed in place.
        lora: rank, alpha, dropout and the layers meant.
        head_names: modules that train fully.

    Raises:
        InputError: if the pattern matches no layer, or something that is no layer.
    """
    _check_targets(model, lora.targets)
    for module in model.modules():
        # Else BEiT, EVA and Swin V2 read the weights of `qkv` past its adapter, which never learns.
        if hasattr(module, "qkv_bias_separate"):
            module.qkv_bias_separate = True
    config = peft.LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets,
    )
    peft.inject_adapter_in_model(config, model)
    for name in head_names:
        model.get_submodule(name).requires_grad_(True)
    return model


def merge_lora(model: nn.Module) -> nn.Module:
    """The same network with its adapters added into the weights: plain timm names, no peft.

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
    found = [name for name in modules if re.fullmatch(pattern, name)]
    others = [name for name in found if name not in layers]
    if found and not others:
        return
    received = f"{pattern!r}, which matches {others[0] if others else 'none'}"
    kinds = list(dict.fromkeys(re.sub(r"\.\d+\.", ".0.", name) for name in layers))
    fix = params.nearest(re.sub(r"\\d\+|\.\*|\\", "0", pattern), kinds)
    expected = "whole names of linear or convolutional layers"
    raise InputError("lora.targets", expected=expected, received=received, fix=fix)
