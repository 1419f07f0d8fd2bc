"""Batches hold the right images in an order that only seed and epoch decide."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
import torch

from croquis.augment.augment import Augment
from croquis.core.errors import InputError
from croquis.images.batches import (
    Batch,
    ImageDataset,
    Shuffled,
    in_order,
    steps_per_epoch,
)
from croquis.images.pixels import Pixels
from croquis.images.resizing import resize
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.samples import FoldData, Samples


def samples(count: int) -> Samples:
    """Images "0", "1" ... with their number as label."""
    return Samples(
        np.arange(count).astype(str), np.arange(count), np.arange(count) / 10
    )


def dataset(sheets: np.ndarray, tmp_path: Path, **options) -> ImageDataset:
    """All of `sheets`, (N, S, S[, 3])."""
    (tmp_path / "i.csv").write_text(
        "id\n" + "".join(f"{row}\n" for row in range(len(sheets)))
    )
    np.save(tmp_path / "p.npy", sheets)
    pixels = Pixels.open(tmp_path / "i.csv", tmp_path / "p.npy")
    return ImageDataset(pixels, samples(len(sheets)), **options)


@pytest.fixture
def numbered(tmp_path: Path) -> ImageDataset:
    """Ten images of 8 px, each all of its own number."""
    sheets = np.broadcast_to(
        np.arange(10, dtype=np.uint8)[:, None, None], (10, 8, 8)
    )
    return dataset(sheets, tmp_path, image_size=8)


def labels(batches) -> list[list[int]]:
    return [batch.targets.tolist() for batch in batches]


def epoch_of(
    source: ImageDataset, workers: int = 0, epoch: int = 0, **changes
) -> list[Batch]:
    options = {"batch_size": 4, "seed": 1} | changes
    return list(Shuffled(source, workers=workers, **options).epoch(epoch))


def test_a_batch_holds_images_labels_and_weights_of_the_same_rows(
    numbered: ImageDataset,
) -> None:
    for batch in epoch_of(numbered):
        assert batch.images.dtype == torch.uint8 and batch.images.shape == (4, 8, 8)
        assert (
            batch.targets.dtype == torch.int64
            and batch.weights.dtype == torch.float32
        )
        assert batch.images[:, 0, 0].tolist() == batch.targets.tolist()
        torch.testing.assert_close(batch.weights, batch.targets / 10)


def test_the_short_last_batch_is_left_out(numbered: ImageDataset) -> None:
    batches = labels(epoch_of(numbered))
    assert [len(batch) for batch in batches] == [4, 4] and len(
        {*batches[0], *batches[1]}
    ) == 8
    assert steps_per_epoch(10, 4) == 2


@pytest.mark.parametrize("batch_size", [10, 11, 64])
def test_a_set_smaller_than_a_batch_is_one_batch(
    numbered: ImageDataset, batch_size: int
) -> None:
    (batch,) = labels(epoch_of(numbered, batch_size=batch_size))
    assert sorted(batch) == list(range(10))
    assert steps_per_epoch(10, batch_size) == 1


def test_the_order_depends_on_seed_and_epoch_alone(numbered: ImageDataset) -> None:
    first = labels(epoch_of(numbered))
    assert labels(epoch_of(numbered)) == first
    assert labels(epoch_of(numbered, epoch=1)) != first
    assert labels(epoch_of(numbered, seed=2)) != first


def test_over_a_few_epochs_no_image_is_always_left_out(
    numbered: ImageDataset,
) -> None:
    seen = [
        label
        for epoch in range(6)
        for batch in labels(epoch_of(numbered, epoch=epoch))
        for label in batch
    ]
    assert set(seen) == set(range(10))


def test_prediction_goes_through_all_images_in_order(
    numbered: ImageDataset,
) -> None:
    batches = labels(in_order(numbered, batch_size=4, workers=0))
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


@pytest.mark.parametrize("workers", [0, 1])
def test_no_images_are_no_batches(drawn: Path, workers: int) -> None:
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    empty = ImageDataset(
        pixels, Samples.unlabelled(np.array([], dtype=str)), image_size=32
    )
    assert list(in_order(empty, batch_size=4, workers=workers)) == []


def test_the_number_of_workers_changes_no_bit(drawn: Path) -> None:
    data = FoldData.of(
        0, read_folds(drawn / "folds.csv"), read_index(drawn / "index.csv")
    )
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    source = ImageDataset(
        pixels, data.train, image_size=24, augment=Augment("course", 3)
    )
    for epoch in (0, 1):
        alone, one, two = (
            epoch_of(source, workers, epoch, batch_size=2) for workers in range(3)
        )
        assert len(alone) == 3
        for batches in zip(alone, one, two, strict=True):
            for batch in batches[1:]:
                assert torch.equal(batch.images, batches[0].images)
                assert torch.equal(batch.targets, batches[0].targets)


def test_an_epoch_can_begin_inside(numbered: ImageDataset) -> None:
    whole = labels(epoch_of(numbered, batch_size=2, epoch=3))
    again = Shuffled(numbered, batch_size=2, seed=1, workers=0)
    assert labels(again.epoch(3, start=3)) == whole[3:]
    assert labels(again.epoch(3)) == whole


class Told(ImageDataset):
    """Its targets are the process that made the batch, and how many threads OpenCV has there."""

    def __getitem__(self, key: tuple[int, np.ndarray]) -> Batch:
        facts = torch.tensor([os.getpid(), cv2.getNumThreads()])
        return replace(super().__getitem__(key), targets=facts)


def test_workers_stay_for_all_epochs_and_have_one_thread_each(
    numbered: ImageDataset,
) -> None:
    """They used to be started anew in each epoch, with as many threads each as there are cores."""
    numbered.__class__ = Told
    source = Shuffled(numbered, batch_size=2, seed=1, workers=2)
    one, two = (labels(source.epoch(epoch)) for epoch in range(2))
    processes = {process for process, _ in one + two}
    assert (
        len(one) == len(two) == 5
        and len(processes) == 2
        and os.getpid() not in processes
    )
    assert {threads for _, threads in one + two} == {1}


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_images_shrink_by_the_networks_filter(
    tmp_path: Path, interpolation: str
) -> None:
    """They were averaged over areas, whatever timm's config said."""
    sheets = np.random.default_rng(0).integers(0, 256, (3, 32, 32), np.uint8)
    source = dataset(sheets, tmp_path, image_size=24, interpolation=interpolation)
    (batch,) = in_order(source, batch_size=3, workers=0)
    for image, sheet in zip(batch.images.numpy(), sheets, strict=True):
        np.testing.assert_array_equal(image, resize(sheet, 24, interpolation))


