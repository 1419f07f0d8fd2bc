"""Embeddings of a frozen backbone: each picture once a view, for all folds, seeds and heads."""

import numpy as np
import torch
from torch import nn

from croquis.models.backbones import normalised, statistics
from croquis.progress import progress
from croquis.training.batches import Pictures, in_order
from croquis.training.hardware import Hardware, autocast
from croquis.training.views import viewed


@torch.inference_mode()
def embeddings(
    model: nn.Module,
    pictures: Pictures,
    *,
    views: list[str],
    hardware: Hardware,
    batch_size: int = 64,
) -> np.ndarray:
    """Features of all pictures under each view, (V, N, D) float32.

    In eval mode, so that a picture's vector is the same alone or in a batch.

    Args:
        model: a backbone without a head, or several stacked.
        pictures: not augmented, in the order wanted.
        views: names of symmetries.
        hardware: where it runs.
        batch_size: changes nothing but speed.
    """
    model = model.to(hardware.device, memory_format=torch.channels_last).eval()
    own, found = statistics(model), [[] for _ in views]
    batches = in_order(pictures, batch_size=batch_size, workers=hardware.workers)
    for batch in progress(batches, "embed", total=-(-len(pictures) // batch_size), unit="batch"):
        for view, features in zip(views, found, strict=True):
            images = torch.from_numpy(viewed(batch.images.numpy(), view))
            with autocast(hardware):
                given = model(normalised(images.to(hardware.device), own))
            features.append(given.float().cpu().numpy())
    return np.stack([np.concatenate(features) for features in found])
