"""LP-FT: a linear probe on the frozen backbone gives fine-tuning its first head.

A random head first sends random gradients through good features (Kumar et al. 2022,
"Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution").
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from croquis.errors import InputError
from croquis.models.heads import head_names
from croquis.training.batches import Pictures
from croquis.training.embedding import embeddings
from croquis.training.hardware import Hardware
from croquis.training.probe_recipes import HeadParams
from croquis.training.probing import LINEAR, Head, fit

# The settings of the shipped probe; a head that only starts a training needs no tuning.
PROBE = HeadParams(
    epochs=60, batch_size=256, weight_decay=0.01, label_smoothing=0.1, lr_mult=1.0, shape=LINEAR
)
PROBE_LR = 1e-3


def start_from_probe(
    model: nn.Module, pictures: Pictures, targets: np.ndarray, *, seed: int, hardware: Hardware
) -> None:
    """Trains the linear head of `model` on the features of its frozen backbone.

    Args:
        model: its head changes in place; left in eval mode on the hardware's device.
        pictures: the training part of the fold, not augmented.
        targets: of these pictures, (N,) labels or (N, C) shares.
        seed: of the head's first weights and the order of samples.
        hardware: where it runs.

    Raises:
        InputError: if the network has not one linear head.
    """
    names = head_names(model)
    own = model.get_submodule(names[0])
    if len(names) > 1 or not isinstance(own, nn.Linear):
        received = f"{type(own).__name__} at {', '.join(names)}"
        raise InputError(
            "head_start: probe",
            expected="one linear head",
            received=received,
            fix="say head_start: random",
        )
    with _headless(model, names[0]):
        (found,) = embeddings(model, pictures, views=["identity"], hardware=hardware)
    inputs = torch.from_numpy(found).to(hardware.device)  # (N, D)
    torch.manual_seed(seed)
    head = Head(inputs.cpu(), own.out_features).to(hardware.device)
    for _ in fit(head, inputs, torch.from_numpy(targets).to(hardware.device), PROBE, lr=PROBE_LR):
        pass
    own.load_state_dict(head.folded())


@contextmanager
def _headless(model: nn.Module, name: str) -> Iterator[None]:
    """The network gives what its head would get, as long as the block lasts."""
    own = model.get_submodule(name)
    model.set_submodule(name, nn.Identity())
    try:
        yield
    finally:
        model.set_submodule(name, own)
