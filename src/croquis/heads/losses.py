"""Losses of classification with soft targets, one number an image.

A new loss is a function here, under its name in `LOSSES`. The name and its parameters are keys of
`LossParams` (croquis.recipes.shared_params), and stand in `train` and `probe.head` of params.yaml.
"""

from collections.abc import Callable

import torch
from torch.nn import functional as F

from croquis.recipes.shared_params import LossParams


def dense(targets: torch.Tensor, num_classes: int) -> torch.Tensor:
    """Shares of classes, (B, C) float32, of labels (B,) or of shares, which stay as they are."""
    return targets if targets.ndim == 2 else F.one_hot(targets, num_classes).float()


def per_image(
    logits: torch.Tensor, targets: torch.Tensor, recipe: LossParams
) -> torch.Tensor:
    """The loss of each image in nats, (B,).

    Targets are smoothed here and nowhere else: (1 - s) * targets + s / C.

    Args:
        logits: (B, C) float32.
        targets: (B, C) shares that sum to 1, mixed or not.
        recipe: which loss, its parameters and s.
    """
    s = recipe.label_smoothing
    smoothed = targets * (1 - s) + s / logits.shape[1]
    return LOSSES[recipe.loss](logits, smoothed, recipe)


def cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, recipe: LossParams
) -> torch.Tensor:
    """Cross-entropy, (B, C) to (B,)."""
    return -(targets * logits.log_softmax(dim=1)).sum(dim=1)


def binary_cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, recipe: LossParams
) -> torch.Tensor:
    """Binary cross-entropy, mean over classes, (B, C) to (B,).

    Method: Wightman et al. 2021, "ResNet strikes back" (arXiv:2110.00476).
    """
    losses = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return losses.mean(dim=1)


def focal(
    logits: torch.Tensor, targets: torch.Tensor, recipe: LossParams
) -> torch.Tensor:
    """Cross-entropy times (1 - p) ** focal_gamma class by class, (B, C) to (B,).

    With a gamma of 0 it is cross-entropy. Method: Lin et al. 2017, "Focal Loss for Dense Object
    Detection" (arXiv:1708.02002).
    """
    log_probs = logits.log_softmax(dim=1)
    log_probs = log_probs * (1 - log_probs.exp()) ** recipe.focal_gamma
    return -(targets * log_probs).sum(dim=1)


LOSSES: dict[
    str, Callable[[torch.Tensor, torch.Tensor, LossParams], torch.Tensor]
] = {
    "ce": cross_entropy,
    "bce": binary_cross_entropy,
    "focal": focal,
}
