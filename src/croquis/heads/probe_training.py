"""A head on frozen features: seconds where fine-tuning takes hours."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from timm.optim import create_optimizer_v2, list_optimizers
from torch import nn

from croquis.core.errors import InputError
from croquis.core.params import nearest
from croquis.core.progress import progress
from croquis.core.views import FLIPS, views_of_turned
from croquis.heads.heads import build_head
from croquis.heads.losses import dense, per_image
from croquis.heads.optimization import Rates
from croquis.heads.training_records import TrainingOutcome, val_scores
from croquis.recipes.head_params import HeadShape
from croquis.recipes.probe_recipes import HeadRecipe
from croquis.tables.features import Features
from croquis.tables.predictions import Predictions
from croquis.tables.samples import FoldData, Samples

CPU = torch.device("cpu")
LINEAR = HeadShape(hidden=[], act="relu", norm="none", dropout=0.0)


class Head(nn.Module):
    """Layers on features standardised by the mean and deviation of their training part.

    Args:
        features: (S, D) of the training part, which decides the statistics.
        num_classes: C.
        shape: hidden layers, if any.
    """

    def __init__(
        self, features: torch.Tensor, num_classes: int, shape: HeadShape = LINEAR
    ) -> None:
        super().__init__()
        self.register_buffer("mean", features.mean(dim=0))
        # Features that never fire in training (a deviation of 0) stay near 0 instead of exploding.
        self.register_buffer("std", features.std(dim=0).clamp(min=1e-3))
        self.layers = build_head(features.shape[1], num_classes, shape)
        if (
            not shape.hidden
        ):  # zeros under hidden layers would give those no gradient at first
            nn.init.zeros_(self.layers.weight)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logits, (..., D) to (..., C)."""
        return self.layers((features - self.mean) / self.std)


