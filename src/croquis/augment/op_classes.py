"""Augmentations that albumentations lacks, as transforms of it: edges, ink that moves, policies."""

import contextlib
import os
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

# No look-up of newer versions: albumentations reads this when it is imported.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
import albumentations as A  # after the line above

if TYPE_CHECKING:
    import torch  # at run time only where a policy of torchvision is drawn

TensorPolicy = Callable[["torch.Tensor"], "torch.Tensor"]
ImagePolicy = Callable[[Image.Image], Image.Image]
PAPER = 255
_INK = (
    250  # darker pixels are ink: JPEGs leave paper a little gray about the strokes
)


class Offset(A.ImageOnlyTransform):
    """The box of all ink at a random place of the sheet; the rest is paper."""

    def get_params(self) -> dict[str, float]:
        return {"down": self.py_random.random(), "right": self.py_random.random()}

    def apply(
        self, img: np.ndarray, down: float = 0.0, right: float = 0.0, **_: Any
    ) -> np.ndarray:
        ink = (img if img.ndim == 2 else img.min(axis=2)) < _INK
        rows = np.flatnonzero(ink.any(axis=1))
        columns = np.flatnonzero(ink.any(axis=0))
        if not len(rows):
            return img
        box = img[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        top = round(down * (len(img) - len(box)))
        left = round(right * (img.shape[1] - box.shape[1]))
        sheet = np.full_like(img, PAPER)
        sheet[top : top + box.shape[0], left : left + box.shape[1]] = box
        return sheet


class Closing(A.ImageOnlyTransform):
    """Morphological closing by a square of `width` pixels."""

    def __init__(self, width: int, p: float) -> None:
        super().__init__(p=p)
        self.kernel = np.ones((width, width), np.uint8)

    def apply(self, img: np.ndarray, **_: Any) -> np.ndarray:
        return cv2.morphologyEx(
            np.ascontiguousarray(img), cv2.MORPH_CLOSE, self.kernel
        )


class Laplacian(A.ImageOnlyTransform):
    """A share of the edges that the Laplacian finds, and the rest of the image itself."""

    def __init__(self, share: float, p: float) -> None:
        super().__init__(p=p)
        self.share = share

    def apply(self, img: np.ndarray, **_: Any) -> np.ndarray:
        edges = np.abs(cv2.Laplacian(np.ascontiguousarray(img), cv2.CV_16S))
        paper = (PAPER - np.minimum(edges, PAPER)).astype(np.uint8)
        return cv2.addWeighted(
            np.ascontiguousarray(img), 1 - self.share, paper, self.share, 0
        )


class Edges(A.ImageOnlyTransform):
    """Canny's edges (OpenCV's thresholds), black on white."""

    def __init__(self, low: float, high: float, p: float) -> None:
        super().__init__(p=p)
        self.low = low
        self.high = high

    def apply(self, img: np.ndarray, **_: Any) -> np.ndarray:
        edges = PAPER - cv2.Canny(np.ascontiguousarray(img), self.low, self.high)
        if img.ndim == 2:
            return edges
        return np.repeat(edges[..., None], img.shape[2], axis=2)


class Policy(A.ImageOnlyTransform):
    """A policy of torchvision, drawn from albumentations' generator instead of torch's."""

    def __init__(self, policy: TensorPolicy, p: float) -> None:
        super().__init__(p=p)
        self.policy = policy

    def get_params(self) -> dict[str, int]:
        return {"seed": self.py_random.getrandbits(32)}

    def apply(self, img: np.ndarray, seed: int = 0, **_: Any) -> np.ndarray:
        import torch

        image = torch.from_numpy(
            np.array(img)
        )  # a copy: stored images are read-only
        image = image[None] if img.ndim == 2 else image.permute(2, 0, 1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            drawn = self.policy(image)
        drawn = drawn[0] if img.ndim == 2 else drawn.permute(1, 2, 0)
        return np.ascontiguousarray(drawn)


class TimmPolicy(A.ImageOnlyTransform):
    """A policy of timm's, drawn from albumentations' generator instead of the global ones.

    Args:
        policy: timm's text.
        side: of the images; timm shifts by a share of it.
        p: of being applied.

    Raises:
        ValueError: if timm has no such policy.
    """

    def __init__(self, policy: str, side: int, p: float) -> None:
        super().__init__(p=p)
        # By the dimensions of an image.
        self.policies = {
            2: _timm_policy(policy, side, PAPER),
            3: _timm_policy(policy, side, (PAPER, PAPER, PAPER)),
        }

    def get_params(self) -> dict[str, int]:
        return {"seed": self.py_random.getrandbits(32)}

    def apply(self, img: np.ndarray, seed: int = 0, **_: Any) -> np.ndarray:
        with _global_generators(seed):
            return np.array(self.policies[img.ndim](Image.fromarray(img)))


def _timm_policy(
    policy: str, side: int, fill: int | tuple[int, int, int]
) -> ImagePolicy:
    """timm's policy of that text, which fills with paper: its own default is gray."""
    # Imported here: it brings torch, which the report needs for nothing else.
    from timm.data import auto_augment

    makers = {
        "rand": auto_augment.rand_augment_transform,
        "augmix": auto_augment.augment_and_mix_transform,
    }
    make = makers.get(policy.split("-")[0], auto_augment.auto_augment_transform)
    try:
        return make(
            policy, {"translate_const": round(0.45 * side), "img_mean": fill}
        )
    except AssertionError as error:
        raise ValueError(f"{policy!r}: {error}") from error


@contextlib.contextmanager
def _global_generators(seed: int) -> Iterator[None]:
    """Python's and numpy's own start from `seed`, and are as before afterwards."""
    before = random.getstate()
    arrays = np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(arrays)
