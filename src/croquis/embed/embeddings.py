"""Embeddings of a frozen backbone: each image once a view, for all folds, seeds and heads."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from croquis.backbones.backbones import Network, normalise, place, statistics
from croquis.core.errors import InputError
from croquis.core.image_views import apply_view
from croquis.core.progress import progress
from croquis.images.batches import Batch, ImageDataset, in_order
from croquis.runtime.hardware import Hardware, autocast


def embed_images(
    model: Network,
    dataset: ImageDataset,
    *,
    views: Sequence[str],
    hardware: Hardware,
    batch_size: int = 64,
) -> np.ndarray:
    """Features of all images under each view, (V, N, D) float32.

    Arguments and errors as of `embed_batches`.
    """
    batches = embed_batches(
        model, dataset, views=views, hardware=hardware, batch_size=batch_size
    )
    return np.concatenate(list(batches), axis=1)


def embed_batches(
    model: Network,
    dataset: ImageDataset,
    *,
    views: Sequence[str],
    hardware: Hardware,
    batch_size: int = 64,
    start: int = 0,
) -> Iterator[np.ndarray]:
    """Features of the images under each view, (V, B, D) float32 a batch.

    In eval mode, so that an image's vector is the same alone or in a batch.

    Args:
        model: a backbone without a head, or several stacked.
        dataset: not augmented, in the order wanted.
        views: names of symmetries.
        hardware: where it runs.
        batch_size: changes nothing but speed.
        start: the image to begin with.

    Raises:
        InputError: if a feature is infinite or no number.
    """
    model = place(model, hardware.device).eval()
    batches = in_order(
        dataset, batch_size=batch_size, workers=hardware.workers, start=start
    )
    done = start // batch_size
    total = -(-len(dataset) // batch_size)
    for batch in progress(
        batches, "embed", total=total, unit="batch", initial=done
    ):
        features = _embed(model, batch, views, hardware)
        finite = np.isfinite(features).all(axis=(0, 2))
        if not finite.all():
            broken = batch.positions[torch.from_numpy(~finite)]
            raise _not_finite(dataset.names(broken), hardware)
        yield features


@torch.inference_mode()
def _embed(
    model: Network, batch: Batch, views: Sequence[str], hardware: Hardware
) -> np.ndarray:
    """Features of one batch under each view, (V, B, D) float32."""
    inputs = statistics(model)
    features = []
    for view in views:
        images = torch.from_numpy(apply_view(batch.images.numpy(), view))
        with autocast(hardware):
            outputs = model(normalise(images.to(hardware.device), inputs))
        features.append(outputs.float().cpu().numpy())
    return np.stack(features)


def _not_finite(names: list[str], hardware: Hardware) -> InputError:
    """float16 ends at 65,504: one such feature would make every head of the probe nan."""
    fix = "take another backbone, or other weights"
    if hardware.autocast is not None:
        fix += ", or set CROQUIS_DEVICE=cpu, which computes in float32"
    received = f"infinite or no numbers for {len(names)} of a batch, {', '.join(names[:8])}"
    return InputError(
        f"embed on {hardware}",
        expected="finite features",
        received=received,
        fix=fix,
    )
