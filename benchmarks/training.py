"""Training against the plain loop that one would write: images a second, and memory.

    python benchmarks/training.py                  the embedded drawings
    python benchmarks/training.py data.tar.gz      another source

One network (`tf_efficientnet_lite0`, random weights), 96 px, batch 64, AdamW, the same images and
flips (croquis turns them as well). The plain loops read the files through PyTorch's DataLoader with
timm's transforms in every epoch, with as many workers as cores and with none; croquis reads its
packed array. The systems take turns, an epoch each, and medians are compared. Data efficiency is
the speed of croquis over that of its own step on one batch in memory.
"""

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_model_data_config
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from croquis.core import params
from croquis.augment.augment import Augment
from croquis.core.cpu_count import cpu_count
from croquis.dataset.data_params import DataParams
from croquis.download.sources import fetch
from croquis.images.batches import Batch, ImageDataset
from croquis.images.pixels import Pixels
from croquis.prepare.decoding import decode, gray_of, pad
from croquis.prepare.layout import read_layout
from croquis.prepare.opening import FORMATS
from croquis.recipes.recipes import resolve_model
from croquis.runtime.hardware import Hardware
from croquis.tables.samples import Samples
from croquis.train.engine import Trainer

BACKBONE = "tf_efficientnet_lite0.in1k"
SIZE = 96
BATCH = 64
ROWS = 25_000
SIDE = 448  # of the array that shows that memory does not grow with it


class Files(Dataset):
    """Images of a folder, decoded again at every look, as plain loops do."""

    def __init__(
        self, paths: list[Path], labels: np.ndarray, transform: Callable
    ) -> None:
        self._paths = paths
        self._labels = labels
        self._transform = transform

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
        with Image.open(self._paths[place], formats=FORMATS) as image:
            return self._transform(image.convert("RGB")), int(self._labels[place])


