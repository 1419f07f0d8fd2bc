"""Mixup and cutmix of a batch by timm, for targets of any kind."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from timm.data import Mixup

from croquis.recipes.augment_params import MixParams


class Mixing:
    """Mixes each image of a batch with the one at the mirrored place, as timm does.

    timm gets the places 0..B-1 as if they were classes. The (B, B) targets that it returns say how
    much of each image is in which; they apply to labels and to shares of labels alike.

    Args:
        settings: probabilities, alphas, bounds of lambda.
        epochs: of the training, which ends with `off_last_epochs` plain ones.
    """

    def __init__(self, settings: MixParams, epochs: int) -> None:
        self._settings = settings
        self._last = epochs - settings.off_last_epochs

    def __call__(
        self, images: torch.Tensor, targets: torch.Tensor, *, epoch: int, seed: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mixed images (B, 3, S, S) and targets (B, C), a function of `seed`.

        A lone last image of an odd batch stays as it is: mixed with itself it would be, too.
        """
        even = len(images) // 2 * 2
        if epoch >= self._last or even == 0:
            return images, targets
        mixer = _Clipped(self._settings, num_classes=even)
        places = torch.arange(even, device=images.device)
        with _seeded(seed):
            # A copy: timm mixes in place, and the batch may be needed again after out of memory.
            mixed, matrix = mixer(images[:even].clone(), places)
        shares = matrix.to(targets.dtype) @ targets[:even]
        return torch.cat([mixed, images[even:]]), torch.cat(
            [shares, targets[even:]]
        )


class _Clipped(Mixup):
    """timm's Mixup whose lambda stays inside of bounds."""

    def __init__(self, settings: MixParams, *, num_classes: int) -> None:
        super().__init__(
            mixup_alpha=settings.mixup,
            cutmix_alpha=settings.cutmix,
            prob=settings.prob,
            label_smoothing=0.0,  # the loss smooths, once
            num_classes=num_classes,
        )
        self._clip = settings.clip

    def _params_per_batch(self) -> tuple[float, bool]:
        lam, cutmix = super()._params_per_batch()
        if self._clip is None or lam == 1.0:  # 1: this batch is not mixed
            return lam, cutmix
        low, high = self._clip
        return float(np.clip(lam, low, high)), cutmix


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """NumPy's global generator, which timm draws from, at `seed`; as before afterwards."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)
