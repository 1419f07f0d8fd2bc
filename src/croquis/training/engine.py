"""One model on one fold: fine-tuning and prediction."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from timm.optim import create_optimizer_v2
from timm.scheduler import create_scheduler_v2
from timm.utils import ModelEmaV3
from torch import nn

from croquis.errors import InputError
from croquis.models.backbones import Statistics, normalised, statistics
from croquis.training.batches import Batch, Pictures, in_order, shuffled, steps_per_epoch
from croquis.training.hardware import Hardware
from croquis.training.recipes import ModelParams

# Optimizers of torch that have one kernel for all parameters; timm's own know no such option.
_FUSED = ("adam", "adamw", "sgd")


@dataclass(frozen=True)
class Epoch:
    """One epoch: mean train loss (nats), highest lr at its end, images a second of training."""

    number: int
    train_loss: float
    lr: float
    images_per_second: float


class Trainer:
    """A network with its optimizer, schedule and running average; `epochs()` trains it.

    Args:
        model: on any device; moved to `hardware`.
        recipe: the resolved settings.
        lr: peak learning rate, base times `lr_mult`.
        pictures: the training part of the fold, augmented.
        hardware: device and number format.
        seed: of the order of pictures and of dropout.
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: ModelParams,
        *,
        lr: float,
        pictures: Pictures,
        hardware: Hardware,
        seed: int,
    ) -> None:
        self.model = model.to(hardware.device, memory_format=torch.channels_last)
        self._recipe, self._pictures, self._hardware, self._seed = recipe, pictures, hardware, seed
        self._statistics = statistics(model)
        self._optimizer = create_optimizer_v2(
            self.model,
            opt=recipe.optimizer,
            lr=lr,
            weight_decay=recipe.weight_decay,
            layer_decay=recipe.layer_decay,
            **({"fused": True} if recipe.optimizer in _FUSED else {}),
        )
        self._per_epoch = steps_per_epoch(len(pictures), recipe.batch_size)
        self._scheduler = _scheduler(self._optimizer, recipe, lr, self._per_epoch)
        self._scaler = torch.amp.GradScaler(hardware.device.type, enabled=hardware.scaled)
        # use_warmup, or an average over so few steps would still hold the first weights.
        decay = recipe.ema_decay
        self._ema = None if decay is None else ModelEmaV3(self.model, decay=decay, use_warmup=True)

    @property
    def averaged(self) -> nn.Module:
        """The network to score and to keep: the running average where there is one."""
        return self.model if self._ema is None else self._ema.module

    def epochs(self) -> Iterator[Epoch]:
        """Trains, one epoch a step."""
        for number in range(self._recipe.epochs):
            start, loss, images = time.perf_counter(), 0.0, 0
            # Dropout depends on (seed, epoch), not on the past.
            torch.manual_seed(self._seed + number)
            self.model.train()
            for index, batch in enumerate(self._batches(number)):
                step = number * self._per_epoch + index
                loss += self._step(batch.to(self._hardware.device), step)
                images += len(batch.targets)
            seconds = time.perf_counter() - start
            lr = max(group["lr"] for group in self._optimizer.param_groups)
            yield Epoch(number, loss / self._per_epoch, lr, images / seconds)

    def _batches(self, epoch: int) -> Iterator[Batch]:
        recipe, workers = self._recipe, self._hardware.workers
        return shuffled(
            self._pictures,
            batch_size=recipe.batch_size,
            seed=self._seed,
            epoch=epoch,
            workers=workers,
        )

    def _step(self, batch: Batch, step: int) -> float:
        """One optimiser update; the loss of the batch."""
        self._scheduler.step_update(step)
        with _autocast(self._hardware):
            logits = self.model(normalised(batch.images, self._statistics))
        loss = weighted_loss(logits.float(), batch, self._recipe)
        if not torch.isfinite(loss):
            received, fix = str(loss.item()), "lower lr or lr_mult"
            raise InputError(f"step {step}", expected="a finite loss", received=received, fix=fix)
        self._scaler.scale(loss).backward()
        if self._recipe.clip_grad is not None:
            self._scaler.unscale_(self._optimizer)  # the norm must be the true one
            nn.utils.clip_grad_norm_(self.model.parameters(), self._recipe.clip_grad)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad()
        if self._ema is not None:
            self._ema.update(self.model, step=step)
        return loss.item()


def weighted_loss(logits: torch.Tensor, batch: Batch, recipe: ModelParams) -> torch.Tensor:
    """Cross-entropy of (B, C) logits, a scalar; copies share one vote if `group_weights`."""
    losses = nn.functional.cross_entropy(
        logits, batch.targets, reduction="none", label_smoothing=recipe.label_smoothing
    )
    weights = batch.weights if recipe.group_weights else torch.ones_like(batch.weights)
    return (losses * weights).sum() / weights.sum()


@torch.inference_mode()
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
    model = model.to(hardware.device, memory_format=torch.channels_last).eval()
    own: Statistics = statistics(model)
    outputs = []
    for batch in in_order(pictures, batch_size=batch_size, workers=hardware.workers):
        with _autocast(hardware):
            found = model(normalised(batch.images.to(hardware.device), own))
        outputs.append(found.float().cpu().numpy())
    return np.concatenate(outputs) if outputs else np.empty((0, model.num_classes), np.float32)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits, (N, C) to (N, C) float32, by torch in float64."""
    return torch.from_numpy(logits).double().softmax(dim=1).float().numpy()


def _autocast(hardware: Hardware) -> torch.autocast:
    enabled, dtype = hardware.autocast is not None, hardware.autocast or torch.bfloat16
    return torch.autocast(hardware.device.type, dtype=dtype, enabled=enabled)


def _scheduler(optimizer: torch.optim.Optimizer, recipe: ModelParams, lr: float, per_epoch: int):
    """timm's schedule, stepped by updates. timm's own acts on layer decay, torch's would not."""
    warmup = min(recipe.warmup_epochs, recipe.epochs / 2)  # short runs still reach their peak
    scheduler, _ = create_scheduler_v2(
        optimizer,
        sched=recipe.schedule,
        num_epochs=recipe.epochs - warmup,
        min_lr=lr * recipe.min_lr,
        warmup_epochs=warmup,
        warmup_prefix=True,  # else the cosine runs on beneath the warm-up and starts below its peak
        warmup_lr=lr / 100,
        step_on_epochs=False,
        updates_per_epoch=per_epoch,
    )
    return scheduler
