"""Embeddings of a frozen backbone: each image once a view, for all folds, seeds and heads."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from croquis.backbones.backbones import normalise, statistics
from croquis.core.errors import InputError
from croquis.core.progress import progress
from croquis.core.views import apply_view
from croquis.images.batches import Batch, ImageDataset, in_order
from croquis.runtime.hardware import Hardware, autocast


def embeddings(
    model: nn.Module,
    images: ImageDataset,
    *,
    views: list[str],
    hardware: Hardware,
    batch_size: int = 64,
) -> np.ndarray:
    """Features of all images under each view, (V, N, D) float32; arguments as for `by_batch`."""
    how = {"views": views, "hardware": hardware, "batch_size": batch_size}
    return np.concatenate(list(by_batch(model, images, **how)), axis=1)


def by_batch(
    model: nn.Module,
    images: ImageDataset,
    *,
    views: list[str],
    hardware: Hardware,
    batch_size: int = 64,
    start: int = 0,
) -> Iterator[np.ndarray]:
    """Features of the images under each view, (V, B, D) float32 a batch.

    In eval mode, so that an image's vector is the same alone or in a batch.

    Args:
        model: a backbone without a head, or several stacked.
        images: not augmented, in the order wanted.
        views: names of symmetries.
        hardware: where it runs.
        batch_size: changes nothing but speed.
        start: the image to begin with.

    Raises:
        InputError: if a feature is infinite or no number.
    """
    model = model.to(hardware.device, memory_format=torch.channels_last).eval()
    batches = in_order(
        images, batch_size=batch_size, workers=hardware.workers, start=start
    )
    done = start // batch_size
    total = -(-len(images) // batch_size)
    for batch in progress(batches, "embed", total=total, unit="batch", initial=done):
        features = _features(model, batch, views, hardware)
        if not np.isfinite(features).all():
            broken = ~np.isfinite(features).all(axis=(0, 2))
            raise _not_finite(
                images.names(batch.positions[torch.from_numpy(broken)]), hardware
            )
        yield features


@torch.inference_mode()
def _features(
    model: nn.Module, batch: Batch, views: list[str], hardware: Hardware
) -> np.ndarray:
    own = statistics(model)
    found = []
    for view in views:
        images = torch.from_numpy(apply_view(batch.images.numpy(), view))
        with autocast(hardware):
            given = model(normalise(images.to(hardware.device), own))
        found.append(given.float().cpu().numpy())
    return np.stack(found)


def _not_finite(names: list[str], hardware: Hardware) -> InputError:
    """float16 ends at 65,504: one such feature would make every head of the probe nan."""
    fix = "take another backbone, or other weights"
    if hardware.autocast is not None:
        fix += ", or set CROQUIS_DEVICE=cpu, which computes in float32"
    received = (
        f"infinite or no numbers for {len(names)} of a batch, {', '.join(names[:8])}"
    )
    return InputError(
        f"embed on {hardware}", expected="finite features", received=received, fix=fix
    )
