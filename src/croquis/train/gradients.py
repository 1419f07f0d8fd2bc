"""The gradients of one batch, in micro-batches that fit the memory."""

import itertools

import torch
from torch import nn

from croquis.backbones.backbones import Network, normalise, statistics
from croquis.heads.losses import dense, per_image
from croquis.images.batches import Batch
from croquis.recipes.recipes import ModelParams
from croquis.runtime.hardware import Hardware, autocast
from croquis.runtime.out_of_memory import halve_batch
from croquis.train.mixing import Mixing


class Gradients:
    """Adds up the gradients of batches; all chance in it is a function of a seed.

    Args:
        model: in train mode, on its device.
        recipe: loss, mixing and micro-batch.
        hardware: device and number format.
        scaler: of the loss, before it goes backward.

    Attributes:
        micro_batch: images at once: as the recipe says, or what memory allowed.
    """

    def __init__(
        self,
        model: Network,
        recipe: ModelParams,
        hardware: Hardware,
        scaler: torch.amp.GradScaler,
    ) -> None:
        self.micro_batch = recipe.micro_batch or recipe.batch_size
        self._model = model
        self._recipe = recipe
        self._hardware = hardware
        self._scaler = scaler
        self._forward = torch.compile(model) if hardware.compiled else model
        self._statistics = statistics(model)
        self._mixing = (
            None if recipe.mix is None else Mixing(recipe.mix, recipe.epochs)
        )
        self._buffers = _buffers(model)
        self._before = [torch.empty_like(held) for held in self._buffers]
        # Batch normalisation of vectors refuses a single one.
        self._least = 2 if recipe.head.hidden and recipe.head.norm == "batch" else 1

    def add(self, batch: Batch, *, epoch: int, seed: int) -> torch.Tensor:
        """Adds the gradients of the batch's mean loss; the parts that sum up to it, (M,) nats.

        They stay on the device: to look at them here would make the CPU wait for it. Out of memory,
        the micro-batch is halved and the batch done again.

        Raises:
            InputError: if one image is too much.
        """
        if self._buffers:
            torch._foreach_copy_(self._before, self._buffers)
        while True:
            try:
                return self._add(batch, epoch, seed)
            except torch.OutOfMemoryError:
                pass  # left before anything else, as the traceback holds what must be freed
            self.undo()
            self._model.zero_grad()
            note = "; batch norms see fewer"
            images = min(self.micro_batch, len(batch))
            self.micro_batch = halve_batch(images, least=self._least, note=note)

    def undo(self) -> None:
        """Makes batch norms forget the last batch: it is done again, or must leave no trace."""
        if self._buffers:
            torch._foreach_copy_(self._buffers, self._before)

    def _add(self, batch: Batch, epoch: int, seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        images = normalise(batch.images, self._statistics)
        targets = dense(batch.targets, self._model.num_classes)
        if self._mixing is not None:
            images, targets = self._mixing(images, targets, epoch=epoch, seed=seed)
        weights = batch.weights
        if not self._recipe.group_weights:
            weights = torch.ones_like(weights)
        weights = weights / weights.sum()
        losses = []
        for rows in self._parts(len(batch)):
            loss = (self._losses(images[rows], targets[rows]) * weights[rows]).sum()
            losses.append(loss.detach())
            self._scaler.scale(loss).backward()
        return torch.stack(losses)

    def _parts(self, images: int) -> list[slice]:
        """Micro-batches of nearly equal sizes, none smaller than the head can take."""
        parts = -(-images // self.micro_batch)
        if images // parts < self._least:
            parts = max(1, images // self._least)
        stops = [images * part // parts for part in range(parts + 1)]
        return [slice(start, stop) for start, stop in itertools.pairwise(stops)]

    def _losses(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        with autocast(self._hardware):
            logits = self._forward(images)
        return per_image(logits.float(), targets, self._recipe)


def _buffers(model: nn.Module) -> list[torch.Tensor]:
    """What a forward pass may change: the buffers of a saved state, which are batch norms'."""
    parameters = {
        name for name, _ in model.named_parameters(remove_duplicate=False)
    }
    return [
        held for name, held in model.state_dict().items() if name not in parameters
    ]
