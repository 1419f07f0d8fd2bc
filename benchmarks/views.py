"""What views at prediction (`tta`) add to a finished run: from its weights, without training again.

    python benchmarks/views.py ../views --members lite0_96 lite1_96 --views identity flip_lr
    python benchmarks/votes.py ../views data/folds.csv quickdraw345_test_labels.csv

Weights do not depend on `tta`, so what is written is what trainings with these views would leave.
Checked on the way: as they are, the images must get the probabilities that the run stored. The
table is out of fold, p McNemar's exact one on the same images; no truth of the test set is read.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from croquis.backbones.backbones import interpolation
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.networks import restore
from croquis.networks.predict import average_probs, predict_logits
from croquis.recipes import recipes
from croquis.runtime.hardware import hardware
from croquis.scoring.paired import mcnemar
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.predictions import Predictions, load_predictions
from croquis.tables.samples import FoldData, Samples

INDEX = Path("data/images/index.csv")
PIXELS = Path("data/images/pixels.npy")
STORED = Path("data/predictions")
WEIGHTS = Path("data/checkpoints")
BATCH_SIZE = 64


def predicted(
    model: object,
    recipe: recipes.ModelParams,
    samples: Samples,
    pixels: Pixels,
    views: list[str],
) -> tuple[np.ndarray, np.ndarray]:
    """(N, C) probabilities of the images as they are, and over the views."""
    images = ImageDataset(
        pixels,
        samples,
        image_size=recipe.image_size,
        interpolation=interpolation(recipe.backbone),
    )
    options = {"hardware": hardware(), "batch_size": BATCH_SIZE}
    logits = {
        view: predict_logits(model, images, view=view, **options) for view in views
    }
    both = [
        average_probs(logits.__getitem__, seen, ("identity",))
        for seen in (views[:1], views)
    ]
    return both[0]["identity"], both[1]["identity"]


def fold_of(
    member: str,
    fold: int,
    folds: pd.DataFrame,
    index: pd.DataFrame,
    views: list[str],
    to: Path,
) -> np.ndarray:
    """Which val images of a fold are right as they are, and over the views: (2, N) bool."""
    data = FoldData.of(fold, folds, index)
    pixels = Pixels.open(INDEX, PIXELS)
    recipe = recipes.model_recipe(member)
    weights = WEIGHTS / member / f"fold{fold}.safetensors"
    model = restore.restore_model(recipe, len(data.classes), weights)
    for name, part in (("val", data.val), ("test", data.test)):
        plain, seen = predicted(model, recipe, part, pixels, views)
        stored = load_predictions(
            STORED / member / f"fold{fold}" / f"{name}.npz"
        ).aligned(part.ids)
        np.testing.assert_allclose(plain, stored.probs, atol=1e-4)
        draft = to / member / f"fold{fold}" / f"{name}.npz"
        draft.parent.mkdir(parents=True, exist_ok=True)
        Predictions(part.ids, seen, data.classes).save(draft)
        if name == "val":
            right = [
                probs.argmax(axis=1) == data.val.labels for probs in (plain, seen)
            ]
    return np.stack(right)


def main() -> None:
    """Prints a row a member."""
    style = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("to", type=Path)
    parser.add_argument(
        "--members", nargs="+", required=True, help="fine-tuned; tta: [identity]"
    )
    parser.add_argument("--views", nargs="+", default=["identity", "flip_lr"])
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    options = parser.parse_args()
    folds = read_folds(Path("data/folds.csv"))
    index = read_index(INDEX)
    print(
        f"| member | as they are | {', '.join(options.views)} | p |\n|---|---|---|---|"
    )
    for member in options.members:
        parts = [
            fold_of(member, fold, folds, index, options.views, options.to)
            for fold in options.folds
        ]
        plain, seen = np.concatenate(parts, axis=1)
        cells = [
            member,
            f"{plain.mean():.4f}",
            f"{seen.mean():.4f}",
            f"{mcnemar(plain, seen):.3f}",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