def plain(
    files: list[Path], labels: np.ndarray, *, workers: int, channels_last: bool
) -> Iterator[float]:
    """Images a second of one epoch after the other of the plain loop."""
    torch.manual_seed(0)
    model = timm.create_model(BACKBONE, num_classes=int(labels.max()) + 1)
    config = resolve_model_data_config(model) | {"input_size": (3, SIZE, SIZE)}
    transform = create_transform(
        **{
            key: config[key]
            for key in ("input_size", "mean", "std", "interpolation")
        },
        is_training=True,
        scale=(1.0, 1.0),
        ratio=(1.0, 1.0),
        vflip=0.5,
        color_jitter=None,
    )
    loader = DataLoader(
        Files(files, labels, transform),
        BATCH,
        shuffle=True,
        num_workers=workers,
        drop_last=True,
    )
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = model.to(memory_format=layout).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    while True:
        start = time.perf_counter()
        seen = 0
        for images, targets in loader:
            loss = F.cross_entropy(model(images.to(memory_format=layout)), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen += len(targets)
        yield seen / (time.perf_counter() - start)


class Resident(ImageDataset):
    """One batch in memory, handed out again and again: the most that data could allow."""

    def __getitem__(self, key: tuple[int, np.ndarray]) -> Batch:
        if not hasattr(self, "_held"):
            self._held = super().__getitem__(key)
        return self._held


def ours(
    pixels: Pixels,
    labels: np.ndarray,
    epochs: int,
    kind: type[ImageDataset] = ImageDataset,
) -> Iterator[float]:
    """Images a second of one epoch after the other of croquis, from its array or from memory."""
    recipe = resolve_model(params.read(), "lite0_96").model_copy(
        update={"epochs": epochs, "batch_size": BATCH, "image_size": SIZE}
    )
    torch.manual_seed(0)
    model = timm.create_model(BACKBONE, num_classes=int(labels.max()) + 1)
    ids = pixels.ids.to_numpy(dtype=str)
    samples = Samples(ids, labels, np.ones(len(ids), np.float32))
    images = kind(pixels, samples, image_size=SIZE, augment=Augment("flips", 0))
    cpu = Hardware(torch.device("cpu"), None, False, 0)
    trainer = Trainer(model, recipe, lr=1e-3, images=images, hardware=cpu, seed=0)
    for epoch in trainer.epochs():
        trainer.record({"train_loss": epoch.train_loss})
        yield epoch.images_per_second


def prepared(
    source: str, folder: Path, count: int, least: int = 1
) -> tuple[list[Path], np.ndarray, Pixels]:
    """About `count` training images, of classes with `least`: files, labels, croquis' array."""
    fetch(
        DataParams(source=source, sha256=None),
        folder / "raw",
        folder / "solution.csv",
    )
    table = read_layout(folder / "raw").images
    table = table[table["split"] == "train"].sample(frac=1, random_state=0)
    # Whole classes first, so that few images still are several of each.
    table = table.sort_values("class_name", kind="stable").head(count)
    sizes = table["class_name"].map(table["class_name"].value_counts())
    table = table[sizes >= least].sample(frac=1, random_state=0)
    files = [folder / "raw" / path for path in table["path"]]
    labels = pd.factorize(table["class_name"])[0]
    index = folder / "index.csv"
    array = folder / "pixels.npy"
    table[["id"]].to_csv(index, index=False)
    sheets = [
        pad(gray_of(decode(file.read_bytes()).pixels), SIZE) for file in files
    ]
    np.save(array, np.stack(sheets))
    return files, labels, Pixels.open(index, array)


def anonymous() -> float:
    """MiB of anonymous resident memory of this process: pages of mapped files are not its own."""
    text = Path("/proc/self/status").read_text()
    return int(text.split("RssAnon:")[1].split()[0]) / 1024


def show_memory(folder: Path) -> None:
    """Anonymous memory before and after batches from an array of 25,000 images of 448 px."""
    array = folder / "big.npy"
    np.lib.format.open_memmap(array, "w+", np.uint8, (ROWS, SIDE, SIDE)).flush()
    index = folder / "big.csv"
    pd.DataFrame({"id": [f"{row}.png" for row in range(ROWS)]}).to_csv(
        index, index=False
    )
    pixels = Pixels.open(index, array)
    ids = pixels.ids.to_numpy(dtype=str)
    samples = Samples(ids, np.zeros(ROWS, int), np.ones(ROWS, np.float32))
    images = ImageDataset(
        pixels, samples, image_size=SIZE, augment=Augment("flips", 0)
    )
    order = np.random.default_rng(0).permutation(ROWS)
    before = anonymous()
    peak = 0.0
    for start in range(0, ROWS - BATCH, BATCH):
        images[0, order[start : start + BATCH]]
        peak = max(peak, anonymous())
    size = array.stat().st_size / 2**20
    print(
        f"\n{ROWS:,} images of {SIDE} px, an array of {size:,.0f} MiB: an epoch of batches"
    )
    print(
        f"anonymous memory {before:,.0f} MiB before, at most {peak:,.0f} MiB during it"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("source", nargs="?", default="icons")
    parser.add_argument("--images", type=int, default=640)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(cpu_count())
    with tempfile.TemporaryDirectory() as work:
        files, labels, pixels = prepared(options.source, Path(work), options.images)
        systems = _systems(files, labels, pixels, options.rounds + 1)
        speeds = _measure(systems, options.rounds)
        print(
            f"{options.images} images of {options.source}, {SIZE} px, batch {BATCH}, "
        )
        print(
            f"{options.rounds} rounds, {cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        )
        _show_speeds(speeds)
        show_memory(Path(work))


def _systems(
    files: list[Path], labels: np.ndarray, pixels: Pixels, epochs: int
) -> dict[str, Iterator[float]]:
    """Each way to train, as a generator of the speeds of its epochs."""
    cpus = cpu_count()
    return {
        "plain": plain(files, labels, workers=cpus, channels_last=False),
        "plain, no workers": plain(files, labels, workers=0, channels_last=False),
        "plain, channels_last": plain(
            files, labels, workers=cpus, channels_last=True
        ),
        "plain, channels_last, no workers": plain(
            files, labels, workers=0, channels_last=True
        ),
        "croquis": ours(pixels, labels, epochs),
        "croquis, one batch in memory": ours(pixels, labels, epochs, Resident),
    }


def _measure(
    systems: dict[str, Iterator[float]], rounds: int
) -> dict[str, list[float]]:
    """The speeds of each system, which take turns."""
    for epochs in systems.values():
        next(epochs)  # what is slow only once
    speeds: dict[str, list[float]] = {name: [] for name in systems}
    for _, (name, epochs) in itertools.product(range(rounds), systems.items()):
        speeds[name].append(next(epochs))
    return speeds


def _show_speeds(speeds: dict[str, list[float]]) -> None:
    croquis = statistics.median(speeds["croquis"])
    for name, rates in speeds.items():
        middle = statistics.median(rates)
        print(
            f"{name:34s} {middle:6.0f} images/s   croquis is {croquis / middle:.2f}x"
        )
    limit = statistics.median(speeds["croquis, one batch in memory"])
    print(f"data efficiency: {croquis / limit:.3f}")


if __name__ == "__main__":
    main()
