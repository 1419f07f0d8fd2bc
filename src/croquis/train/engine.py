"""Training one network on one fold: the steps, and the state between any two of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from croquis.augment.seeds import seed_of
from croquis.backbones.backbones import normalise, statistics
from croquis.core.errors import InputError
from croquis.core.progress import progress
from croquis.heads.optimization import Rates, cycle_ends
from croquis.images.batches import Batch, ImageDataset, Shuffled, steps_per_epoch
from croquis.networks.freezing import train_mode
from croquis.recipes.recipes import ModelRecipe
from croquis.runtime.hardware import Hardware
from croquis.runtime.interrupts import Interrupts
from croquis.train.averaging import Averages
from croquis.train.checkpoints import Checkpoints
from croquis.train.throughput import Throughput
from croquis.train.updates import NotFinite, Updates


@dataclass(frozen=True)
class Epoch:
    """What an epoch of training came to.

    Attributes:
        number: from 0.
        train_loss: mean of the batches' (nats).
        lr: the highest at its end.
        images_per_second: from one end to the other.
        waiting: share of its time spent waiting for batches.
    """

    number: int
    train_loss: float
    lr: float
    images_per_second: float
    waiting: float


class Trainer:
    """A network with its optimizer, rates and averages; `epochs()` trains it.

    All randomness of a step is a function of (seed, epoch, step, ids), so that a training that goes
    on from a saved state ends with the same bits as one that was never stopped.

    Args:
        model: on any device; moved to `hardware`.
        recipe: the resolved settings.
        images: the training part of the fold, augmented.
        hardware: device and number format.
        seed: of the order of images, of mixing and of dropout.
        lr_factor: of each epoch's phase.
        kept: its saved states; it goes on from the newest.
        first: makes the first weights of `model`; not called where a saved state holds later ones.
        snapshot: gives what is to be kept of the network whenever a cycle of the lr has ended; its
            tensors are part of the saved states, as no later step could make them again.
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: ModelRecipe,
        *,
        images: ImageDataset,
        hardware: Hardware,
        seed: int,
        lr_factor: Callable[[int], float] = lambda epoch: 1.0,
        kept: Checkpoints | None = None,
        first: Callable[[], None] | None = None,
        snapshot: Callable[["Trainer"], dict[str, torch.Tensor]] | None = None,
    ) -> None:
        state = None if kept is None else kept.load()
        if state is None and first is not None:
            first()
        self.model = model.to(hardware.device, memory_format=torch.channels_last)
        self.history: list[dict[str, float]] = []
        self.snapshots: list[dict[str, torch.Tensor]] = []
        self._recipe = recipe
        self._images = images
        self._hardware = hardware
        self._seed = seed
        self._lr_factor = lr_factor
        self._kept = kept
        self._snapshot = snapshot
        self._interrupts: Interrupts | None = None
        self._per_epoch = steps_per_epoch(len(images), recipe.batch_size)
        self._batches = Shuffled(
            images, batch_size=recipe.batch_size, seed=seed, workers=hardware.workers
        )
        self._ends = cycle_ends(recipe, self._per_epoch) if snapshot else []
        self._updates = Updates(self.model, recipe, hardware)
        self._rates = Rates(self._updates.optimizer, recipe, per_epoch=self._per_epoch)
        self._averages = Averages(self.model, recipe)
        self._pace = Throughput(hardware.device)
        self._step = 0
        self._total = 0.0
        self._made = 0
        if state is not None:
            self._restore(state)

    @property
    def averaged(self) -> nn.Module:
        """The network to score and to keep: an average of the weights where there is one."""
        return self._averages.scored

    @property
    def micro_batch(self) -> int:
        """Images at once: as the recipe says, or what memory allowed."""
        return self._updates.gradients.micro_batch

    def epochs(self, interrupts: Interrupts | None = None) -> Iterator[Epoch]:
        """Trains what is left to train, one epoch a step; call `record` after each.

        Args:
            interrupts: asked after each step whether to save and end.
        """
        self._interrupts = interrupts
        while self._step < self._recipe.epochs * self._per_epoch:
            yield self._epoch(self._step // self._per_epoch)

    def record(self, row: dict[str, float]) -> None:
        """Adds an epoch's row to `history`, saves, and ends if asked to."""
        self.history.append(row)
        self._save()
        if self._asked:
            self._interrupts.end()

    def speed(self) -> dict[str, float]:
        """Images a second of updates on one batch in memory, and the share of it that was reached.

        Call it when weights and predictions are taken: it goes on updating. Nothing is known where
        no more than one update was made in this process.
        """
        reached = self._pace.images_per_second
        if reached is None:
            return {}
        train_mode(self.model)
        last = self._recipe.epochs - 1
        try:
            limit = self._pace.resident(lambda batch: self._make(batch, last))
        except (
            InputError
        ):  # of the same images again and again a loss may become no number
            return {}
        return {
            "synthetic_images_per_second": limit,
            "data_efficiency": reached / limit,
        }

    def _epoch(self, number: int) -> Epoch:
        self._pace.begin()
        train_mode(self.model)
        done = self._step % self._per_epoch
        steps = {"total": self._per_epoch, "initial": done, "unit": "step"}
        batches = self._batches.epoch(number, start=done)
        for batch in progress(
            self._pace.fetched(batches), f"epoch {number + 1}", **steps
        ):
            loss = self._update(batch, number)
            if loss is not None:
                self._total, self._made = self._total + loss, self._made + 1
            self._step += 1
            if self._step in self._ends:
                with self._pace.paused():
                    self.snapshots.append(self._snapshot(self))
                    train_mode(self.model)
            if self._step % self._per_epoch:  # an epoch's end is saved with its row
                self._save_if_due()
        rate, waiting = self._pace.end()
        loss = self._total / max(1, self._made)
        self._total = 0.0
        self._made = 0
        self._averages.after_epoch(number)
        if number + 1 == self._recipe.epochs:
            self._averages.after_all(self._inputs(), self._hardware)
        return Epoch(number, loss, self._rates.highest, rate, waiting)

    def _inputs(self) -> Iterator[torch.Tensor]:
        """What reaches the network of one more epoch, not augmented: as val and test will be."""
        plain = self._images.plain()
        own = statistics(self.model)
        workers = self._hardware.workers
        size = self.micro_batch
        batches = Shuffled(plain, batch_size=size, seed=self._seed, workers=workers)
        for batch in batches.epoch(self._recipe.epochs):
            yield normalise(batch.to(self._hardware.device).images, own)

    def _update(self, batch: Batch, epoch: int) -> float | None:
        """One update at its rates; the loss of the batch, or None where float16 overflowed."""
        losses = [row["train_loss"] for row in self.history]
        self._rates.set(self._step, factor=self._lr_factor(epoch), losses=losses)
        return self._make(batch, epoch)

    def _make(self, batch: Batch, epoch: int) -> float | None:
        seed = seed_of(self._seed, epoch, f"step {self._step}")
        kept = self._step + 1 in {*self._ends, self._recipe.epochs * self._per_epoch}
        try:
            loss = self._updates.make(batch, epoch=epoch, seed=seed, kept=kept)
        except NotFinite as error:
            raise self._spoiled(batch, error) from None
        if loss is not None:
            self._averages.after_update(self._step)
        return loss

    def _spoiled(self, batch: Batch, error: NotFinite) -> InputError:
        """What is wrong with the images of a batch."""
        names = ", ".join(self._images.names(batch.positions)[:8])
        kept = (
            ""
            if self._kept is None
            else f"; the last states are in {self._kept.folder}"
        )
        return InputError(
            f"step {self._step}",
            expected=error.expected,
            received=f"{error.received} on {names} ...",
            fix=f"lower lr or lr_mult, or look at these images{kept}",
        )

    @property
    def _asked(self) -> bool:
        return self._interrupts is not None and self._interrupts.received is not None

    def _save_if_due(self) -> None:
        if self._asked:
            self._save()
            self._interrupts.end()
        elif self._kept is not None and self._kept.due:
            self._save()

    def _save(self) -> None:
        if self._kept is not None:
            self._kept.save(self._step, self._state())

    def _state(self) -> dict[str, Any]:
        """All that the next step depends on, as tensors and numbers."""
        state = {name: part.state_dict() for name, part in self._parts().items()}
        numbers = {"step": self._step, "total": self._total, "made": self._made}
        numbers |= {"micro": self.micro_batch, "skipped": self._updates.skipped}
        return state | numbers | {"history": self.history, "snapshots": self.snapshots}

    def _restore(self, state: dict[str, Any]) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self._step = state["step"]
        self._total = state["total"]
        self._made = state["made"]
        self.history = state["history"]
        self.snapshots = state["snapshots"]
        self._updates.gradients.micro_batch = state["micro"]
        self._updates.skipped = state["skipped"]

    def _parts(self) -> dict[str, Any]:
        return {"model": self.model, **self._updates.parts(), **self._averages.parts()}
