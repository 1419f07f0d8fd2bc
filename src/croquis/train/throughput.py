"""Throughput: how fast a training goes, and how fast it would go if its data were always there.

Data efficiency is the one over the other: images a second from end to end, over those of the same
update on one batch that stays on the device.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from croquis.images.batches import Batch

_UPDATES = 10  # on one batch, or fewer where they are slow:
_SECONDS = 3.0


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
        self._images = 0  # of all epochs, with their seconds
        self._seconds = 0.0
        self._started = 0.0  # of this epoch, with its images and its waiting
        self._epoch_images = 0
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
        self._started = time.perf_counter()
        self._epoch_images = 0
        self._waited = 0.0

    def fetch(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """`batches` on the device; what it takes to make them counts as waiting."""
        while True:
            before = time.perf_counter()
            batch = next(batches, None)
            if batch is None:
                return
            self._waited += time.perf_counter() - before
            last = self.batch
            self.batch = batch.to(self._device)
            yield self.batch
            self._epoch_images += len(batch)
            if last is None or last.images.shape[1:2] != batch.images.shape[1:2]:
                # `end` adds the epoch: what came so far is taken off before.
                self._images = -self._epoch_images
                self._seconds = -self._elapsed()

    @contextmanager
    def pause(self) -> Iterator[None]:
        """What happens within is none of the training's time."""
        before = time.perf_counter()
        yield
        self._started += time.perf_counter() - before

    def end(self) -> tuple[float, float]:
        """Images a second of the epoch, and the share of its time spent waiting for batches."""
        seconds = self._elapsed()
        self._images += self._epoch_images
        self._seconds += seconds
        return self._epoch_images / seconds, self._waited / seconds

    def time_updates(self, update: Callable[[Batch], object]) -> float:
        """Images a second of `update` on the last batch: the median of some ten times.

        Call it after the first batch.
        """
        assert self.batch is not None  # there was an epoch
        seconds: list[float] = []
        while len(seconds) < _UPDATES and sum(seconds) < _SECONDS:
            self.begin()
            update(self.batch)
            seconds.append(self._elapsed())
        return len(self.batch) / statistics.median(seconds)

    def _elapsed(self) -> float:
        """Seconds since the epoch began; a GPU may still be at work on its last task."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter() - self._started
