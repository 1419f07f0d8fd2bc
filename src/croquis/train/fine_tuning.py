"""Fine-tuning one model on one fold, from images to probabilities."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from croquis.augment.phases import Curriculum
from croquis.backbones.backbones import Network, interpolation
from croquis.core.image_views import FLIPS
from croquis.core.progress import progress
from croquis.heads.training_records import TrainingOutcome, val_scores
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.networks.freezing import trainable_count
from croquis.networks.lp_ft import start_from_probe
from croquis.networks.networks import build_model
from croquis.networks.predict import average_probs, predict_logits
from croquis.recipes.recipes import ModelRecipe
from croquis.runtime.hardware import Hardware
from croquis.runtime.interrupts import interrupts
from croquis.tables.predictions import Predictions
from croquis.tables.samples import FoldData, Samples
from croquis.train.checkpoints import Checkpoints
from croquis.train.engine import Epoch, Trainer
from croquis.train.mfu import cost_of, mfu

Log = Callable[[Mapping[str, float], int], None]


def fine_tune(
    data: FoldData,
    pixels: Pixels,
    recipe: ModelRecipe,
    *,
    seed: int,
    hardware: Hardware,
    log: Log,
    checkpoints: Checkpoints | None = None,
) -> TrainingOutcome:
    """Trains a network on the training part of a fold, and predicts val and test.

    The last epoch is the one that counts. Val is scored after each epoch (log-loss in nats,
    accuracy), and nothing is chosen by it. The pieces are timm's (networks, optimizers, schedules);
    `recipe` says which, and docs/training.md names the paper of each.

        data = FoldData.of(0, read_folds(Path("data/folds.csv")), read_index(index))
        pixels = Pixels.open(index, Path("data/images/pixels.npy"))
        outcome = fine_tune(data, pixels, model_recipe("lite0_80"), seed=42,
                            hardware=hardware(), log=lambda row, epoch: print(epoch, row))

    Args:
        data: the fold.
        pixels: the stored images, (M, S, S) or (M, S, S, 3) uint8.
        recipe: the resolved settings, the peak learning rate included.
        seed: of the head's first weights, the order of images, augmentation and dropout.
        hardware: device and number format.
        log: gets the numbers of each epoch and its number, and at the end those of the speed.
        checkpoints: where it goes on from, and keeps its state.

    Returns:
        Probabilities of val (N, C) and test (M, C), the weights, and a row of curves for each
        epoch.

    Raises:
        InputError: if weights, head or adapters do not fit the backbone, if the loss is no number,
            or if one image is too much for the memory.
        SystemExit: when SIGTERM or SIGINT came; the state is saved then.
    """
    torch.manual_seed(seed)
    images = _StoredImages(pixels, recipe, hardware)
    model = build_model(recipe, data.classes.tolist())
    curriculum = Curriculum(recipe, seed)
    trainer = Trainer(
        model,
        recipe,
        dataset=images.dataset(data.train, curriculum),
        hardware=hardware,
        seed=seed,
        lr_factor=curriculum.lr_factor,
        checkpoints=checkpoints,
        begin=lambda: images.start_head(model, data.train),
        snapshot=lambda trainer: images.take_snapshot(trainer, data),
    )
    costs = {
        size: cost_of(model, size, hardware) for size in curriculum.image_sizes
    }

    def measure(epoch: Epoch) -> dict[str, float]:
        cost = costs[curriculum.image_size(epoch.number)]
        share = {} if cost is None else {"mfu": mfu(epoch.images_per_second, *cost)}
        return {
            "images_per_second": epoch.images_per_second,
            "waiting": epoch.waiting,
            "trainable_parameters": trainable_count(trainer.model),
        } | share

    score = partial(images.score, trainer, data.val)
    _train(trainer, recipe.epochs, score=score, measure=measure, log=log)
    outcome = _predict(trainer, images, data)
    speed = trainer.measure_speed()
    if speed:
        log(speed, recipe.epochs - 1)
    return outcome


@dataclass(frozen=True)
class _StoredImages:
    """The stored images as a recipe sees them."""

    pixels: Pixels
    recipe: ModelRecipe
    hardware: Hardware

    def dataset(
        self, samples: Samples, curriculum: Curriculum | None = None
    ) -> ImageDataset:
        """Some of the images; augmented where there is a curriculum."""
        return ImageDataset(
            self.pixels,
            samples,
            image_size=self.recipe.image_size,
            interpolation=interpolation(self.recipe.backbone),
            augment=curriculum,
            size_at=None if curriculum is None else curriculum.image_size,
        )

    def start_head(self, model: Network, samples: Samples) -> None:
        """Gives the head its first weights where they come from a probe."""
        if self.recipe.head_start != "probe":
            return
        start_from_probe(
            model,
            self.dataset(samples),
            samples.targets,
            shape=self.recipe.head,
            hardware=self.hardware,
            batch_size=self.recipe.micro_batch or self.recipe.batch_size,
        )

    def predict_logits(
        self,
        model: Network,
        samples: Samples,
        micro_batch: int,
        view: str = "identity",
    ) -> np.ndarray:
        """The network's outputs, (N, C); no gradients, so twice as many images fit."""
        return predict_logits(
            model,
            self.dataset(samples),
            hardware=self.hardware,
            batch_size=2 * micro_batch,
            view=view,
        )

    def predict_probs(
        self,
        model: Network,
        samples: Samples,
        micro_batch: int,
        turns: Sequence[str] = ("identity",),
    ) -> dict[str, np.ndarray]:
        """Under each turn of the images their probabilities, over the recipe's views."""
        return average_probs(
            lambda view: self.predict_logits(model, samples, micro_batch, view),
            self.recipe.tta,
            turns,
        )

    def take_snapshot(
        self, trainer: Trainer, data: FoldData
    ) -> dict[str, torch.Tensor]:
        """What the network as it is now makes of val and test; tensors, as states hold them."""
        model = _without_adapters(trainer.averaged, self.recipe)
        snapshot = {}
        for name, samples in (("val", data.val), ("test", data.test)):
            probs = self.predict_probs(model, samples, trainer.micro_batch)
            snapshot[name] = torch.from_numpy(probs["identity"])
        return snapshot

    def score(self, trainer: Trainer, samples: Samples) -> dict[str, float]:
        """Log-loss (nats) and accuracy of the network as it is now."""
        logits = self.predict_logits(trainer.averaged, samples, trainer.micro_batch)
        return val_scores(logits, samples.labels)


