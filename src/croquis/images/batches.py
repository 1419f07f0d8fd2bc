"""Batches of stored images: read from the memory-mapped array, resized, augmented, stacked."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from croquis.core.ending import leave_end_to_parent
from croquis.images.pixels import Pixels
from croquis.images.resizing import resize
from croquis.tables.samples import Samples

_Key = tuple[int, np.ndarray]  # epoch, positions


@dataclass(frozen=True)
class Batch:
    """Images of one step.

    Attributes:
        images: (B, S, S) or (B, S, S, 3) uint8.
        targets: `Samples.targets` of them.
        weights: (B,) float32.
        positions: (B,) int64, their places in the samples.
    """

    images: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    positions: torch.Tensor

    def __len__(self) -> int:
        return len(self.images)

    def pin_memory(self) -> "Batch":
        """The same in page-locked memory, from where a GPU copies without waiting."""
        return Batch(
            self.images.pin_memory(),
            self.targets.pin_memory(),
            self.weights.pin_memory(),
            self.positions,
        )

    def to(self, device: torch.device) -> "Batch":
        """The same on a device; positions are names for people, and stay on the CPU."""
        return Batch(
            self.images.to(device, non_blocking=True),
            self.targets.to(device, non_blocking=True),
            self.weights.to(device, non_blocking=True),
            self.positions,
        )


class ImageDataset(Dataset):
    """Whole batches by (epoch, positions): one resize, one augmentation and one stack each.

    Args:
        pixels: the stored images.
        samples: which of them, in the order of their positions.
        image_size: the network's, in pixels a side.
        interpolation: the network's, from stored to `image_size`.
        augment: acts at that size.
        size_at: the size in an epoch, where a curriculum changes it.
    """

    def __init__(
        self,
        pixels: Pixels,
        samples: Samples,
        *,
        image_size: int,
        interpolation: str = "bicubic",
        augment: Callable[..., np.ndarray] | None = None,
        size_at: Callable[[int], int] | None = None,
    ) -> None:
        self._pixels = pixels
        self._samples = samples
        self._size_at = size_at
        self._rows = pixels.rows(samples.ids)
        self._size = image_size
        self._interpolation = interpolation
        self._augment = augment
        self._targets = samples.targets

    def __len__(self) -> int:
        return len(self._samples)

    def names(self, positions: torch.Tensor) -> list[str]:
        """The ids of some of the samples."""
        return self._samples.ids[positions.numpy()].tolist()

    def plain(self) -> "ImageDataset":
        """The same, not augmented and of the network's size, as val and test will be."""
        plain = copy.copy(self)
        plain._augment = None
        plain._size_at = None
        return plain

    def __getitem__(self, key: _Key) -> Batch:
        epoch, positions = key
        size = self._size if self._size_at is None else self._size_at(epoch)
        images = [self._image(position, epoch, size) for position in positions]
        return Batch(
            torch.from_numpy(np.stack(images)),
            torch.from_numpy(self._targets[positions]),
            torch.from_numpy(self._samples.weights[positions].astype(np.float32)),
            torch.from_numpy(positions),
        )

    def _image(self, position: int, epoch: int, size: int) -> np.ndarray:
        stored = np.asarray(self._pixels.array[self._rows[position]])
        image = resize(stored, size, self._interpolation)
        if self._augment is None:
            return image
        return self._augment(image, epoch=epoch, name=self._samples.ids[position])


class Shuffled:
    """Epochs of images, each in an order that is a function of (seed, epoch).

    The short last batch is left out; a set smaller than one batch is one short batch. Worker
    processes, if any, stay from epoch to epoch.

    Args:
        images: to train on.
        batch_size: images a batch.
        seed: of the order.
        workers: processes that prepare batches; they change nothing but speed.
    """

    def __init__(
        self, images: ImageDataset, *, batch_size: int, seed: int, workers: int
    ) -> None:
        self._count = len(images)
        self._size = batch_size
        self._seed = seed
        self._keys: list[_Key] = []  # the loader looks at them again for each epoch
        self._loader = _loader(images, self._keys, workers, stay=True)

    def epoch(self, number: int, *, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch; the one before it has ended.

        Args:
            number: from 0.
            start: the batch to begin with, for a training that goes on inside an epoch.
        """
        order = np.random.default_rng([self._seed, number]).permutation(self._count)
        stops = range(self._size, self._count + 1, self._size) or [self._count]
        keys = [(number, order[max(0, stop - self._size) : stop]) for stop in stops]
        self._keys[:] = keys[start:]
        return iter(self._loader)


def in_order(
    images: ImageDataset, *, batch_size: int, workers: int, start: int = 0
) -> Iterator[Batch]:
    """All images from `start` on once, in their order."""
    starts = range(start, len(images), batch_size)
    keys = [(0, np.arange(s, min(s + batch_size, len(images)))) for s in starts]
    return iter(_loader(images, keys, workers))


def steps_per_epoch(count: int, batch_size: int) -> int:
    """How many batches `Shuffled` gives."""
    return max(1, count // batch_size)


def _loader(
    images: ImageDataset, keys: list[_Key], workers: int, *, stay: bool = False
) -> DataLoader:
    return DataLoader(
        images,
        batch_size=None,  # a key is a whole batch already: nothing is collated a second time
        sampler=keys,
        num_workers=workers,
        persistent_workers=stay and workers > 0,
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=_begin_worker,
    )


def _begin_worker(worker: int) -> None:
    """One thread a worker: OpenCV would start as many as there are cores in each of them."""
    leave_end_to_parent()
    cv2.setNumThreads(0)
