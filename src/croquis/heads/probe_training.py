"""A head on frozen features: seconds where fine-tuning takes hours."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import nn

from croquis.core.errors import InputError
from croquis.core.image_views import FLIPS, views_of_turned
from croquis.core.progress import progress
from croquis.heads.heads import build_head
from croquis.heads.losses import dense, per_image
from croquis.heads.optimization import Rates, build_optimizer
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

    Attributes:
        mean: (D,) of the features.
        std: (D,) their standard deviation, at least .001.
        layers: standardised features to logits.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self, features: torch.Tensor, num_classes: int, shape: HeadShape = LINEAR
    ) -> None:
        super().__init__()
        self.register_buffer("mean", features.mean(dim=0))
        # Features that never fire in training (a deviation of 0) stay near 0 instead of exploding.
        self.register_buffer("std", features.std(dim=0).clamp(min=1e-3))
        self.layers = build_head(features.shape[1], num_classes, shape)
        # A linear head starts from zeros. Under hidden layers they would pass no gradient on.
        if isinstance(self.layers, nn.Linear):
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
        return _log_mean_probs(logits)


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
    """Trains a head on the features of a fold's training part, and predicts val and test.

    The backbone stays as it is, so a head takes seconds. After each epoch the curves get the
    log-loss (nats) and accuracy of val; nothing is chosen by them. Method: linear probes, Alain and
    Bengio 2016, "Understanding intermediate layers using linear classifier probes"
    (arXiv:1610.01644); `recipe.shape` may add hidden layers.

        data = FoldData.of(0, read_folds(Path("data/folds.csv")), read_index(index))
        stored = Features(Path("data/embeddings/lite0_probe/features.npz"))
        outcome = train_probe(data, stored, probe_recipe("lite0_probe").head, seed=42)

    Args:
        data: the fold.
        stored: (V, N, D) features of all its images; each of the V views of an image trains as a
            sample of its own.
        recipe: the head's settings, its peak learning rate included.
        seed: of the first weights, the order of samples and dropout of all heads.
        views: the V names under which the images were embedded.
        device: where the head trains.
        log: gets the numbers of each epoch and its number.

    Returns:
        Probabilities of val and test, the weights, and a row of curves for each epoch.

    Raises:
        InputError: if timm has no such optimizer, or an image has no features.
    """
    torch.manual_seed(seed)  # before the head, which starts at random
    inputs, targets = _training_part(data, stored, device)
    # From the CPU's generator, then moved: every device starts from the same weights.
    heads = [
        Head(inputs.cpu(), len(data.classes), recipe.shape).to(device)
        for _ in range(recipe.num_seeds)
    ]
    head = join_heads(heads)
    val_features = stored.of(data.val.ids)
    epochs = []
    for row in _train_in_turn(heads, inputs, targets, recipe):
        # Logarithms of probabilities are a kind of logits.
        row |= val_scores(log_probs(head, val_features, device), data.val.labels)
        if log is not None:
            log(row, int(row["epoch"]))
        epochs.append(row)
    val = _predict(head, data.val, data.classes, stored, device)
    test = _predict(head, data.test, data.classes, stored, device)
    # The views of a flipped image are those of the image itself, or were never embedded.
    flips = [
        flip for flip in FLIPS if views_of_turned(flip, views) == sorted(views)
    ]
    more = {f"val_{flip}": val for flip in flips}
    return TrainingOutcome(val, test, head.state_dict(), epochs, more)


def _training_part(
    data: FoldData, stored: Features, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Features (V * N, D), and targets: (V * N,) labels, or (V * N, C) shares."""
    features = torch.from_numpy(stored.of(data.train.ids)).float()  # (V, N, D)
    targets = np.concatenate([data.train.targets] * len(features))
    return features.to(device).flatten(0, 1), torch.from_numpy(targets).to(device)