def test_colour_keeps_its_axis(tmp_path: Path) -> None:
    sheets = np.zeros((2, 8, 8, 3), np.uint8)
    (batch,) = in_order(
        dataset(sheets, tmp_path, image_size=4), batch_size=2, workers=0
    )
    assert batch.images.shape == (2, 4, 4, 3)


def test_images_are_found_by_id_and_a_missing_one_is_named(drawn: Path) -> None:
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    turned = Samples.unlabelled(pixels.ids.to_numpy(dtype=str)[::-1])
    (batch,) = in_order(
        ImageDataset(pixels, turned, image_size=32), batch_size=99, workers=0
    )
    np.testing.assert_array_equal(
        batch.images.numpy(), np.load(drawn / "pixels.npy")[::-1]
    )
    with pytest.raises(InputError, match="nowhere"):
        ImageDataset(
            pixels, Samples.unlabelled(np.array(["nowhere"])), image_size=32
        )


# A loader of two workers in a group of its own; each image takes a while.
LOADS = """
import os, sys, time
import torch
from croquis.images import batches
from croquis.runtime.interrupts import interrupts

class Images:
    def __getitem__(self, key):
        time.sleep(0.02)
        return torch.zeros(1)

with interrupts() as caught:
    for number, _ in enumerate(batches._loader(Images(), list(range(40)), 2)):
        if number == 2:
            HARM
    print(number, caught.received)
"""


def loaded(harm: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LOADS.replace("HARM", harm)],
        env=os.environ | {"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=120,
    )


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_to_the_group_leaves_the_workers_to_their_parent(
    name: str,
) -> None:
    """They died of SIGTERM, and the training of an error before it had saved its state."""
    done = loaded(f"import signal; os.killpg(0, signal.{name})")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"39 {int(getattr(signal, name))}\n"


def test_workers_die_with_a_parent_that_is_killed() -> None:
    harm = "import signal; print(os.getpid(), flush=True); os.kill(os.getpid(), 9)"
    done = loaded(harm)
    group = int(done.stdout.split()[0])
    alive = [process for process in psutil.process_iter() if _is_in(process, group)]
    assert psutil.wait_procs(alive, timeout=4)[1] == []  # torch's own way takes 5 s


def _is_in(process: psutil.Process, group: int) -> bool:
    try:
        is_alive = process.status() != psutil.STATUS_ZOMBIE
        return is_alive and os.getpgid(process.pid) == group
    except (psutil.Error, ProcessLookupError):
        return False
