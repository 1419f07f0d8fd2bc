"""LP-FT: fine-tuning that starts from a head which knows the frozen features already.

A random head sends large gradients through a pretrained network and distorts its features; a
probed one does not, which helps most on images unlike those trained on (Kumar et al. 2022,
arXiv:2202.10054).
"""

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from croquis.heads.heads import head_names
from croquis.heads.probe_training import Head, head_epochs
from croquis.images.batches import ImageDataset
from croquis.networks.predict import predicted_logits
from croquis.recipes.head_params import HeadShape
from croquis.recipes.probe_recipes import HeadRecipe
from croquis.runtime.hardware import Hardware

# Of the probe, as lite0_probe in params.yaml has them; no setting, so that fine-tunings which are
# compared begin with the same head.
EPOCHS = 60
LR = 1e-3


def start_from_probe(
    model: nn.Module,
    images: ImageDataset,
    targets: np.ndarray,
    *,
    shape: HeadShape,
    hardware: Hardware,
    batch_size: int,
) -> None:
    """Trains the head of `model` on features of the training part, the rest frozen.

    Args:
        model: changed in place.
        images: the training part of the fold, not augmented.
        targets: (N,) labels or (N, C) shares.
        shape: of the head.
        hardware: where it runs.
        batch_size: of the pass that computes the features.
    """
    names = head_names(model)
    options = {"hardware": hardware, "batch_size": batch_size}
    seen = _inputs_of(model, names, lambda: predicted_logits(model, images, **options))
    for name, features in zip(names, seen, strict=True):
        features = features.to(hardware.device)
        truth = torch.from_numpy(targets)
        head = Head(features.cpu(), model.num_classes, shape).to(hardware.device)
        # One scale for all: a weight divided by the deviation of a feature that hardly ever fires
        # explodes when training, whose batch statistics are others, makes it fire.
        head.std.fill_(head.std.mean())
        recipe = HeadRecipe(
            epochs=EPOCHS,
            batch_size=256,
            weight_decay=0.01,
            label_smoothing=0.1,
            lr_mult=1.0,
            shape=shape,
            lr=LR,
        )
        for _ in head_epochs(head, features, truth.to(hardware.device), recipe):
            pass
        model.get_submodule(name).load_state_dict(unstandardised(head).state_dict())


def unstandardised(head: Head) -> nn.Module:
    """The layers of a head on plain features: its first layer standardises them as it goes."""
    layers = copy.deepcopy(head.layers)
    first = layers[0] if isinstance(layers, nn.Sequential) else layers
    with torch.no_grad():
        first.weight /= head.std
        first.bias -= first.weight @ head.mean
    return layers


def _inputs_of(
    model: nn.Module, names: list[str], run: Callable[[], object]
) -> list[torch.Tensor]:
    """What reaches some modules while `run` runs, (N, D) float32 each."""
    seen: list[list[torch.Tensor]] = [[] for _ in names]

    def keeper(kept: list[torch.Tensor]) -> Callable[[nn.Module, tuple], None]:
        return lambda module, given: kept.append(given[0].float().cpu())

    hooks = [
        model.get_submodule(name).register_forward_pre_hook(keeper(kept))
        for name, kept in zip(names, seen, strict=True)
    ]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    return [torch.cat(kept) for kept in seen]
