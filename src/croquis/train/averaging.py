"""The weights to score: those of the last update, or an average over updates or epochs."""

from collections.abc import Iterable
from typing import cast

import torch
from timm.utils import ModelEmaV3
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import AveragedModel, get_swa_avg_fn

from croquis.backbones.backbones import Network
from croquis.networks.freezing import train_mode
from croquis.recipes.recipes import TrainParams
from croquis.runtime.hardware import Hardware, autocast


class Averages:
    """The averages that a recipe asks for: of all updates (EMA), of the last epochs, or none.

    Args:
        model: whose weights are averaged; on its device.
        recipe: `ema_decay`, `average_epochs` and `epochs`.
    """

    def __init__(self, model: Network, recipe: TrainParams) -> None:
        self._model = model
        self._first = recipe.epochs - recipe.average_epochs
        self._ema: ModelEmaV3 | None = None
        self._mean: AveragedModel | None = None
        if recipe.ema_decay is not None:
            # use_warmup, or an average over so few steps would still hold the first weights.
            self._ema = ModelEmaV3(model, decay=recipe.ema_decay, use_warmup=True)
        if recipe.average_epochs:
            # Tensor by tensor: torch's default on CUDA divides the counters of batch norms, and
            # fails.
            self._mean = AveragedModel(
                model, avg_fn=get_swa_avg_fn(), use_buffers=True
            )

    @property
    def model(self) -> Network:
        """The network to score and to keep: the average where there is one."""
        if self._mean is not None and self._mean.n_averaged > 0:
            return cast(Network, self._mean.module)
        return self._model if self._ema is None else cast(Network, self._ema.module)

    def after_update(self, step: int) -> None:
        """Takes in the weights after update number `step`."""
        if self._ema is not None:
            self._ema.update(self._model, step=step)

    def after_epoch(self, epoch: int) -> None:
        """Takes in the weights after `epoch` if it is one of the last."""
        if self._mean is not None and epoch >= self._first:
            self._mean.update_parameters(self._model)

    def after_all(
        self, batches: Iterable[torch.Tensor], hardware: Hardware
    ) -> None:
        """Gives the mean over epochs batch norms that fit its weights; others' statistics do not.

        As torch's `update_bn`, which would drop out features meanwhile, and change frozen norms.

        Args:
            batches: network input; none is looked at where there is nothing to do.
            hardware: in which number format it runs.
        """
        if self._mean is None:
            return
        model = self._mean.module
        norms = _learning_norms(model)
        model.eval()
        if not norms:
            return
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.train()
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean over all batches
        with torch.no_grad(), autocast(hardware):
            for images in batches:
                model(images)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.eval()
            norm.momentum = momentum

    def parts(self) -> dict[str, nn.Module]:
        """What a saved state holds of it."""
        parts = {"ema": self._ema, "mean": self._mean}
        return {name: part for name, part in parts.items() if part is not None}


def _learning_norms(model: nn.Module) -> list[_BatchNorm]:
    """The batch norms whose statistics a training changes; leaves the model in train mode."""
    train_mode(model)
    return [
        module
        for module in model.modules()
        if isinstance(module, _BatchNorm) and module.training
    ]
