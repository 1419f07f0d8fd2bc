"""Which settings of a recipe contradict each other, named before any network is built."""

import math
import re

import timm

from croquis.core.errors import InputError
from croquis.networks.imagenet_head import IMAGENET_CLASSES
from croquis.recipes.augment_params import MixParams
from croquis.recipes.probe_recipes import HeadParams
from croquis.recipes.recipes import ModelParams, spans


def check_regime(where: str, recipe: ModelParams) -> None:
    """Raises InputError where head, schedule, adapters and frozen parts do not go together.

    Args:
        where: the block's key, such as "models.eva_giant".
        recipe: the resolved settings.
    """
    if recipe.lora is not None and recipe.trainable is not None:
        raise _clash(
            where, "lora or trainable", "both", "adapters freeze all but the head"
        )
    if recipe.ema_decay is not None and recipe.average_epochs:
        raise _clash(
            where, "ema_decay or average_epochs", "both", "set one to null or 0"
        )
    if recipe.average_epochs > recipe.epochs:
        received = f"average_epochs: {recipe.average_epochs}"
        raise _clash(
            where, f"at most epochs ({recipe.epochs})", received, "lower it"
        )
    check_schedule(where, recipe)
    if recipe.mix is not None:
        _check_mix(where, recipe.mix, recipe.epochs)
        if recipe.group_weights:
            fix = "a mixed image is of two groups: set one to null or false"
            raise _clash(where, "mix or group_weights", "both", fix)
    if recipe.head_start == "imagenet":
        _check_imagenet(where, recipe)
    for pattern in [
        *(recipe.trainable or []),
        *([recipe.lora.targets] if recipe.lora else []),
    ]:
        _check_pattern(where, pattern)


def check_schedule(where: str, recipe: ModelParams | HeadParams) -> None:
    """Raises InputError on a schedule that never acts, or ends inside a cycle, near its peak.

    Args:
        where: the block's key, such as "models.eva_giant" or "probes.eva02_large_mlp.head".
        recipe: the resolved settings.
    """
    where = f"{where}.schedule"
    schedule = recipe.schedule
    if schedule in ("step", "plateau") and recipe.cycle_factor == 1:
        fix = "set cycle_factor, .1 for the usual step"
        raise _clash(
            where,
            f"a cycle_factor below 1 for {schedule}",
            "1, which changes nothing",
            fix,
        )
    warmup, cycle = spans(recipe)
    if schedule == "step" and cycle >= recipe.epochs - warmup:
        received = f"cycle_epochs: {recipe.cycle_epochs:g}"
        expected = f"a step before the end, {recipe.epochs - warmup:g} epochs after the warm-up"
        raise _clash(where, expected, received, "lower cycle_epochs")
    if schedule not in ("restarts", "cyclic"):
        return
    rest = recipe.epochs - warmup
    count = max(1, round(rest / cycle))
    # A little too long is no harm; a little too short, and the last step is at a new peak.
    if not -1e-9 < count - rest / cycle < 1e-3:
        received = f"{rest / cycle:.3g} cycles of {cycle:g} in {rest:g} epochs"
        fix = f"say cycle_epochs: {math.ceil(1e4 * rest / count) / 1e4:g}"
        raise _clash(
            where, "whole cycles, as the last weights are scored", received, fix
        )


def _check_mix(where: str, mix: MixParams, epochs: int) -> None:
    where = f"{where}.mix"
    if mix.off_last_epochs >= epochs:
        received = f"off_last_epochs: {mix.off_last_epochs}"
        raise _clash(
            where,
            f"fewer plain epochs than epochs ({epochs})",
            received,
            "lower it",
        )
    if mix.mixup == mix.cutmix == 0:
        raise _clash(where, "mixup or cutmix above 0", "both 0", "say mix: null")
    if mix.clip is not None and mix.clip[0] > mix.clip[1]:
        raise _clash(where, "clip as [low, high]", str(mix.clip), "swap them")


def _check_imagenet(where: str, recipe: ModelParams) -> None:
    expected = "a pretrained backbone with 1000 classes for head_start: imagenet"
    fix = "say head_start: probe or random"
    if recipe.head.hidden:
        raise _clash(where, "a linear head", f"hidden: {recipe.head.hidden}", fix)
    if isinstance(recipe.backbone, list):
        raise _clash(
            where, expected, f"{len(recipe.backbone)} stacked backbones", fix
        )
    if recipe.pretrained is False:
        raise _clash(where, expected, "pretrained: false", fix)
    config = timm.get_pretrained_cfg(recipe.backbone)
    classes = 0 if config is None else config.num_classes
    if classes != IMAGENET_CLASSES:
        raise _clash(where, expected, f"one with {classes}", fix)


def _check_pattern(where: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        received = f"{pattern!r} ({error})"
        fix = r"a backslash for a dot, such as 'blocks\.1\.'"
        raise _clash(where, "a regular expression", received, fix) from None


def _clash(where: str, expected: str, received: str, fix: str) -> InputError:
    return InputError(where, expected=expected, received=received, fix=fix)
