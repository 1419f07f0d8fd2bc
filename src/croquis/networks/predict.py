"""Predictions of a network: one path for val, test and whoever asks, without chance."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from croquis.backbones.backbones import Network, normalise, place, statistics
from croquis.core.image_views import apply_view, views_of_turned
from croquis.core.progress import progress
from croquis.images.batches import ImageDataset, in_order
from croquis.runtime.hardware import Hardware, autocast
from croquis.runtime.out_of_memory import InParts


def predict_logits(
    model: Network,
    dataset: ImageDataset,
    *,
    hardware: Hardware,
    batch_size: int,
    view: str = "identity",
) -> np.ndarray:
    """The network's outputs for all images in their order, (N, C) float32; no random operation.

    Args:
        model: in any mode; left in eval mode.
        dataset: not augmented.
        hardware: where it runs.
        batch_size: changes nothing but speed; halved where memory ends.
        view: the symmetry under which the network sees them.
    """
    model = place(model, hardware.device).eval()
    inputs = statistics(model)

    @torch.inference_mode()
    def logits(images: torch.Tensor) -> torch.Tensor:
        with autocast(hardware):
            return (
                model(normalise(images.to(hardware.device), inputs)).float().cpu()
            )

    run = InParts(logits)
    outputs = []
    batches = in_order(dataset, batch_size=batch_size, workers=hardware.workers)
    total = -(-len(dataset) // batch_size)
    for batch in progress(batches, "predict", total=total, unit="batch"):
        images = torch.from_numpy(apply_view(batch.images.numpy(), view))
        outputs.append(run(images).numpy())
    if not outputs:
        return np.empty((0, model.num_classes), np.float32)
    return np.concatenate(outputs)


def average_probs(
    logits_of: Callable[[str], np.ndarray],
    views: Sequence[str],
    turns: Sequence[str],
) -> dict[str, np.ndarray]:
    """For each turn of the images the mean of their probabilities over the views, (N, C) float32.

    A view of a turned image is a view of the image itself, so none is predicted twice.

    Args:
        logits_of: returns the (N, C) logits of the images under a symmetry.
        views: of `train.tta`.
        turns: symmetries; "identity" is the images as they are.
    """
    views_of = {turn: views_of_turned(turn, views) for turn in turns}
    names = sorted({view for views in views_of.values() for view in views})
    probs = {
        name: torch.from_numpy(logits_of(name)).double().softmax(dim=1)
        for name in names
    }
    return {turn: _mean([probs[view] for view in views_of[turn]]) for turn in turns}


def _mean(probs: Sequence[torch.Tensor]) -> np.ndarray:
    return torch.stack(list(probs)).mean(dim=0).float().numpy()


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits, (N, C) to (N, C) float32, by torch in float64."""
    return torch.from_numpy(logits).double().softmax(dim=1).float().numpy()
