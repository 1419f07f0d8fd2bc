"""The winners' regime, a head on a frozen backbone, as they ran it and as croquis does.

    python benchmarks/probing.py                  the embedded drawings
    python benchmarks/probing.py data.tar.gz      another source

They ran the backbone again for every image in every epoch of every fold; `embed` runs it once,
and `probe` trains on what it kept. Backbone, statistics, epochs and folds are the same here, both
heads are linear, nothing is augmented, and the accuracy of both is out of fold.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.model_selection import StratifiedKFold
from torch import nn
from training import prepared

from croquis.backbones.backbones import build_backbone, normalise, statistics
from croquis.embed.embeddings import embed_images
from croquis.heads.probe_training import train_probe
from croquis.images.batches import ImageDataset, Shuffled, in_order
from croquis.images.pixels import Pixels
from croquis.recipes.head_params import HeadShape
from croquis.recipes.probe_recipes import HeadParams
from croquis.runtime.hardware import hardware
from croquis.tables.features import Features, save
from croquis.tables.samples import FoldData, Samples

FOLDS = 5
SIZE = 96
BATCH = 64
LR = 1e-3
LINEAR = HeadShape(hidden=[], act="relu", norm="none", dropout=0.0)


@dataclass
class Cost:
    """What a regime took: forward passes of single images, seconds, and right answers."""

    forwards: int = 0
    seconds: float = 0.0
    right: int = 0


def backbone() -> nn.Module:
    model = build_backbone(
        "tf_efficientnet_lite0.in1k",
        pretrained="bundled",
        num_classes=0,
        image_size=SIZE,
    )
    return model.to(memory_format=torch.channels_last).eval()


def folds_of(pixels: Pixels, labels: np.ndarray) -> list[FoldData]:
    """Plain stratified folds; what leaks leaks to both regimes."""
    ids = pixels.ids.to_numpy(dtype=str)
    classes = np.array([f"class {label:04d}" for label in range(labels.max() + 1)])

    def part(rows: np.ndarray) -> Samples:
        return Samples(ids[rows], labels[rows], np.ones(len(rows), np.float32))

    splits = StratifiedKFold(FOLDS, shuffle=True, random_state=42).split(
        ids, labels
    )
    nothing = Samples.unlabelled(ids[:0])
    return [
        FoldData(part(train), part(val), nothing, classes) for train, val in splits
    ]


def theirs(data: list[FoldData], pixels: Pixels, epochs: int) -> Cost:
    """The backbone under every batch."""
    cost = Cost()
    start = time.perf_counter()
    model = backbone()
    scales = statistics(model)

    @torch.no_grad()
    def features(images: torch.Tensor) -> torch.Tensor:
        cost.forwards += len(images)
        return model(normalise(images, scales))

    for fold in data:
        head = nn.Linear(model.num_features, len(fold.classes))
        optimizer = torch.optim.AdamW(head.parameters(), lr=LR)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
        train = ImageDataset(pixels, fold.train, image_size=SIZE)
        batches = Shuffled(train, batch_size=BATCH, seed=0, workers=0)
        for epoch in range(epochs):
            for batch in batches.epoch(epoch):
                loss = nn.functional.cross_entropy(
                    head(features(batch.images)), batch.targets, label_smoothing=0.1
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            schedule.step()
            val = ImageDataset(
                pixels, fold.val, image_size=SIZE
            )  # looked at after each epoch
            seen = in_order(val, batch_size=2 * BATCH, workers=0)
            preds = [head(features(batch.images)).argmax(dim=1) for batch in seen]
        cost.right += int((torch.cat(preds).numpy() == fold.val.labels).sum())
    cost.seconds = time.perf_counter() - start
    return cost


def ours(data: list[FoldData], pixels: Pixels, epochs: int, work: Path) -> Cost:
    """`embed`, then `probe`."""
    cost = Cost()
    start = time.perf_counter()
    ids = pixels.ids.to_numpy(dtype=str)
    images = ImageDataset(pixels, Samples.unlabelled(ids), image_size=SIZE)
    features = embed_images(
        backbone(), images, views=["identity"], hardware=hardware()
    )
    save(work / "features.npz", ids, features)
    cost.forwards = len(ids)
    stored = Features(work / "features.npz")
    recipe = HeadParams(
        epochs=epochs,
        batch_size=BATCH,
        weight_decay=0.01,
        label_smoothing=0.1,
        lr_mult=1.0,
        shape=LINEAR,
    )
    for fold in data:
        outcome = train_probe(fold, stored, recipe, lr=LR, seed=0)
        cost.right += int(
            (outcome.val.probs.argmax(axis=1) == fold.val.labels).sum()
        )
    cost.seconds = time.perf_counter() - start
    return cost


def main() -> None:
    style = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("source", nargs="?", default="icons")
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        _, labels, pixels = prepared(
            options.source, Path(work), options.images, least=FOLDS
        )
        data = folds_of(pixels, labels)
        count = len(labels)
        sd = 0.5 / len(labels) ** 0.5
        print(f"{count} images of {options.source}, {SIZE} px")
        print(f"{FOLDS} folds x {options.epochs} epochs")
        costs = {
            "backbone under every batch": theirs(data, pixels, options.epochs),
            "embed, then probe": ours(data, pixels, options.epochs, Path(work)),
        }
        for name, cost in costs.items():
            accuracy = cost.right / count
            print(
                f"{name:28s}{cost.forwards:9,} forwards {cost.seconds:7.1f} s   OOF {accuracy:.3f}"
            )
        slow, fast = costs.values()
        forwards = slow.forwards / fast.forwards
        seconds = slow.seconds / fast.seconds
        print(f"{forwards:.0f}x fewer forwards, {seconds:.0f}x fewer seconds")
        apart = abs(slow.right - fast.right) / count
        print(
            f"accuracies {apart:.3f} apart; 95 % of one accuracy's noise is {1.96 * sd:.3f}"
        )


if __name__ == "__main__":
    main()
