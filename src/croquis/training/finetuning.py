"""Fine-tuning one model on one fold, from pictures to probabilities."""

from collections.abc import Callable, Mapping

import numpy as np
import torch

from croquis.data.pixels import Pixels
from croquis.models import backbones
from croquis.predictions import Predictions
from croquis.progress import progress
from croquis.training.augment import Augment
from croquis.training.batches import Pictures
from croquis.training.engine import Trainer, predicted_logits, softmax
from croquis.training.hardware import Hardware
from croquis.training.recipes import ModelParams
from croquis.training.records import Outcome, val_scores
from croquis.training.samples import FoldData, Samples


def fine_tuned(
    data: FoldData,
    pixels: Pixels,
    recipe: ModelParams,
    *,
    lr: float,
    seed: int,
    hardware: Hardware,
    log: Callable[[Mapping[str, float], int], None],
) -> Outcome:
    """Trains a model on the fold's training part; the last epoch is the one that counts.

    Args:
        data: the fold.
        pixels: the stored pictures.
        recipe: the resolved settings.
        lr: peak learning rate.
        seed: of the head's first weights, the order of pictures, augmentation and dropout.
        hardware: device and number format.
        log: gets the numbers of each epoch and its number.
    """
    torch.manual_seed(seed)
    model = backbones.build(
        recipe.backbone,
        pretrained=recipe.pretrained,
        num_classes=len(data.classes),
        image_size=recipe.image_size,
        drop_rate=recipe.drop_rate,
        drop_path_rate=recipe.drop_path_rate,
    )
    augment = Augment(recipe.augment, seed)
    pictures = Pictures(pixels, data.train, image_size=recipe.image_size, augment=augment)
    trainer = Trainer(model, recipe, lr=lr, pictures=pictures, hardware=hardware, seed=seed)

    def logits(samples: Samples) -> np.ndarray:
        held_out = Pictures(pixels, samples, image_size=recipe.image_size)
        return predicted_logits(
            trainer.averaged, held_out, hardware=hardware, batch_size=2 * recipe.batch_size
        )

    epochs = []
    for epoch in progress(trainer.epochs(), "train", total=recipe.epochs, unit="epoch"):
        row = {"epoch": epoch.number, "lr": epoch.lr, "train_loss": epoch.train_loss}
        row |= val_scores(logits(data.val), data.val.labels)
        log(row | {"images_per_second": epoch.images_per_second}, epoch.number)
        epochs.append(row)

    def predictions(samples: Samples) -> Predictions:
        return Predictions(samples.ids, softmax(logits(samples)), data.classes)

    weights = trainer.averaged.state_dict()
    return Outcome(predictions(data.val), predictions(data.test), weights, epochs)
