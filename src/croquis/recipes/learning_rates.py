"""The learning rate of a recipe: the base rate of params.yaml, scaled for one member."""

from typing import Any

from croquis.core import params


def peak_lr(tree: dict[str, Any], lr_mult: float) -> float:
    """The highest learning rate of a training: `lr` of params.yaml times the member's `lr_mult`.

    Args:
        tree: all of params.yaml.
        lr_mult: of the member.

    Raises:
        InputError: if `lr` is missing or is no number.
    """
    base = params.validated_value(float, params.required(tree, "lr"), where="lr")
    return base * lr_mult
