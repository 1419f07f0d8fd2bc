"""The trained ensemble as one object: images in, class probabilities out.

What `make export` serves and `make demo` shows. Images go the way of the batch: prepared as by
`prepare`, shrunk, normalised, predicted, tempered and voted on by the same functions.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from torch import nn

from croquis.backbones.backbones import interpolation
from croquis.embed.embeddings import embeddings
from croquis.heads.probe_training import log_probs
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.networks import restore
from croquis.networks.predict import averaged_probs, predicted_logits
from croquis.recipes.probe_recipes import EmbedParams
from croquis.recipes.recipes import ModelParams
from croquis.runtime.hardware import Hardware, hardware
from croquis.serving.sheets import prepared_sheet
from croquis.serving.trained_ensemble import Trained
from croquis.tables.samples import Samples
from croquis.votes.calibration import apply_temperature
from croquis.votes.voting import soft_vote

BATCH_SIZE = 64  # changes nothing but speed


@dataclass(frozen=True)
class Answer:
    """Calibrated class probabilities of N images.

    Attributes:
        probs: (N, C), of the ensemble.
        members: (N, C) of each member alone, the mean of its folds.
    """

    probs: np.ndarray
    members: dict[str, np.ndarray]


class Ensemble:
    """All networks of a trained ensemble, in memory.

    Args:
        trained: where it lies.
        machine: where it runs; by default the best there is.

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
        # Servers answer from many threads, which would only take the cores from each other.
        self._lock = threading.Lock()

    def answer(self, images: Sequence[bytes]) -> Answer:
        """What the ensemble says of some files' bytes.

        Raises:
            InputError: if one is no image or too large; it is called by its place, from 1.
        """
        sheets = [
            self.sheet(c, where=f"image {k}") for k, c in enumerate(images, start=1)
        ]
        return self.of_sheets(np.array(sheets, dtype=np.uint8))

    def sheet(self, content: bytes, where: object) -> np.ndarray:
        """One image as `prepare` would store it; raises InputError as `answer` does."""
        own = self.settings
        return prepared_sheet(
            content, side=own.image_size, fit=own.fit, gray=own.gray, where=where
        )

    def of_sheets(self, sheets: np.ndarray) -> Answer:
        """What the ensemble says of prepared images, (N, S, S) or (N, S, S, 3) uint8."""
        if not len(sheets):
            none = np.empty((0, len(self.classes)), np.float32)
            return Answer(none, {member: none for member in self.recipe.members})
        with self._lock:
            found = self._by_fold(sheets)
        heat = self.recipe.temperatures
        alone = {
            key: soft_vote(apply_temperature(np.stack(found[key]), heat[key]))
            for key in sorted(found)
        }
        return Answer(self.recipe.combine(found), alone)

    def _by_fold(self, sheets: np.ndarray) -> dict[str, list[np.ndarray]]:
        """Raw probabilities of each member, (N, C) a fold."""
        found = {}
        for member, folds in self._models.items():
            own = self.settings.models[member]
            images = _images(sheets, own)
            found[member] = [_seen(m, images, own.tta, self._machine) for m in folds]
        for owner, backbone in self._backbones.items():
            found |= self._probed(sheets, owner, backbone)
        return found

    def _probed(
        self, sheets: np.ndarray, owner: str, backbone: nn.Module
    ) -> dict[str, list[np.ndarray]]:
        """The same of the probes that share a backbone, which sees each image once a view."""
        probes = self.settings.probes
        sharing = [
            key for key, first in self.settings.backbones.items() if first == owner
        ]
        views = sorted({view for key in sharing for view in probes[key].embed.views})
        images = _images(sheets, probes[owner].embed)
        stored = embeddings(
            backbone,
            images,
            views=views,
            hardware=self._machine,
            batch_size=BATCH_SIZE,
        )
        found = {}
        for key in sharing:
            own = stored[[views.index(view) for view in probes[key].embed.views]]
            found[key] = [
                np.exp(log_probs(head, own)).astype(np.float32)
                for head in self._heads[key]
            ]
        return found


def _seen(
    model: nn.Module, images: ImageDataset, views: list[str], machine: Hardware
) -> np.ndarray:
    """A network's probabilities under the views it predicts with, (N, C)."""

    def logits_of(view: str) -> np.ndarray:
        how = {"hardware": machine, "batch_size": BATCH_SIZE, "view": view}
        return predicted_logits(model, images, **how)

    return averaged_probs(logits_of, views, ("identity",))["identity"]


def _models(trained: Trained, key: str) -> list[nn.Module]:
    recipe = trained.settings.models[key]
    count = len(trained.settings.classes)
    paths = [trained.checkpoint(key, fold) for fold in trained.recipe.folds]
    return [restore.restore_model(recipe, count, path) for path in paths]


def _heads(trained: Trained, key: str) -> list[nn.Module]:
    shape = trained.settings.probes[key].head.shape
    count = len(trained.settings.classes)
    paths = [trained.checkpoint(key, fold) for fold in trained.recipe.folds]
    return [restore.restore_head(shape, count, path) for path in paths]


def _images(sheets: np.ndarray, own: ModelParams | EmbedParams) -> ImageDataset:
    ids = np.arange(len(sheets)).astype(str)
    pixels = Pixels(pd.Index(ids), sheets)
    how = interpolation(own.backbone)
    samples = Samples.unlabelled(ids)
    return ImageDataset(pixels, samples, image_size=own.image_size, interpolation=how)
