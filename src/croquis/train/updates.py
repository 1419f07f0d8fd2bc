"""Updates of a network's weights, one a batch: whatever would spoil them is not made."""

import math
from typing import Any

import torch
from torch import nn

from croquis.backbones.backbones import Network
from croquis.heads.optimization import build_optimizer, parameter_groups
from croquis.images.batches import Batch
from croquis.recipes.recipes import ModelRecipe
from croquis.runtime.hardware import Hardware
from croquis.train.gradients import Gradients

# float16 overflows now and then: such an update is skipped, and the scaler halves its scale. After
# eight in a row the first scale of 65,536 is down to 256, and something else is wrong.
_SKIPPED = 8


class Updates:
    """Turns batches into updates.

    Args:
        model: on its device.
        recipe: optimizer, peak learning rate, loss, mixing, micro-batch and clipping.
        hardware: device and number format.

    Attributes:
        optimizer: of all parameters that train.
        gradients: of a batch.
        skipped: how many updates in a row were not made.
    """

    def __init__(
        self, model: Network, recipe: ModelRecipe, hardware: Hardware
    ) -> None:
        self.optimizer = build_optimizer(parameter_groups(model, recipe), recipe)
        self._scaler = torch.amp.GradScaler(
            hardware.device.type, enabled=hardware.scaled
        )
        self.gradients = Gradients(model, recipe, hardware, self._scaler)
        self._parameters = [
            part for part in model.parameters() if part.requires_grad
        ]
        self._clip = recipe.clip_grad
        self.skipped = 0

    def make(
        self, batch: Batch, *, epoch: int, seed: int, last: bool = False
    ) -> float | None:
        """Updates the weights; the batch's loss (nats), or None where float16 overflowed.

        An update that is not made leaves weights, moments and batch norms as they were.

        Args:
            batch: on the device.
            epoch: from 0.
            seed: of all chance in it.
            last: whether its weights are a result: Lookahead then leaves its slow ones.

        Raises:
            NotFinite: if loss or gradients are no numbers, and a lower scale would not help.
            InputError: if one image is too much for the memory.
        """
        losses = self.gradients.add(batch, epoch=epoch, seed=seed)
        loss, norm = self._step(losses)
        finite = math.isfinite(loss) and math.isfinite(norm)
        if last and hasattr(self.optimizer, "sync_lookahead"):
            self.optimizer.sync_lookahead()  # acts on parameters with a gradient alone
        self.optimizer.zero_grad()
        self.skipped = 0 if finite else self.skipped + 1
        allowed = _SKIPPED if self._scaler.is_enabled() else 1
        if not finite and self.skipped == allowed:
            raise NotFinite(loss, norm)
        return loss if finite else None

    def _step(self, losses: torch.Tensor) -> tuple[float, float]:
        """Takes a step if all is finite; the batch's loss and the norm of its gradients.

        Args:
            losses: (M,) parts of the batch's loss.
        """
        self._scaler.unscale_(self.optimizer)  # the norm must be the true one
        grads = [part.grad for part in self._parameters if part.grad is not None]
        total_norm = nn.utils.get_total_norm(grads)
        # The only time in an update that the CPU waits for a GPU.
        *parts, norm = torch.cat([losses, total_norm.view(1)]).tolist()
        loss = sum(parts)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            self.gradients.undo()
        else:
            if self._clip is not None:
                nn.utils.clip_grads_with_norm_(
                    self._parameters, self._clip, total_norm
                )
            self._scaler.step(self.optimizer)
        self._scaler.update()
        return loss, norm

    def parts(self) -> dict[str, Any]:
        """What a saved state holds of it."""
        return {"optimizer": self.optimizer, "scaler": self._scaler}


class NotFinite(Exception):
    """A loss or a gradient that is no number.

    Attributes:
        expected, received: as an `InputError` would say it.
    """

    def __init__(self, loss: float, norm: float) -> None:
        super().__init__(loss, norm)
        self.expected = "a finite loss"
        self.received = str(loss)
        if math.isfinite(loss):
            self.expected = "a finite gradient"
            self.received = f"one of norm {norm} at a loss of {loss:.4g}"
