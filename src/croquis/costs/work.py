"""What the trainings of a member compute, in multiply-adds: counted on its network, step by step.

Not counted: averages of weights, which multiply no matrices, and the ten updates that are timed.
"""

from collections import Counter
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from croquis.augment.phases import phase_at
from croquis.backbones.backbones import Network
from croquis.core.image_views import FLIPS, views_of_turned
from croquis.heads.heads import head_names
from croquis.heads.probe_training import Head
from croquis.networks.freezing import train_mode
from croquis.networks.lp_ft import EPOCHS as HEAD_EPOCHS
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
    # Without checkpointing, which `step_macs` switches on and off by itself.
    plain = recipe.model_copy(update={"grad_checkpointing": False})
    model = on_meta(plain, num_classes)
    step = _training_macs(model, recipe)
    train = step.forward
    back = step.backward
    if recipe.head_start == "probe":
        start = _head_start_macs(model, recipe)
        train += forward + start.forward
        back += start.backward
    if recipe.average_epochs and _learns_statistics(model):
        train += forward  # once more, for the batch norms of the mean
    snapshots = cycles(recipe) * len(recipe.tta)
    turns = ("identity", *FLIPS)
    views = {view for turn in turns for view in views_of_turned(turn, recipe.tta)}
    return Work(
        once=0,
        train=train,
        back=back,
        val=(recipe.epochs + len(views) + snapshots) * forward,
        test=(len(recipe.tta) + snapshots) * forward,
    )


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
    return Work(
        once=views * forward,
        train=heads * head.epochs * step.forward,
        back=heads * head.epochs * step.backward,
        val=heads * (head.epochs + 1) * step.forward,
        test=heads * step.forward,
    )


def _training_macs(model: Network, recipe: ModelParams) -> Step:
    """Multiply-adds of one image in all epochs, at the size of each."""
    sizes = Counter(
        phase_at(recipe, epoch).image_size for epoch in range(recipe.epochs)
    )
    total = Step(0, 0)
    for size, epochs in sizes.items():
        step = step_macs(
            model, (3, size, size), checkpointing=recipe.grad_checkpointing
        )
        total = Step(
            total.forward + epochs * step.forward,
            total.backward + epochs * step.backward,
        )
    return total


def _head_start_macs(model: Network, recipe: ModelParams) -> Step:
    """Multiply-adds of one image in the probe that a head starts from.

    Distilled networks have two heads.
    """
    total = Step(0, 0)
    for name in head_names(model):
        head = model.get_submodule(name)
        layers = head.modules()
        first = next(layer for layer in layers if isinstance(layer, nn.Linear))
        step = _head_step(first.in_features, model.num_classes, recipe.head)
        total = Step(
            total.forward + HEAD_EPOCHS * step.forward,
            total.backward + HEAD_EPOCHS * step.backward,
        )
    return total


def _head_step(features: int, num_classes: int, shape: HeadShape) -> Step:
    with torch.device("meta"):
        head = Head(torch.empty(2, features), num_classes, shape)
    return step_macs(head, (features,))


def _learns_statistics(model: Network) -> bool:
    train_mode(model)
    return any(
        isinstance(module, _BatchNorm) and module.training
        for module in model.modules()
    )
