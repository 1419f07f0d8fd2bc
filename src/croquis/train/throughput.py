"""How fast a training goes, and how fast it would go if its data were always there.

Data efficiency is the one over the other: images a second from end to end, over those of the same
update on one batch that stays on the device.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from croquis.images.batches import Batch

_TIMED = 10
_SECONDS = 3.0  # updates on one batch: so many, or fewer where they are slow


class Throughput:
    """The clock of a training.

    Args:
        device: whose work counts.

    Attributes:
        batch: the last one, on the device; None before the first.
    """

    def __init__(self, device: torch.device) -> None:
        self.batch: Batch | None = None
        self._device = device
        self._images = 0
        self._seconds = 0.0
        self._begun = 0.0
        self._seen = 0
        self._waited = 0.0

    @property
    def images_per_second(self) -> float | None:
        """Of all epochs of this process; None if that is no more than its first update.

        What is slow only once (compiling, choosing kernels) belongs to that one, and is left out;
        so is what came before images got another size.
        """
        return self._images / self._seconds if self._images else None

    def begin(self) -> None:
        """An epoch begins."""
        self._begun = time.perf_counter()
        self._seen = 0
        self._waited = 0.0

    def fetched(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """`batches` on the device; what it takes to make them counts as waiting."""
        while True:
            asked = time.perf_counter()
            batch = next(batches, None)
            if batch is None:
                return
            self._waited += time.perf_counter() - asked
            last, self.batch = self.batch, batch.to(self._device)
            yield self.batch
            self._seen += len(batch)
            if last is None or last.images.shape[1:2] != batch.images.shape[1:2]:
                self._images, self._seconds = -self._seen, -self._now()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What happens within is none of the training's time."""
        paused = time.perf_counter()
        yield
        self._begun += time.perf_counter() - paused

    def end(self) -> tuple[float, float]:
        """Images a second of the epoch, and the share of its time spent waiting for batches."""
        seconds = self._now()
        self._images, self._seconds = self._images + self._seen, self._seconds + seconds
        return self._seen / seconds, self._waited / seconds

    def resident(self, update: Callable[[Batch], object]) -> float:
        """Images a second of `update` on the last batch: the median of some ten times."""
        taken: list[float] = []
        while len(taken) < _TIMED and sum(taken) < _SECONDS:
            self.begin()
            update(self.batch)
            taken.append(self._now())
        return len(self.batch) / statistics.median(taken)

    def _now(self) -> float:
        """Seconds since the epoch began; a GPU may still be at work on what it was given."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter() - self._begun
