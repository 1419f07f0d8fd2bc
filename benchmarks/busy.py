"""How waiting threads should wait: a training alone, and beside programs that want the same cores.

    python benchmarks/busy.py                  the embedded drawings
    python benchmarks/busy.py data.tar.gz      another source

Between two parallel loops the threads of a training wait for the next one. libgomp, PyTorch's
OpenMP, lets them spin (GOMP_SPINCOUNT times, 300,000 by default), then sleep; with
OMP_WAIT_POLICY=PASSIVE they sleep at once. It reads both once, so each setting is a process of its
own, which trains `lite0_80` as params.yaml has it, on the CPU. They take turns: only one of them
works at a time, alone, beside a busy loop a core, and beside four a core. Medians are compared with
those of croquis' default, which `src/croquis/core/cli.py` sets. Four to five minutes on two cores;
nothing else should run meanwhile.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import timm
import torch
from training import prepared

from croquis.core import params
from croquis.augment.augment import Augment
from croquis.core.cpu_count import cpu_count
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.recipes.recipes import resolve_model
from croquis.runtime.hardware import hardware
from croquis.tables.samples import Samples
from croquis.train.engine import Trainer

MODEL = "lite0_80"
OURS = "GOMP_SPINCOUNT=10000"
SETTINGS = ("", "OMP_WAIT_POLICY=PASSIVE", "GOMP_SPINCOUNT=1000", OURS)
SETTINGS += ("GOMP_SPINCOUNT=100000", "GOMP_SPINCOUNT=1000000")
READ_ONCE = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
UPDATES = 2  # an epoch: beside others the slowest takes seconds for each update
NEVER_WAITS = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"


class Worker(subprocess.Popen):
    """A process that trains under one setting, whenever it is asked to."""

    def __init__(self, setting: str, folder: Path) -> None:
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in READ_ONCE
        }
        environment |= dict([setting.split("=")]) if setting else {}
        environment |= {"CROQUIS_DEVICE": "cpu", "CI": "1"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        super().__init__(
            [sys.executable, __file__, "--work", str(folder)],
            env=environment,
            **pipes,
        )

    def speed(self, seconds: float) -> float:
        """Images a second of a training that goes on for `seconds`, and to the end of an epoch."""
        print(seconds, file=self.stdin, flush=True)
        return json.loads(self.stdout.readline())


def work(folder: Path) -> None:
    """Trains for as many seconds as each line of the input says, and prints images a second."""
    recipe = resolve_model(params.read(), MODEL).model_copy(
        update={"epochs": 1_000_000}
    )
    pixels = Pixels.open(folder / "index.csv", folder / "pixels.npy")
    ids = pixels.ids.to_numpy(dtype=str)[: UPDATES * recipe.batch_size]
    labels = np.load(folder / "labels.npy")
    samples = Samples(ids, labels[: len(ids)], np.ones(len(ids), np.float32))
    augment = Augment(recipe.augment, 0)
    images = ImageDataset(
        pixels, samples, image_size=recipe.image_size, augment=augment
    )
    torch.manual_seed(0)
    model = timm.create_model(recipe.backbone, num_classes=int(labels.max()) + 1)
    options = {"lr": 1e-3, "images": images, "hardware": hardware(), "seed": 0}
    trainer = Trainer(model, recipe, **options)
    epochs = trainer.epochs()
    for line in sys.stdin:
        start = time.perf_counter()
        seen = 0
        while time.perf_counter() - start < float(line):
            trainer.record({"train_loss": next(epochs).train_loss})
            seen += len(ids)
        print(seen / (time.perf_counter() - start), flush=True)


@contextmanager
def others(count: int) -> Iterator[None]:
    """As many programs that never wait, and end with this one."""
    started = [
        subprocess.Popen([sys.executable, "-c", NEVER_WAITS]) for _ in range(count)
    ]
    try:
        yield
    finally:
        for program in started:
            program.kill()
            program.wait()


def compare(
    workers: dict[str, Worker], loops: Sequence[int], rounds: int, seconds: float
) -> dict[str, list[float]]:
    """Median images a second of each setting, beside each number of busy loops."""
    measured = {setting: defaultdict(list) for setting in workers}
    for worker in workers.values():
        worker.speed(0.1)  # loads everything, and chooses kernels
    for _, count in itertools.product(range(rounds), loops):
        for setting, worker in workers.items():
            with others(count):
                measured[setting][count].append(worker.speed(seconds))
    return {
        setting: [statistics.median(speeds[count]) for count in loops]
        for setting, speeds in measured.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("source", nargs="?", default="icons")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="of each measurement"
    )
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return work(options.work)
    load = os.getloadavg()[0]
    loops = (0, cpu_count(), 4 * cpu_count())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _, labels, _ = prepared(options.source, folder, 64)
        np.save(folder / "labels.npy", labels)
        workers = {setting: Worker(setting, folder) for setting in SETTINGS}
        try:
            measured = compare(workers, loops, options.rounds, options.seconds)
        finally:
            for worker in workers.values():
                worker.kill()
                worker.wait()
    print(
        f"{MODEL} on {options.source}, {options.rounds} rounds of {options.seconds:.0f} s, "
    )
    print(
        f"{cpu_count()} cores, load {load:.1f} before; images/s, and times those of {OURS}"
    )
    heads = "".join(f"{f'{count} busy loops':>18s}" for count in loops)
    print(f"{'':26s}{heads}")
    for setting, speeds in measured.items():
        pairs = zip(speeds, measured[OURS], strict=True)
        shown = "".join(f"{rate:11.1f} {rate / ours:5.2f}x" for rate, ours in pairs)
        print(f"{setting or 'PyTorch alone':26s}{shown}")


if __name__ == "__main__":
    main()
