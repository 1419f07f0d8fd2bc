"""Training a part of a network: which parameters move, and what must stay still with the rest."""

import re

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from croquis.core import params
from croquis.core.errors import InputError


def freeze(model: nn.Module, patterns: list[str]) -> int:
    """Freezes all that no pattern names; how many numbers still train.

    Args:
        model: changed in place.
        patterns: regular expressions, such as "attn" or "^head".

    Raises:
        InputError: if one of them matches no parameter.
    """
    names = [name for name, _ in model.named_parameters()]
    for pattern in patterns:
        if not any(re.search(pattern, name) for name in names):
            raise InputError(
                "trainable",
                expected="names of parameters",
                received=f"{pattern!r}, which matches none",
                fix=params.nearest(pattern, _parts(names)),
            )
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(
            any(re.search(pattern, name) for pattern in patterns)
        )
    return trainable_count(model)


def trainable_count(model: nn.Module) -> int:
    """How many numbers train."""
    return sum(part.numel() for part in model.parameters() if part.requires_grad)


def train_mode(model: nn.Module) -> None:
    """`model.train()`, but batch normalisation without trainable parameters keeps its statistics.

    Else the frozen layers above it would get other inputs than those they were trained on.
    """
    model.train()
    for module in model.modules():
        if isinstance(module, _BatchNorm) and _is_frozen(module):
            module.eval()


def _is_frozen(module: nn.Module) -> bool:
    """Whether a module has parameters of its own, and none of them trains."""
    parameters = list(module.parameters(recurse=False))
    return bool(parameters) and not any(each.requires_grad for each in parameters)


def _parts(names: list[str]) -> list[str]:
    """What names are made of, each once: "head" and "weight" of "head.weight"; no numbers."""
    parts = [part for name in reversed(names) for part in name.split(".")]
    return [part for part in dict.fromkeys(parts) if not part.isdigit()]
