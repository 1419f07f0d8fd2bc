"""Predictions of a network: one path for val, test and whoever asks, without chance."""

import numpy as np
import torch
from torch import nn

from croquis.models.backbones import normalised, statistics
from croquis.training.batches import Pictures, in_order
from croquis.training.hardware import Hardware, autocast


def predicted_logits(
    model: nn.Module, pictures: Pictures, *, hardware: Hardware, batch_size: int
) -> np.ndarray:
    """The network's outputs for all pictures in their order, (N, C) float32; no random operation.

    Args:
        model: in any mode; left in eval mode.
        pictures: not augmented.
        hardware: where it runs.
        batch_size: changes nothing but speed.
    """
    # Moved outside of inference mode: parameters made inside of it could not be trained again.
    model = model.to(hardware.device, memory_format=torch.channels_last).eval()
    own = statistics(model)
    outputs = []
    for batch in in_order(pictures, batch_size=batch_size, workers=hardware.workers):
        with torch.inference_mode(), autocast(hardware):
            found = model(normalised(batch.images.to(hardware.device), own))
        outputs.append(found.float().cpu().numpy())
    return np.concatenate(outputs) if outputs else np.empty((0, model.num_classes), np.float32)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits, (N, C) to (N, C) float32, by torch in float64."""
    return torch.from_numpy(logits).double().softmax(dim=1).float().numpy()