def _predict(
    trainer: Trainer, images: _StoredImages, data: FoldData
) -> TrainingOutcome:
    """What the trained network predicts, also of flipped val images, and what it did before."""
    model = _without_adapters(trainer.averaged, images.recipe)
    micro_batch = trainer.micro_batch
    turns = ("identity", *FLIPS)
    val_probs = images.predict_probs(model, data.val, micro_batch, turns)
    val = {
        turn: Predictions(data.val.ids, probs, data.classes)
        for turn, probs in val_probs.items()
    }
    test_probs = images.predict_probs(model, data.test, micro_batch)["identity"]
    more = {f"val_{flip}": val[flip] for flip in FLIPS}
    # Copies: the speed is measured by updates that go on.
    weights = {
        name: tensor.to("cpu", copy=True)
        for name, tensor in model.state_dict().items()
    }
    return TrainingOutcome(
        val=val["identity"],
        test=Predictions(data.test.ids, test_probs, data.classes),
        weights=weights,
        epochs=trainer.history,
        more=more | _snapshot_predictions(trainer, data),
    )


def _snapshot_predictions(
    trainer: Trainer, data: FoldData
) -> dict[str, Predictions]:
    """The predictions at the end of each cycle, by names such as "cycle1/val"."""
    ids = {"val": data.val.ids, "test": data.test.ids}
    return {
        f"cycle{number}/{part}": Predictions(
            ids[part], snapshot[part].numpy(), data.classes
        )
        for number, snapshot in enumerate(trainer.snapshots, start=1)
        for part in ids
    }


def _without_adapters(model: Network, recipe: ModelRecipe) -> Network:
    """The network as it is kept: a copy with its adapters merged where it has some."""
    if recipe.lora is None:
        return model
    from croquis.networks.lora import (
        merge_lora,
    )  # peft imports transformers: seconds

    return merge_lora(copy.deepcopy(model))


def _train(
    trainer: Trainer,
    epochs: int,
    *,
    score: Callable[[], dict[str, float]],
    measure: Callable[[Epoch], dict[str, float]],
    log: Log,
) -> None:
    """Trains the epochs that are left; each is scored, logged and recorded.

    Args:
        trainer: goes on from where it is.
        epochs: of the whole training.
        score: of the network as it is now, for the curves.
        measure: what only the log gets: a clock differs from run to run.
        log: gets the numbers of each epoch and its number.
    """
    done = len(trainer.history)
    with interrupts() as received:
        left = trainer.epochs(received)
        for epoch in progress(
            left, "train", total=epochs, initial=done, unit="epoch"
        ):
            row = {
                "epoch": epoch.number,
                "lr": epoch.lr,
                "train_loss": epoch.train_loss,
            }
            row |= score()
            log(row | measure(epoch), epoch.number)
            trainer.record(row)
