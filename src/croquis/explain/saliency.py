"""Where a network looked: which strokes speak for the ensemble's guess, which for the label."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from croquis.backbones.backbones import normalise, statistics
from croquis.core.files import atomic_write
from croquis.images.pixels import Pixels
from croquis.images.resizing import resize
from croquis.runtime.hardware import Hardware

WINDOW = (
    0.2  # of the side: what is erased at a time; a stroke or a corner, not a pixel
)
STEP = 0.1  # of the side: from one place to the next, so that each pixel is erased four times
AT_ONCE = 8  # places of all images in a forward pass; changes nothing but speed


@dataclass(frozen=True)
class SaliencyMaps:
    """What speaks for a guess and against the label.

    Attributes:
        ids: (N,).
        maps: (N, S, S) int8; 127 is the strongest of its image for the guess, below 0 for the
            label.
        member: whose network was asked, or nothing.
        failed: why some or all maps are missing, or nothing.
    """

    ids: np.ndarray
    maps: np.ndarray
    member: str
    failed: str = ""

    def save(self, path: Path) -> None:
        """Writes one compressed .npz that opens without unpickling."""
        with atomic_write(path) as draft:
            np.savez_compressed(
                draft,
                ids=self.ids,
                maps=self.maps,
                member=self.member,
                failed=self.failed,
            )


def occlusion_maps(
    model: nn.Module,
    images: np.ndarray,
    *,
    guesses: np.ndarray,
    labels: np.ndarray,
    hardware: Hardware,
) -> np.ndarray:
    """How much logit(guess) - logit(label) falls where a piece is erased, (N, S, S) float32.

    The mean over the windows that a pixel lies in; blank paper for ink. Works for networks of any
    kind, where Grad-CAM wants convolutions and sees nine cells of an 80 px drawing, and gradients
    flicker from pixel to pixel. Method: Zeiler and Fergus 2014, "Visualizing and Understanding
    Convolutional Networks", section 4.2, by captum.

    Args:
        model: in eval mode.
        images: (N, S, S) or (N, S, S, 3) uint8, at the network's size.
        guesses: (N,) int.
        labels: (N,) int.
        hardware: where it runs; float32 there.
    """
    from captum.attr import Occlusion  # seconds, and matplotlib

    model = model.to(hardware.device)
    pixels = torch.from_numpy(images).to(hardware.device)
    pairs = torch.from_numpy(np.stack([guesses, labels], axis=1).astype(np.int64))
    window = max(1, round(WINDOW * images.shape[1]))
    step = max(1, round(STEP * images.shape[1]))
    with torch.inference_mode():
        maps = Occlusion(_logit_difference(model)).attribute(
            normalise(pixels, statistics(model)),
            sliding_window_shapes=(
                3,
                window,
                window,
            ),  # all channels: a piece of paper
            strides=(3, step, step),
            baselines=normalise(torch.full_like(pixels, 255), statistics(model)),
            additional_forward_args=pairs.to(hardware.device),
            perturbations_per_eval=AT_ONCE,
        )
    return maps[:, 0].float().cpu().numpy()  # equal in all channels


def _logit_difference(model: nn.Module) -> Callable[..., torch.Tensor]:
    """A function of images (B, 3, S, S) and two classes each (B, 2), to (B,)."""

    def difference(inputs: torch.Tensor, pairs: torch.Tensor) -> torch.Tensor:
        logits = model(inputs).gather(1, pairs)  # (B, 2)
        return logits[:, 0] - logits[:, 1]

    return difference


def as_int8(maps: np.ndarray) -> np.ndarray:
    """Maps, each scaled by its strongest pixel; (N, S, S) to int8."""
    peaks = np.abs(maps).max(axis=(1, 2), keepdims=True)
    return np.round(127 * maps / np.maximum(peaks, 1e-12)).astype(np.int8)


def images_at(
    pixels: Pixels, ids: Sequence[str], side: int, interpolation: str
) -> np.ndarray:
    """Stored images as the network saw them, (N, S, S) or (N, S, S, 3) uint8."""
    stored = [np.asarray(pixels.array[row]) for row in pixels.rows(ids)]
    return np.stack([resize(one, side, interpolation) for one in stored])
