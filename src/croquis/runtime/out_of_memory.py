"""Out of memory on a GPU: the same in smaller parts, and no loss of results."""

import warnings
from collections.abc import Callable

import torch

from croquis.core.errors import InputError


def halve_batch(images: int, *, least: int = 1, note: str = "") -> int:
    """How many images to try at once after a batch ran out of memory; a warning says so.

    Call it outside of the `except` block: the traceback holds the memory that must be freed.

    Args:
        images: how many did not fit.
        least: the fewest that can be tried.
        note: what else the change means.

    Raises:
        InputError: if no fewer can be tried.
    """
    if images <= least:
        raise InputError(
            "GPU memory",
            expected=f"room for {least} of a batch's images",
            received="less",
            fix="set grad_checkpointing: true, or a smaller image_size",
        )
    torch.cuda.empty_cache()
    half = max(least, -(-images // 2))
    warnings.warn(f"out of memory: now {half} images at once{note}", stacklevel=3)
    return half


class InParts:
    """Calls a function of a batch on as many images at once as memory allows.

    Once halved, parts stay small.

    Args:
        call: (B, ...) to (B, ...), image by image: parts change no result.
    """

    def __init__(self, call: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self._call = call
        self._most: int | None = None

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """What the function gives for all `images`."""
        outputs = []
        done = 0
        while done < len(images):
            part = images[done : done + (self._most or len(images))]
            try:
                outputs.append(self._call(part))
                done += len(part)
                continue
            except torch.OutOfMemoryError:
                pass  # left first, as its traceback holds what must be freed
            self._most = halve_batch(len(part))
        return torch.cat(outputs)
