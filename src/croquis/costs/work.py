"""What the trainings of a member compute, in multiply-adds: counted on its network, step by step.

Not counted: averages of weights, which multiply no matrices, and the ten updates that are timed.
"""

from collections import Counter
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from croquis.augment.phases import phase_at
from croquis.core.views import FLIPS, views_of_turned
from croquis.heads.heads import head_names
from croquis.heads.probe_training import Head
from croquis.networks.freezing import train_mode
from croquis.networks.lp_ft import EPOCHS as START_EPOCHS
from croquis.networks.macs import Step, step_macs
from croquis.networks.networks import on_meta
from croquis.recipes.head_params import HeadShape
from croquis.recipes.probe_recipes import ProbeParams
from croquis.recipes.recipes import ModelParams, cycles


class Work(NamedTuple):
    """Multiply-adds of one image, by what it is for.

    Attributes:
        once: of each image, training and test, whatever the folds; forward, as all but `back`.
        train: of each training image of a fold.
        back: the same, backward.
        val: of each held-out image of a fold.
        test: of each test image, in each fold.
    """

    once: int
    train: int
    back: int
    val: int
    test: int


def model_work(recipe: ModelParams, num_classes: int, forward: int) -> Work:
    """What a fine-tuned model takes a fold.

    Args:
        recipe: the resolved settings.
        num_classes: of the data.
        forward: multiply-adds of one image of the model's own size, without adapters.
    """
    model = on_meta(
        recipe.model_copy(update={"grad_checkpointing": False}), num_classes
    )
    sizes = Counter(
        phase_at(recipe, epoch).image_size for epoch in range(recipe.epochs)
    )
    steps = {
        size: step_macs(model, (3, size, size), checkpointing=recipe.grad_checkpointing)
        for size in sizes
    }
    train = sum(steps[size].forward * epochs for size, epochs in sizes.items())
    back = sum(steps[size].backward * epochs for size, epochs in sizes.items())
    if recipe.head_start == "probe":
        start = _start_of(model, recipe)
        train = train + forward + start.forward
        back = back + start.backward
    if recipe.average_epochs and _learns_statistics(model):
        train += forward  # once more, for the batch norms of the mean
    views = len(recipe.tta)
    snapshots = cycles(recipe) * len(recipe.tta)
    turned = {
        view
        for turn in ("identity", *FLIPS)
        for view in views_of_turned(turn, recipe.tta)
    }
    val = recipe.epochs + len(turned) + snapshots
    return Work(0, train, back, val * forward, (views + snapshots) * forward)


def probe_work(
    recipe: ProbeParams, num_classes: int, features: int, forward: int
) -> Work:
    """What a probe takes: its features once, and a fold's head and the one of the plain fold.

    Args:
        recipe: the resolved settings.
        num_classes: of the data.
        features: D, how many its backbones give.
        forward: multiply-adds of one image through the backbones.
    """
    head = recipe.head
    views = len(recipe.embed.views)
    step = _head_step(features, num_classes, head.shape)
    heads = 2 * head.num_seeds * views
    trained = heads * head.epochs
    val = heads * (head.epochs + 1) * step.forward
    test = heads * step.forward
    return Work(
        views * forward, trained * step.forward, trained * step.backward, val, test
    )


def _start_of(model: nn.Module, recipe: ModelParams) -> Step:
    """What the probe takes that a head starts from, of one image; distilled networks have two."""
    step = Step(0, 0)
    for name in head_names(model):
        own = model.get_submodule(name)
        first = own[0] if isinstance(own, nn.Sequential) else own
        one = _head_step(first.in_features, model.num_classes, recipe.head)
        step = Step(step.forward + one.forward, step.backward + one.backward)
    return Step(START_EPOCHS * step.forward, START_EPOCHS * step.backward)


def _head_step(features: int, num_classes: int, shape: HeadShape) -> Step:
    with torch.device("meta"):
        head = Head(torch.empty(2, features), num_classes, shape)
    return step_macs(head, (features,))


def _learns_statistics(model: nn.Module) -> bool:
    train_mode(model)
    return any(
        isinstance(module, _BatchNorm) and module.training for module in model.modules()
    )
