"""A linear head on frozen features: seconds where fine-tuning takes hours."""

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import nn

from croquis.predictions import Predictions
from croquis.training.features import Features
from croquis.training.probe_recipes import HeadParams
from croquis.training.records import Outcome, val_scores
from croquis.training.samples import FoldData, Samples


class Head(nn.Module):
    """A linear layer on features standardised by the mean and deviation of its training part.

    Args:
        features: (S, D) of the training part, which decides the statistics.
        num_classes: C.
    """

    def __init__(self, features: torch.Tensor, num_classes: int) -> None:
        super().__init__()
        self.register_buffer("mean", features.mean(dim=0))
        # Features that never fire in training (a deviation of 0) stay near 0 instead of exploding.
        self.register_buffer("std", features.std(dim=0).clamp(min=1e-3))
        self.linear = nn.Linear(features.shape[1], num_classes)
        nn.init.zeros_(self.linear.weight)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logits, (..., D) to (..., C)."""
        return self.linear((features - self.mean) / self.std)


def probed(
    data: FoldData,
    stored: Features,
    recipe: HeadParams,
    *,
    lr: float,
    seed: int,
    log: Callable[[Mapping[str, float], int], None] | None = None,
) -> Outcome:
    """Trains a head on the fold's training part and predicts with it.

    Args:
        data: the fold.
        stored: features of all its pictures; each view of a picture trains as a sample of its own.
        recipe: the head's settings.
        lr: peak learning rate.
        seed: of the order of samples.
        log: gets the numbers of each epoch and its number.
    """
    torch.manual_seed(seed)  # before the head, whose bias starts at random
    inputs = torch.from_numpy(stored.of(data.train.ids)).float()  # (V, N, D)
    # Each view of a picture has its targets: (V * N,) labels, or (V * N, C) shares.
    targets = torch.from_numpy(np.concatenate([data.train.targets] * len(inputs)))
    head = Head(inputs.flatten(0, 1), len(data.classes))
    val = stored.of(data.val.ids)
    epochs = []
    for row in _epochs(head, inputs.flatten(0, 1), targets, recipe, lr=lr):
        row |= val_scores(log_probs(head, val), data.val.labels)  # a kind of logits
        if log is not None:
            log(row, row["epoch"])
        epochs.append(row)

    def predictions(samples: Samples) -> Predictions:
        probs = np.exp(log_probs(head, stored.of(samples.ids)))
        return Predictions(samples.ids, probs, data.classes)

    return Outcome(predictions(data.val), predictions(data.test), head.state_dict(), epochs)


@torch.inference_mode()
def log_probs(head: nn.Module, features: np.ndarray) -> np.ndarray:
    """Logarithms of the probabilities averaged over the views, (V, N, D) to (N, C) float64."""
    logits = head(torch.from_numpy(features).float()).double()
    return (logits.log_softmax(dim=-1).logsumexp(dim=0) - math.log(len(features))).numpy()


def _epochs(
    head: Head,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    recipe: HeadParams,
    *,
    lr: float,
) -> Iterator[dict[str, float]]:
    """AdamW along a cosine; after each epoch its number, lr and mean loss."""
    optimizer = torch.optim.AdamW(
        head.parameters(), lr=lr, weight_decay=recipe.weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs)
    loss_fn = nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
    for number in range(recipe.epochs):
        total, now = 0.0, schedule.get_last_lr()[0]
        for rows in torch.randperm(len(inputs)).split(recipe.batch_size):
            loss = loss_fn(head(inputs[rows]), targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        schedule.step()
        yield {"epoch": number, "lr": now, "train_loss": total / len(inputs)}
