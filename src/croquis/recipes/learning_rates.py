"""The learning rate of a recipe: the base rate of params.yaml, scaled for one member."""

import math
from typing import Any

from croquis.core import params
from croquis.core.errors import InputError


def peak_lr(tree: dict[str, Any], lr_mult: float) -> float:
    """The highest learning rate of a training: `lr` of params.yaml times the member's `lr_mult`.

    Args:
        tree: all of params.yaml.
        lr_mult: of the member.

    Raises:
        InputError: if `lr` is missing or is no number.
    """
    base = params.validated_value(float, params.required(tree, "lr"), where="lr")
    peak = base * lr_mult
    if not 0 < peak < math.inf:
        raise InputError(
            "lr",
            expected="a product with lr_mult that is above 0 and finite",
            received=f"{base:.3g} times {lr_mult:.3g}",
            fix="correct lr or lr_mult",
        )
    return peak
