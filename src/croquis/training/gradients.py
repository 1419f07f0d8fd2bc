"""The gradients of one batch: micro-batches that fit the memory, and no loss that is no number."""

import itertools
import math
import warnings

import torch
from torch import nn

from croquis.errors import InputError
from croquis.models.backbones import normalised, statistics
from croquis.training.batches import Batch
from croquis.training.hardware import Hardware, autocast
from croquis.training.losses import dense, per_picture
from croquis.training.mixing import Mixing
from croquis.training.recipes import ModelParams

# float16 overflows now and then: the scaler skips such a step and lowers its scale.
_OVERFLOWS = 8


class Gradients:
    """Adds up the gradients of batches; all chance in it is a function of the seed it is given.

    Args:
        model: in train mode, on its device.
        recipe: loss, mixing and micro-batch.
        hardware: device and number format.
        scaler: of the loss, before it goes backward.

    Attributes:
        micro_batch: pictures at once: as the recipe says, or what memory allowed.
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: ModelParams,
        hardware: Hardware,
        scaler: torch.amp.GradScaler,
    ) -> None:
        self.micro_batch = recipe.micro_batch or recipe.batch_size
        self._model, self._recipe, self._hardware, self._scaler = model, recipe, hardware, scaler
        self._forward = torch.compile(model) if hardware.compiled else model
        self._statistics = statistics(model)
        self._mixing = None if recipe.mix is None else Mixing(recipe.mix, recipe.epochs)
        self._overflows = 0
        # Batch normalisation of vectors refuses a single one.
        self._least = 2 if recipe.head.hidden and recipe.head.norm == "batch" else 1

    def add(self, batch: Batch, *, epoch: int, seed: int) -> float:
        """Adds the gradients of the batch's mean loss; that loss (nats).

        Out of memory, the micro-batch is halved and the batch done again.

        Raises:
            InputError: if one picture is too much, or the loss is no number.
        """
        while True:
            try:
                return self._add(batch, epoch, seed)
            except torch.OutOfMemoryError:
                pass  # left before anything else, as the traceback holds what must be freed
            self._halve(len(batch))

    def _add(self, batch: Batch, epoch: int, seed: int) -> float:
        torch.manual_seed(seed)
        images = normalised(batch.images, self._statistics)
        targets = dense(batch.targets, self._model.num_classes)
        if self._mixing is not None:
            images, targets = self._mixing(images, targets, epoch=epoch, seed=seed)
        weights = batch.weights if self._recipe.group_weights else torch.ones_like(batch.weights)
        weights = weights / weights.sum()
        total = 0.0
        for rows in self._parts(len(batch)):
            loss = (self._losses(images[rows], targets[rows]) * weights[rows]).sum()
            if not self._scaler.is_enabled():
                _check(loss.item())
            total += loss.item()
            self._scaler.scale(loss).backward()
        self._count(total)
        return total

    def _parts(self, pictures: int) -> list[slice]:
        """Micro-batches of nearly equal sizes, none smaller than the head can take."""
        parts = -(-pictures // self.micro_batch)
        if pictures // parts < self._least:
            parts = max(1, pictures // self._least)
        stops = [pictures * part // parts for part in range(parts + 1)]
        return [slice(start, stop) for start, stop in itertools.pairwise(stops)]

    def _losses(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        with autocast(self._hardware):
            logits = self._forward(images)
        recipe = self._recipe
        return per_picture(
            logits.float(),
            targets,
            loss=recipe.loss,
            label_smoothing=recipe.label_smoothing,
            focal_gamma=recipe.focal_gamma,
        )

    def _count(self, loss: float) -> None:
        """Lets a scaler skip what overflows in float16, but not for ever."""
        self._overflows = 0 if math.isfinite(loss) else self._overflows + 1
        if self._overflows == _OVERFLOWS:
            raise NotFinite(loss)

    def _halve(self, pictures: int) -> None:
        micro = min(self.micro_batch, pictures)
        if micro <= self._least:
            expected = f"room for {self._least} of a batch's pictures"
            fix = "set grad_checkpointing: true, or a smaller image_size"
            raise InputError("memory", expected=expected, received="less", fix=fix)
        self.micro_batch = max(self._least, -(-micro // 2))
        self._model.zero_grad()
        torch.cuda.empty_cache()
        text = f"out of memory: now {self.micro_batch} pictures at once; batch norms see fewer"
        warnings.warn(text, stacklevel=2)


def _check(loss: float) -> None:
    """Stops before a loss that is no number spoils the weights."""
    if not math.isfinite(loss):
        raise NotFinite(loss)


class NotFinite(Exception):
    """A loss that is no number."""
