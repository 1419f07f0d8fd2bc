"""All that the next step of a training depends on, which can be saved and restored."""

from typing import Any

import torch

from croquis.backbones.backbones import Network, place
from croquis.recipes.recipes import ModelRecipe
from croquis.runtime.hardware import Hardware
from croquis.train.averaging import Averages
from croquis.train.updates import Updates


class TrainingState:
    """A network, its updates and averages, and how far its training is.

    Args:
        model: on any device; moved to `hardware`.
        recipe: the resolved settings.
        hardware: device and number format.

    Attributes:
        step: how many updates were tried.
        loss_sum: of the updates made in this epoch (nats).
        loss_count: how many they are.
        history: a row of numbers for each epoch that has ended.
        snapshots: what was taken from the network when each cycle of the lr had ended.
    """

    def __init__(
        self, model: Network, recipe: ModelRecipe, hardware: Hardware
    ) -> None:
        self.model = place(model, hardware.device)
        self.updates = Updates(self.model, recipe, hardware)
        self.averages = Averages(self.model, recipe)
        self.step = 0
        self.loss_sum = 0.0
        self.loss_count = 0
        self.history: list[dict[str, float]] = []
        self.snapshots: list[dict[str, torch.Tensor]] = []

    def count(self, loss: float | None) -> None:
        """Counts an update by its loss; None where it was not made."""
        self.step += 1
        if loss is not None:
            self.loss_sum += loss
            self.loss_count += 1

    def end_epoch(self) -> float:
        """The mean loss of the epoch's updates (nats), which are counted anew from here."""
        mean = self.loss_sum / max(1, self.loss_count)
        self.loss_sum = 0.0
        self.loss_count = 0
        return mean

    def save(self) -> dict[str, Any]:
        """The state as tensors and numbers."""
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        return parts | {
            "step": self.step,
            "total": self.loss_sum,
            "made": self.loss_count,
            "micro": self.updates.gradients.micro_batch,
            "skipped": self.updates.skipped,
            "history": self.history,
            "snapshots": self.snapshots,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Goes back to what `save` returned."""
        for name, part in self._parts().items():
            part.load_state_dict(saved[name])
        self.step = saved["step"]
        self.loss_sum = saved["total"]
        self.loss_count = saved["made"]
        self.updates.gradients.micro_batch = saved["micro"]
        self.updates.skipped = saved["skipped"]
        self.history = saved["history"]
        self.snapshots = saved["snapshots"]

    def _parts(self) -> dict[str, Any]:
        return {
            "model": self.model,
            **self.updates.parts(),
            **self.averages.parts(),
        }