def _predict(
    head: nn.Module,
    samples: Samples,
    classes: np.ndarray,
    stored: Features,
    device: torch.device,
) -> Predictions:
    probs = np.exp(log_probs(head, stored.of(samples.ids), device))
    return Predictions(samples.ids, probs, classes)


def _train_in_turn(
    heads: Sequence[Head],
    inputs: torch.Tensor,
    targets: torch.Tensor,
    recipe: HeadRecipe,
) -> Iterator[dict[str, float]]:
    """Trains heads an epoch each in turn; after each epoch as `head_epochs`, the mean of losses."""
    trainings = [head_epochs(head, inputs, targets, recipe) for head in heads]
    for rows in zip(*trainings, strict=True):
        loss = sum(row["train_loss"] for row in rows) / len(rows)
        yield rows[0] | {"train_loss": loss}


@torch.inference_mode()
def log_probs(
    head: nn.Module, features: np.ndarray, device: torch.device = CPU
) -> np.ndarray:
    """Logarithms of the probabilities averaged over the views, (V, N, D) to (N, C) float64.

    Leaves the head in eval mode.
    """
    # View by view: batch normalisation takes two dimensions, and all views at once need V times
    # the memory.
    views = [torch.from_numpy(view).float().to(device) for view in features]
    logits = torch.stack([head.eval()(view) for view in views]).double()
    return _log_mean_probs(logits).cpu().numpy()


def _log_mean_probs(logits: torch.Tensor) -> torch.Tensor:
    """The logarithm of the mean over the first axis of probabilities, (K, ..., C) to (..., C)."""
    log_sum = logits.log_softmax(dim=-1).logsumexp(dim=0)
    return log_sum - math.log(len(logits))


def head_epochs(
    head: Head, inputs: torch.Tensor, targets: torch.Tensor, recipe: HeadRecipe
) -> Iterator[dict[str, float]]:
    """Trains a head as its recipe says; after each epoch its number, lr and mean loss (nats).

    Args:
        head: on its device; changed in place.
        inputs: (N, D) features.
        targets: (N,) labels or (N, C) shares.
        recipe: of the head.

    Raises:
        InputError: if timm has no such optimizer.
    """
    optimizer = _build_optimizer(head, recipe)
    losses: list[float] = []
    # One update an epoch, as far as it knows: an epoch takes a second, and has one rate.
    rates = Rates(optimizer, recipe, per_epoch=1)
    for number in progress(range(recipe.epochs), "probe", unit="epoch"):
        rates.set(number, losses=losses)
        losses.append(_train_epoch(head, inputs, targets, recipe, optimizer))
        yield {"epoch": number, "lr": rates.highest, "train_loss": losses[-1]}


def _train_epoch(
    head: Head,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    recipe: HeadRecipe,
    optimizer: torch.optim.Optimizer,
) -> float:
    """Updates the head on each batch once; the mean loss of all samples (nats)."""
    total = 0.0
    head.train()
    for rows in _batches(len(inputs), recipe.batch_size):
        logits = head(inputs[rows])
        shares = dense(targets[rows], logits.shape[1])
        loss = per_image(logits, shares, recipe).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    return total / len(inputs)


def _build_optimizer(head: Head, recipe: HeadRecipe) -> torch.optim.Optimizer:
    """timm's optimizer over the head; all of it decays, biases too, as it always has."""
    group = {"params": list(head.parameters()), "weight_decay": recipe.weight_decay}
    try:
        return build_optimizer([group], recipe)
    except InputError as error:
        raise error.within("head") from error


def _batches(count: int, batch_size: int) -> list[torch.Tensor]:
    """Positions 0..count-1 in random order, by batches; a lone last one joins the batch before.

    Batch normalisation refuses a batch of one.
    """
    batches = list(torch.randperm(count).split(batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1 < batch_size:
        lone = batches.pop()
        batches[-1] = torch.cat([batches[-1], lone])
    return batches
