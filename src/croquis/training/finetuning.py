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
from croquis.training.checkpoints import Checkpoints
from croquis.training.engine import Trainer
from croquis.training.hardware import Hardware
from croquis.training.interrupts import interrupts
from croquis.training.predicting import predicted_logits, softmax
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
    checkpoints: Checkpoints | None = None,
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
        checkpoints: where it goes on from, and keeps its state.

    Raises:
        SystemExit: when SIGTERM or SIGINT came; the state is saved then.
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
    trainer = Trainer(
        model, recipe, lr=lr, pictures=pictures, hardware=hardware, seed=seed, kept=checkpoints
    )

    def logits(samples: Samples) -> np.ndarray:
        held_out = Pictures(pixels, samples, image_size=recipe.image_size)
        batch_size = 2 * trainer.micro_batch  # no gradients, so twice as many fit
        return predicted_logits(
            trainer.averaged, held_out, hardware=hardware, batch_size=batch_size
        )

    def predictions(samples: Samples) -> Predictions:
        return Predictions(samples.ids, softmax(logits(samples)), data.classes)

    _train(trainer, recipe.epochs, lambda: val_scores(logits(data.val), data.val.labels), log)
    # Copies, as measuring the speed goes on with the network itself.
    weights = {name: held.cpu().clone() for name, held in trainer.averaged.state_dict().items()}
    outcome = Outcome(predictions(data.val), predictions(data.test), weights, trainer.history)
    log(trainer.efficiency(), recipe.epochs - 1)
    return outcome


def _train(
    trainer: Trainer,
    epochs: int,
    score: Callable[[], dict[str, float]],
    log: Callable[[Mapping[str, float], int], None],
) -> None:
    """Trains the epochs that are left; each is scored, logged and recorded."""
    done = len(trainer.history)
    with interrupts() as asked:
        left = trainer.epochs(asked)
        for epoch in progress(left, "train", total=epochs, initial=done, unit="epoch"):
            row = {"epoch": epoch.number, "lr": epoch.lr, "train_loss": epoch.train_loss}
            row |= score()
            log(row | {"images_per_second": epoch.images_per_second}, epoch.number)
            trainer.record(row)
