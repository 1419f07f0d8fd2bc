"""The trained ensemble as one object: images in, class probabilities out.

What `make export` serves and `make demo` shows. Images go the way of the batch: prepared as by
`prepare`, shrunk, normalised, predicted, calibrated and voted on by the same functions.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from torch import nn

from croquis.backbones.backbones import Network, interpolation
from croquis.embed.embeddings import embed_images
from croquis.heads.probe_training import log_probs
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.networks import restore
from croquis.networks.predict import average_probs, predict_logits
from croquis.recipes.probe_recipes import EmbedParams
from croquis.recipes.recipes import ModelParams
from croquis.runtime.hardware import Hardware, hardware
from croquis.serving.sheets import prepare_sheet
from croquis.serving.trained_ensemble import Trained
from croquis.tables.samples import Samples
from croquis.votes.calibration import apply_temperature
from croquis.votes.voting import soft_vote

BATCH_SIZE = 64  # changes nothing but speed
TURN = 8  # images; who sends more lets others in between


@dataclass(frozen=True)
class Answer:
    """Calibrated class probabilities of N images.

    Attributes:
        probs: (N, C), of the ensemble; rows sum to one.
        members: by key (N, C) of each member alone, the mean of its folds.
    """

    probs: np.ndarray
    members: dict[str, np.ndarray]


class Ensemble:
    """All networks of a trained ensemble, in memory: files of images in, class probabilities out.

    Many threads may ask at once; they take turns of some images. Members vote as in the run: each
    fold at its member's temperature, then the vote of folds, then that of members, then the
    temperature of the vote. Method: deep ensembles, Lakshminarayanan et al. 2017, "Simple and
    Scalable Predictive Uncertainty Estimation using Deep Ensembles"; temperatures, Guo et al. 2017.

    >>> ensemble = Ensemble(Trained.exported(Path("export")))
    >>> answer = ensemble.answer([Path("image.png").read_bytes()])
    >>> ensemble.classes[answer.probs.argmax(axis=1)].tolist()
    ['pole']

    Args:
        trained: where it lies on disk, `Trained.exported` or `Trained.of_run`.
        machine: where it runs; by default the best there is.

    Attributes:
        settings: what the weights alone do not tell, as the side of stored images in pixels.
        recipe: weights and temperatures of the members.
        classes: (C,) names in label order.

    Raises:
        InputError: if weights are missing, or do not fit what is said of them.
    """

    def __init__(self, trained: Trained, machine: Hardware | None = None) -> None:
        # Processes that prepare batches would cost more than they save on an image.
        self._machine = replace(machine or hardware(), workers=0)
        self.settings = trained.settings
        self.recipe = trained.recipe
        self.classes = np.array(self.settings.classes, dtype=np.str_)
        self._models = {key: _models(trained, key) for key in self.settings.models}
        self._heads = {key: _heads(trained, key) for key in self.settings.probes}
        self._backbones = {
            key: restore.restore_backbone(
                self.settings.probes[key].embed, trained.backbone(key)
            )
            for key in set(self.settings.backbones.values())
        }
        # Servers answer from many threads, which would only take the cores from each other. One
        # thread serves them in their order, which a lock does not, and keeps its memory.
        self._networks = ThreadPoolExecutor(1, thread_name_prefix="networks")

    def answer(self, images: Sequence[bytes]) -> Answer:
        """What the ensemble says of N files, each given by its bytes, in any format Pillow reads.

        Raises:
            InputError: if one is no image or too large; it is called by its place, from 1.
        """
        sheets = [
            self.prepare(content, where=f"image {place}")
            for place, content in enumerate(images, start=1)
        ]
        return self.answer_prepared(np.array(sheets, dtype=np.uint8))

    def prepare(self, content: bytes, where: object) -> np.ndarray:
        """One image as stage `prepare` would store it, (S, S) or (S, S, 3) uint8.

        Raises:
            InputError: as `answer` does; `where` is what it calls the image.
        """
        settings = self.settings
        return prepare_sheet(
            content,
            side=settings.image_size,
            fit=settings.fit,
            gray=settings.gray,
            where=where,
        )

    def answer_prepared(self, sheets: np.ndarray) -> Answer:
        """What the ensemble says of prepared images, (N, S, S) or (N, S, S, 3) uint8."""
        if not len(sheets):
            none = np.empty((0, len(self.classes)), np.float32)
            return Answer(none, {member: none for member in self.recipe.members})
        by_fold = self._predict_in_turns(sheets)
        temperatures = self.recipe.temperatures
        alone = {
            key: soft_vote(
                apply_temperature(np.stack(by_fold[key]), temperatures[key])
            )
            for key in sorted(by_fold)
        }
        return Answer(self.recipe.combine(by_fold), alone)

    def _predict_in_turns(self, sheets: np.ndarray) -> dict[str, list[np.ndarray]]:
        """The same as `_predict`, some images at a time."""
        turns = [
            self._networks.submit(
                self._predict, sheets[start : start + TURN]
            ).result()
            for start in range(0, len(sheets), TURN)
        ]
        return {
            member: [
                np.concatenate([turn[member][fold] for turn in turns])
                for fold in range(len(folds))
            ]
            for member, folds in turns[0].items()
        }

    def _predict(self, sheets: np.ndarray) -> dict[str, list[np.ndarray]]:
        """Uncalibrated probabilities of each member, (N, C) a fold."""
        probs = {}
        for member, folds in self._models.items():
            recipe = self.settings.models[member]
            images = _images(sheets, recipe)
            probs[member] = [
                _model_probs(model, images, recipe.tta, self._machine)
                for model in folds
            ]
        for owner, backbone in self._backbones.items():
            probs |= self._predict_probes(sheets, owner, backbone)
        return probs

    def _predict_probes(
        self, sheets: np.ndarray, owner: str, backbone: Network
    ) -> dict[str, list[np.ndarray]]:
        """The same of the probes that share a backbone, which sees each image once a view."""
        views_of = {
            key: self.settings.probes[key].embed.views
            for key, first in self.settings.backbones.items()
            if first == owner
        }
        views: list[str] = sorted(
            {view for part in views_of.values() for view in part}
        )
        stored = embed_images(
            backbone,
            _images(sheets, self.settings.probes[owner].embed),
            views=views,
            hardware=self._machine,
            batch_size=BATCH_SIZE,
        )
        probs = {}
        for key, part in views_of.items():
            features = stored[[views.index(view) for view in part]]
            probs[key] = [
                np.exp(log_probs(head, features)).astype(np.float32)
                for head in self._heads[key]
            ]
        return probs


def _model_probs(
    model: Network, images: ImageDataset, views: Sequence[str], machine: Hardware
) -> np.ndarray:
    """A network's probabilities under the views it predicts with, (N, C)."""

    def logits_of(view: str) -> np.ndarray:
        return predict_logits(
            model, images, hardware=machine, batch_size=BATCH_SIZE, view=view
        )

    return average_probs(logits_of, list(views), ("identity",))["identity"]


def _models(trained: Trained, key: str) -> list[Network]:
    recipe = trained.settings.models[key]
    count = len(trained.settings.classes)
    paths = [trained.checkpoint(key, fold) for fold in trained.recipe.folds]
    return [restore.restore_model(recipe, count, path) for path in paths]


def _heads(trained: Trained, key: str) -> list[nn.Module]:
    shape = trained.settings.probes[key].head.shape
    count = len(trained.settings.classes)
    paths = [trained.checkpoint(key, fold) for fold in trained.recipe.folds]
    return [restore.restore_head(shape, count, path) for path in paths]


def _images(sheets: np.ndarray, recipe: ModelParams | EmbedParams) -> ImageDataset:
    ids = np.arange(len(sheets)).astype(str)
    return ImageDataset(
        Pixels(pd.Index(ids), sheets),
        Samples.unlabelled(ids),
        image_size=recipe.image_size,
        interpolation=interpolation(recipe.backbone),
    )
