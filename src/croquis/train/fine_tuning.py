"""Fine-tuning one model on one fold, from images to probabilities."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from croquis.augment.phases import Curriculum
from croquis.backbones.backbones import interpolation
from croquis.core.progress import progress
from croquis.core.views import FLIPS
from croquis.heads.training_records import TrainingOutcome, val_scores
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.networks.freezing import trainable_count
from croquis.networks.lp_ft import start_from_probe
from croquis.networks.macs import Step
from croquis.networks.networks import network
from croquis.networks.predict import averaged_probs, predicted_logits
from croquis.recipes.recipes import ModelRecipe
from croquis.runtime.hardware import Hardware
from croquis.runtime.interrupts import interrupts
from croquis.tables.predictions import Predictions
from croquis.tables.samples import FoldData, Samples
from croquis.train.checkpoints import Checkpoints
from croquis.train.engine import Trainer
from croquis.train.mfu import cost_of, mfu


def fine_tune(
    data: FoldData,
    pixels: Pixels,
    recipe: ModelRecipe,
    *,
    seed: int,
    hardware: Hardware,
    log: Callable[[Mapping[str, float], int], None],
    checkpoints: Checkpoints | None = None,
) -> TrainingOutcome:
    """Trains a model on the fold's training part; the last epoch is the one that counts.

    Args:
        data: the fold.
        pixels: the stored images.
        recipe: the resolved settings.
        seed: of the head's first weights, the order of images, augmentation and dropout.
        hardware: device and number format.
        log: gets the numbers of each epoch and its number, and at the end those of the speed.
        checkpoints: where it goes on from, and keeps its state.

    Raises:
        SystemExit: when SIGTERM or SIGINT came; the state is saved then.
    """
    torch.manual_seed(seed)
    stored = _Stored(pixels, recipe, hardware)
    model = network(recipe, data.classes.tolist())
    curriculum = Curriculum(recipe, seed)
    trainer = Trainer(
        model,
        recipe,
        images=stored.of(data.train, curriculum),
        hardware=hardware,
        seed=seed,
        lr_factor=curriculum.lr_factor,
        kept=checkpoints,
        first=lambda: stored.begin(model, data.train),
        snapshot=lambda trainer: stored.snapshot(trainer, data),
    )
    costs = {size: cost_of(model, size, hardware) for size in curriculum.image_sizes}
    score = partial(stored.scores, trainer, data.val)
    _train(
        trainer,
        recipe.epochs,
        score,
        log,
        lambda epoch: costs[curriculum.image_size(epoch)],
    )
    outcome = _outcome(trainer, stored, data)
    if speed := trainer.speed():
        log(speed, recipe.epochs - 1)
    return outcome


@dataclass(frozen=True)
class _Stored:
    """The stored images as a recipe sees them."""

    pixels: Pixels
    recipe: ModelRecipe
    hardware: Hardware

    def of(
        self, samples: Samples, curriculum: Curriculum | None = None
    ) -> ImageDataset:
        size = self.recipe.image_size
        how = interpolation(self.recipe.backbone)
        options = {"image_size": size, "interpolation": how}
        if curriculum is not None:
            options |= {"augment": curriculum, "size_at": curriculum.image_size}
        return ImageDataset(self.pixels, samples, **options)

    def begin(self, model: nn.Module, samples: Samples) -> None:
        """Gives the head its first weights where they come from a probe."""
        if self.recipe.head_start != "probe":
            return
        start_from_probe(
            model,
            self.of(samples),
            samples.targets,
            shape=self.recipe.head,
            hardware=self.hardware,
            batch_size=self.recipe.micro_batch or self.recipe.batch_size,
        )

    def logits(
        self,
        model: nn.Module,
        samples: Samples,
        micro_batch: int,
        view: str = "identity",
    ) -> np.ndarray:
        batch_size = 2 * micro_batch  # no gradients, so twice as many fit
        options = {"hardware": self.hardware, "batch_size": batch_size, "view": view}
        return predicted_logits(model, self.of(samples), **options)

    def probs(
        self,
        model: nn.Module,
        samples: Samples,
        micro_batch: int,
        turns: Sequence[str] = ("identity",),
    ) -> dict[str, np.ndarray]:
        """Under each turn of the images their probabilities, over the recipe's views."""
        return averaged_probs(
            lambda view: self.logits(model, samples, micro_batch, view),
            self.recipe.tta,
            turns,
        )

    def snapshot(self, trainer: Trainer, data: FoldData) -> dict[str, torch.Tensor]:
        """What the network as it is now makes of val and test; tensors, as states hold them."""
        model = _finished(trainer.averaged, self.recipe)
        parts = {"val": data.val, "test": data.test}
        found = {
            name: self.probs(model, part, trainer.micro_batch)
            for name, part in parts.items()
        }
        return {
            name: torch.from_numpy(probs["identity"]) for name, probs in found.items()
        }

    def scores(self, trainer: Trainer, samples: Samples) -> dict[str, float]:
        found = self.logits(trainer.averaged, samples, trainer.micro_batch)
        return val_scores(found, samples.labels)


def _outcome(trainer: Trainer, stored: _Stored, data: FoldData) -> TrainingOutcome:
    """What the trained network predicts, also of flipped val images, and what it did before."""
    final = _finished(trainer.averaged, stored.recipe)
    turned = stored.probs(final, data.val, trainer.micro_batch, ("identity", *FLIPS))
    val = {
        turn: Predictions(data.val.ids, turned[turn], data.classes) for turn in turned
    }
    (test,) = stored.probs(final, data.test, trainer.micro_batch).values()
    more = {f"val_{flip}": val[flip] for flip in FLIPS}
    for number, kept in enumerate(trainer.snapshots, start=1):
        for part, ids in (("val", data.val.ids), ("test", data.test.ids)):
            more[f"cycle{number}/{part}"] = Predictions(
                ids, kept[part].numpy(), data.classes
            )
    test = Predictions(data.test.ids, test, data.classes)
    # Copies: the speed is measured by updates that go on.
    weights = {
        name: held.to("cpu", copy=True) for name, held in final.state_dict().items()
    }
    return TrainingOutcome(val["identity"], test, weights, trainer.history, more)


def _finished(model: nn.Module, recipe: ModelRecipe) -> nn.Module:
    """The network as it is kept: a copy with its adapters merged where it has some."""
    if recipe.lora is None:
        return model
    from croquis.networks.lora import merge_lora  # peft imports transformers: seconds

    return merge_lora(copy.deepcopy(model))


def _train(
    trainer: Trainer,
    epochs: int,
    score: Callable[[], dict[str, float]],
    log: Callable[[Mapping[str, float], int], None],
    cost_at: Callable[[int], tuple[Step, float] | None],
) -> None:
    """Trains the epochs that are left; each is scored, logged and recorded."""
    done = len(trainer.history)
    with interrupts() as asked:
        left = trainer.epochs(asked)
        for epoch in progress(left, "train", total=epochs, initial=done, unit="epoch"):
            row = {
                "epoch": epoch.number,
                "lr": epoch.lr,
                "train_loss": epoch.train_loss,
            }
            row |= score()
            more = {"images_per_second": epoch.images_per_second}
            more |= {"waiting": epoch.waiting}
            more |= {"trainable_parameters": trainable_count(trainer.model)}
            cost = cost_at(epoch.number)
            if cost is not None:
                more |= {"mfu": mfu(epoch.images_per_second, *cost)}
            log(row | more, epoch.number)
            trainer.record(row)
