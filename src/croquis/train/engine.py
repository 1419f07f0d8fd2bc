"""Training one network on one fold: the steps, and the state between any two of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from croquis.augment.seeds import seed_of
from croquis.backbones.backbones import Network, normalise, statistics
from croquis.core.errors import InputError
from croquis.core.progress import progress
from croquis.heads.optimization import Rates, cycle_ends
from croquis.images.batches import Batch, ImageDataset, Shuffled, steps_per_epoch
from croquis.networks.freezing import train_mode
from croquis.recipes.recipes import ModelRecipe
from croquis.runtime.hardware import Hardware
from croquis.runtime.interrupts import Interrupts
from croquis.train.checkpoints import Checkpoints
from croquis.train.state import TrainingState
from croquis.train.throughput import Throughput
from croquis.train.updates import NotFinite


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
        recipe: the resolved settings, the peak learning rate included.
        dataset: the training part of the fold, augmented.
        hardware: device and number format.
        seed: of the order of images, of mixing and of dropout.
        lr_factor: of each epoch's phase.
        checkpoints: its saved states; it goes on from the newest.
        begin: makes the first weights of `model`; not called where a saved state holds later ones.
        snapshot: returns what is to be kept of the network whenever a cycle of the lr has ended;
            its tensors are part of the saved states, as no later step could make them again.
    """

    def __init__(
        self,
        model: Network,
        recipe: ModelRecipe,
        *,
        dataset: ImageDataset,
        hardware: Hardware,
        seed: int,
        lr_factor: Callable[[int], float] = lambda epoch: 1.0,
        checkpoints: Checkpoints | None = None,
        begin: Callable[[], None] | None = None,
        snapshot: Callable[["Trainer"], dict[str, torch.Tensor]] | None = None,
    ) -> None:
        saved = None if checkpoints is None else checkpoints.load()
        if saved is None and begin is not None:
            begin()
        self._state = TrainingState(model, recipe, hardware)
        self._recipe = recipe
        self._dataset = dataset
        self._hardware = hardware
        self._seed = seed
        self._lr_factor = lr_factor
        self._checkpoints = checkpoints
        self._snapshot = snapshot
        self._interrupts: Interrupts | None = None
        self._per_epoch = steps_per_epoch(len(dataset), recipe.batch_size)
        self._ends = cycle_ends(recipe, self._per_epoch) if snapshot else []
        self._batches = self._shuffle(dataset, recipe.batch_size)
        self._rates = Rates(
            self._state.updates.optimizer, recipe, per_epoch=self._per_epoch
        )
        self._throughput = Throughput(hardware.device)
        if saved is not None:
            self._state.restore(saved)

    @property
    def model(self) -> Network:
        """The network that trains."""
        return self._state.model

    @property
    def averaged(self) -> Network:
        """The network to score and to keep: an average of the weights where there is one."""
        return self._state.averages.model

    @property
    def history(self) -> list[dict[str, float]]:
        """The rows of `record`, one for each epoch that has ended."""
        return self._state.history

    @property
    def snapshots(self) -> list[dict[str, torch.Tensor]]:
        """What `snapshot` returned when each cycle of the lr had ended."""
        return self._state.snapshots

    @property
    def micro_batch(self) -> int:
        """Images at once: as the recipe says, or what memory allowed."""
        return self._state.updates.gradients.micro_batch

    def epochs(self, interrupts: Interrupts | None = None) -> Iterator[Epoch]:
        """Trains what is left to train, one epoch a step; call `record` after each.

        Args:
            interrupts: asked after each step whether to save and end.

        Raises:
            InputError: if loss or gradients are no numbers, or one image is too much for the
                memory.
            SystemExit: when `interrupts` received a signal; the state is saved then.
        """
        self._interrupts = interrupts
        while self._state.step < self._recipe.epochs * self._per_epoch:
            yield self._train_epoch(self._state.step // self._per_epoch)

    def record(self, row: dict[str, float]) -> None:
        """Adds an epoch's row to `history`, saves, and ends if a signal came."""
        self.history.append(row)
        self._save()
        interrupts = self._received()
        if interrupts is not None:
            interrupts.end()

    def measure_speed(self) -> dict[str, float]:
        """Images a second of updates on one batch in memory, and the share of it that was reached.

        Call it when weights and predictions are taken: it goes on updating. Nothing is measured
        where no more than one update was made in this process.
        """
        reached = self._throughput.images_per_second
        if reached is None:
            return {}
        train_mode(self.model)
        last = self._recipe.epochs - 1
        try:
            limit = self._throughput.time_updates(
                lambda batch: self._make(batch, last)
            )
        except InputError:  # the same images again and again may spoil the loss
            return {}
        return {
            "synthetic_images_per_second": limit,
            "data_efficiency": reached / limit,
        }

    def _train_epoch(self, number: int) -> Epoch:
        """Trains what is left of an epoch."""
        self._throughput.begin()
        train_mode(self.model)
        done = self._state.step % self._per_epoch
        batches = self._throughput.fetch(self._batches.epoch(number, start=done))
        for batch in progress(
            batches,
            f"epoch {number + 1}",
            total=self._per_epoch,
            unit="step",
            initial=done,
        ):
            self._state.count(self._update(batch, number))
            self._take_snapshot()
            if self._state.step % self._per_epoch:
                self._save_if_due()  # an epoch's end is saved with its row
        images_per_second, waiting = self._throughput.end()
        loss = self._state.end_epoch()
        self._state.averages.after_epoch(number)
        if number + 1 == self._recipe.epochs:
            self._state.averages.after_all(self._plain_inputs(), self._hardware)
        return Epoch(number, loss, self._rates.highest, images_per_second, waiting)

    def _take_snapshot(self) -> None:
        """Keeps what `snapshot` makes of the network if a cycle of the lr has just ended."""
        if self._snapshot is None or self._state.step not in self._ends:
            return
        with self._throughput.pause():
            self.snapshots.append(self._snapshot(self))
            train_mode(self.model)

    def _plain_inputs(self) -> Iterator[torch.Tensor]:
        """What reaches the network of one more epoch, not augmented: as val and test will be."""
        inputs = statistics(self.model)
        batches = self._shuffle(self._dataset.plain(), self.micro_batch)
        for batch in batches.epoch(self._recipe.epochs):
            yield normalise(batch.to(self._hardware.device).images, inputs)

    def _shuffle(self, dataset: ImageDataset, batch_size: int) -> Shuffled:
        workers = self._hardware.workers
        return Shuffled(
            dataset, batch_size=batch_size, seed=self._seed, workers=workers
        )

    def _update(self, batch: Batch, epoch: int) -> float | None:
        """One update at its rates; the loss of the batch, or None where float16 overflowed."""
        losses = [row["train_loss"] for row in self.history]
        factor = self._lr_factor(epoch)
        self._rates.set(self._state.step, factor=factor, losses=losses)
        return self._make(batch, epoch)

    def _make(self, batch: Batch, epoch: int) -> float | None:
        step = self._state.step
        seed = seed_of(self._seed, epoch, f"step {step}")
        last = step + 1 in {*self._ends, self._recipe.epochs * self._per_epoch}
        try:
            loss = self._state.updates.make(
                batch, epoch=epoch, seed=seed, last=last
            )
        except NotFinite as error:
            raise self._blame(batch, error) from None
        if loss is not None:
            self._state.averages.after_update(step)
        return loss

    def _blame(self, batch: Batch, error: NotFinite) -> InputError:
        """The error that names the images of a batch without a finite loss."""
        names = ", ".join(self._dataset.names(batch.positions)[:8])
        fix = "lower lr or lr_mult, or look at these images"
        if self._checkpoints is not None:
            fix += f"; the last states are in {self._checkpoints.folder}"
        return InputError(
            f"step {self._state.step}",
            expected=error.expected,
            received=f"{error.received} on {names} ...",
            fix=fix,
        )

    def _received(self) -> Interrupts | None:
        """The interrupts if one of them came."""
        if self._interrupts is None or self._interrupts.received is None:
            return None
        return self._interrupts

    def _save_if_due(self) -> None:
        interrupts = self._received()
        if interrupts is not None:
            self._save()
            interrupts.end()
        elif self._checkpoints is not None and self._checkpoints.due:
            self._save()

    def _save(self) -> None:
        if self._checkpoints is not None:
            self._checkpoints.save(self._state.step, self._state.save())
