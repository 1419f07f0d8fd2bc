"""Losses of classification with soft targets, one number an image."""

from typing import Literal

import torch
from torch.nn import functional as F

Loss = Literal["ce", "bce", "focal"]


def dense(targets: torch.Tensor, num_classes: int) -> torch.Tensor:
    """Shares of classes, (B, C) float32, of labels (B,) or of shares, which stay as they are."""
    return targets if targets.ndim == 2 else F.one_hot(targets, num_classes).float()


def per_image(
    logits: torch.Tensor,
    targets: torch.Tensor,
    *,
    loss: Loss = "ce",
    label_smoothing: float = 0.0,
    focal_gamma: float = 2.0,
) -> torch.Tensor:
    """The loss of each image in nats, (B,).

    Targets are smoothed here and nowhere else: (1 - s) * targets + s / C.

    Args:
        logits: (B, C) float32.
        targets: (B, C) shares that sum to 1, mixed or not.
        loss: "ce": cross-entropy. "bce": binary cross-entropy, mean over classes, as Wightman et
            al. 2021 (arXiv:2110.00476) train. "focal": cross-entropy times (1 - p) ** gamma class
            by class, Lin et al. 2017 (arXiv:1708.02002); with gamma 0 it is "ce".
        label_smoothing: s.
        focal_gamma: gamma.
    """
    targets = targets * (1 - label_smoothing) + label_smoothing / logits.shape[1]
    if loss == "bce":
        return F.binary_cross_entropy_with_logits(
            logits, targets, reduction="none"
        ).mean(dim=1)
    log_probs = logits.log_softmax(dim=1)
    if loss == "focal":
        log_probs = log_probs * (1 - log_probs.exp()) ** focal_gamma
    return -(targets * log_probs).sum(dim=1)