class Heads(nn.Module):
    """Several heads as one, by the mean of their probabilities."""

    def __init__(self, heads: Sequence[Head]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logarithms of probabilities, a kind of logits, (..., D) to (..., C)."""
        logits = torch.stack([head(features) for head in self.heads])
        return logits.log_softmax(dim=-1).logsumexp(dim=0) - math.log(len(self.heads))


def join_heads(heads: Sequence[Head]) -> nn.Module:
    """A head alone as it is, several as one."""
    return heads[0] if len(heads) == 1 else Heads(heads)


def train_probe(
    data: FoldData,
    stored: Features,
    recipe: HeadRecipe,
    *,
    seed: int,
    views: Sequence[str] = ("identity",),
    device: torch.device = CPU,
    log: Callable[[Mapping[str, float], int], None] | None = None,
) -> TrainingOutcome:
    """Trains a head on the fold's training part and predicts with it.

    Args:
        data: the fold.
        stored: features of all its images; each view of an image trains as a sample of its own.
        recipe: the head's settings.
        seed: of the first weights, the order of samples and dropout of all heads.
        views: under which the images were embedded.
        device: where the head trains.
        log: gets the numbers of each epoch and its number.
    """
    torch.manual_seed(seed)  # before the head, which starts at random
    inputs = torch.from_numpy(stored.of(data.train.ids)).float().to(device)  # (V, N, D)
    # Each view of an image has its targets: (V * N,) labels, or (V * N, C) shares.
    targets = torch.from_numpy(np.concatenate([data.train.targets] * len(inputs))).to(
        device
    )
    inputs = inputs.flatten(0, 1)
    # From the CPU's generator, then moved: every device starts from the same weights.
    heads = [
        Head(inputs.cpu(), len(data.classes), recipe.shape).to(device)
        for _ in range(recipe.num_seeds)
    ]
    head = join_heads(heads)
    val = stored.of(data.val.ids)
    epochs = []
    for row in _side_by_side(heads, inputs, targets, recipe):
        row |= val_scores(
            log_probs(head, val, device), data.val.labels
        )  # a kind of logits
        if log is not None:
            log(row, row["epoch"])
        epochs.append(row)

    def predictions(samples: Samples) -> Predictions:
        probs = np.exp(log_probs(head, stored.of(samples.ids), device))
        return Predictions(samples.ids, probs, data.classes)

    val = predictions(data.val)
    test = predictions(data.test)
    # The views of a flipped image are those of the image itself, or were never embedded.
    flips = [flip for flip in FLIPS if views_of_turned(flip, views) == sorted(views)]
    more = {f"val_{flip}": val for flip in flips}
    return TrainingOutcome(val, test, head.state_dict(), epochs, more)


def _side_by_side(
    heads: Sequence[Head],
    inputs: torch.Tensor,
    targets: torch.Tensor,
    recipe: HeadRecipe,
) -> Iterator[dict[str, float]]:
    """Trains heads an epoch each in turn; after each epoch as `head_epochs`, the mean of losses."""
    trainings = [head_epochs(head, inputs, targets, recipe) for head in heads]
    for rows in zip(*trainings, strict=True):
        yield rows[0] | {
            "train_loss": sum(row["train_loss"] for row in rows) / len(rows)
        }


@torch.inference_mode()
def log_probs(
    head: nn.Module, features: np.ndarray, device: torch.device = CPU
) -> np.ndarray:
    """Logarithms of the probabilities averaged over the views, (V, N, D) to (N, C) float64.

    Leaves the head in eval mode.
    """
    # View by view: batch normalisation takes two dimensions, and all views at once need V times
    # the memory.
    logits = [
        head.eval()(torch.from_numpy(view).float().to(device)) for view in features
    ]
    logits = torch.stack(logits).double()
    return (
        (logits.log_softmax(dim=-1).logsumexp(dim=0) - math.log(len(features)))
        .cpu()
        .numpy()
    )


def head_epochs(
    head: Head,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    recipe: HeadRecipe,
) -> Iterator[dict[str, float]]:
    """Trains a head as its recipe says; after each epoch its number, lr and mean loss."""
    optimizer = _optimizer(head, recipe)
    losses = []
    # One update an epoch, as far as it knows: an epoch takes a second, and has one rate.
    rates = Rates(optimizer, recipe, per_epoch=1)
    loss_of = {"loss": recipe.loss, "focal_gamma": recipe.focal_gamma}
    loss_of |= {"label_smoothing": recipe.label_smoothing}
    for number in progress(range(recipe.epochs), "probe", unit="epoch"):
        rates.set(number, losses=losses)
        total = 0.0
        head.train()
        for rows in _batches(len(inputs), recipe.batch_size):
            logits = head(inputs[rows])
            loss = per_image(
                logits, dense(targets[rows], logits.shape[1]), **loss_of
            ).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        losses.append(total / len(inputs))
        yield {"epoch": number, "lr": rates.highest, "train_loss": losses[-1]}


def _optimizer(head: Head, recipe: HeadRecipe) -> torch.optim.Optimizer:
    """timm's optimizer over the head; all of it decays, biases too, as it always has."""
    group = {"params": list(head.parameters()), "weight_decay": recipe.weight_decay}
    # torch's own have one kernel for all parameters; timm's know no such option.
    fused = {"fused": True} if recipe.optimizer in ("adam", "adamw", "sgd") else {}
    try:
        return create_optimizer_v2(
            [group], opt=recipe.optimizer, lr=recipe.lr, weight_decay=0.0, **fused
        )
    except (AssertionError, ValueError) as error:
        fix = nearest(recipe.optimizer, list_optimizers())
        raise InputError(
            "head.optimizer",
            expected="a timm optimizer",
            received=repr(recipe.optimizer),
            fix=fix,
        ) from error


def _batches(count: int, batch_size: int) -> list[torch.Tensor]:
    """Positions 0..count-1 in random order, by batches; a lone last one joins the batch before.

    Batch normalisation refuses a batch of one.
    """
    batches = list(torch.randperm(count).split(batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1 < batch_size:
        lone = batches.pop()
        batches[-1] = torch.cat([batches[-1], lone])
    return batches
