"""LP-FT, linear probe and then fine-tuning: the head is trained first, on frozen features.

A random head sends large gradients through a pretrained network and distorts its features. A head
that is trained does not, which helps most on images unlike those trained on. Method: Kumar et al.
2022, "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution"
(arXiv:2202.10054).
"""

import copy
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import nn

from croquis.backbones.backbones import Network
from croquis.heads.heads import head_names
from croquis.heads.probe_training import Head, head_epochs
from croquis.images.batches import ImageDataset
from croquis.networks.predict import predict_logits
from croquis.recipes.head_params import HeadShape
from croquis.recipes.probe_recipes import HeadRecipe
from croquis.runtime.hardware import Hardware

# Of the probe, as lite0_probe in params.yaml has them; no setting, so that fine-tunings which are
# compared begin with the same head.
EPOCHS = 60
LR = 1e-3


def start_from_probe(
    model: Network,
    dataset: ImageDataset,
    targets: np.ndarray,
    *,
    shape: HeadShape,
    hardware: Hardware,
    batch_size: int,
) -> None:
    """Trains the head of `model` on features of the training part, the rest frozen.

    Args:
        model: changed in place.
        dataset: the training part of the fold, not augmented.
        targets: (N,) labels or (N, C) shares.
        shape: of the head.
        hardware: where it runs.
        batch_size: of the pass that computes the features.
    """
    names = head_names(model)

    def run() -> None:
        predict_logits(model, dataset, hardware=hardware, batch_size=batch_size)

    recipe = HeadRecipe(
        epochs=EPOCHS,
        batch_size=256,
        weight_decay=0.01,
        label_smoothing=0.1,
        lr_mult=1.0,
        shape=shape,
        lr=LR,
    )
    for name, features in zip(names, _inputs_of(model, names, run), strict=True):
        head = Head(features, model.num_classes, shape).to(hardware.device)
        # One scale for all: a weight divided by the deviation of a feature that hardly ever fires
        # explodes when training, whose batch statistics are others, makes it fire.
        head.std.fill_(head.std.mean())
        inputs = features.to(hardware.device)
        truth = torch.from_numpy(targets).to(hardware.device)
        for _ in head_epochs(head, inputs, truth, recipe):
            pass
        model.get_submodule(name).load_state_dict(
            absorb_statistics(head).state_dict()
        )


def absorb_statistics(head: Head) -> nn.Module:
    """The layers of a head on plain features: its first layer standardises them as it goes.

    With weights W and bias b, mean m and deviation s of the features that is W / s and
    b - (W / s) m.
    """
    layers = copy.deepcopy(head.layers)
    first = layers[0] if isinstance(layers, nn.Sequential) else layers
    assert isinstance(first, nn.Linear)  # as `build_head` makes them
    with torch.no_grad():
        first.weight.div_(head.std)
        first.bias.sub_(first.weight @ head.mean)
    return layers


def _inputs_of(
    model: Network, names: list[str], run: Callable[[], object]
) -> list[torch.Tensor]:
    """What reaches some modules while `run` runs, (N, D) float32 on the CPU each."""
    inputs: dict[str, list[torch.Tensor]] = {name: [] for name in names}

    def keep(
        name: str, module: nn.Module, arguments: tuple[torch.Tensor, ...]
    ) -> None:
        inputs[name].append(arguments[0].float().cpu())

    hooks = [
        model.get_submodule(name).register_forward_pre_hook(partial(keep, name))
        for name in names
    ]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    return [torch.cat(inputs[name]) for name in names]
