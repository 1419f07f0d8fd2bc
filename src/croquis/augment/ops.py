"""Single augmentations for drawings: white paper, and strengths as shares of the side.

Each public function of this module is an operation, under its own name: it gives an
albumentations transform for images of `side` pixels. A strength in pixels would mean something
else at every size. Black corners and frames would be ink that nobody drew.

**A new operation is one function here, and nothing else.** Its keywords with their defaults are
the settings in params.yaml (`augment.ops.<name>`). `croquis` checks them before any work, and the
report states them. `tests/augment/test_ops.py` runs it on gray and colour.

**What it retrains.** This folder is a dependency of `train` and of `report`, so any edit of it
makes every model stale, even an operation that no model uses. Who knows that no result changes
tells DVC so, without running anything:

    dvc commit -f    # takes the code as it is for the outputs as they are
"""

import inspect
from collections.abc import Callable, Sequence

import cv2

from croquis.augment.op_classes import (
    PAPER,
    A,
    Closing,
    Edges,
    Laplacian,
    Offset,
    Policy,
    TimmPolicy,
)

# Three values, as a single one fills but the first channel of a remapped RGB image.
_WHITE = (PAPER, PAPER, PAPER)
_BORDER = cv2.BORDER_CONSTANT  # what comes in from outside is of one colour
Range = Sequence[float]
# Uniform noise has a deviation of 1 / sqrt(3), a Gaussian of sigma pixels leaves 1 / (sigma
# sqrt(4 pi)) of it: alpha moves each pixel by .163 alpha / sigma pixels per axis (rms). With the
# settings of three teams that is 1.2, .8 and .03 pixels, nearly nothing.
_ELASTIC = 0.163


def hflip(side: int, *, p: float = 0.5) -> A.BasicTransform:
    """Left and right change places."""
    return A.HorizontalFlip(p=p)


def vflip(side: int, *, p: float = 0.5) -> A.BasicTransform:
    """Top and bottom change places."""
    return A.VerticalFlip(p=p)


def turn(side: int, *, degrees: float = 15, p: float = 0.5) -> A.BasicTransform:
    """Turned by at most `degrees` either way."""
    return A.Rotate(limit=degrees, p=p, fill=_WHITE, border_mode=_BORDER)


def tone(side: int, *, limit: float = 0.2, p: float = 0.2) -> A.BasicTransform:
    """Brightness and contrast changed by at most `limit`."""
    return A.RandomBrightnessContrast(
        brightness_limit=limit, contrast_limit=limit, p=p
    )


def affine(
    side: int,
    *,
    scale: Range = (0.8, 1.2),
    shift: float = 0.1,
    degrees: float = 0,
    shear: float = 10,
    p: float = 0.5,
) -> A.BasicTransform:
    """Scaled, shifted by at most a share of the side, turned and sheared."""
    return A.Affine(
        scale=tuple(scale),
        translate_percent=(-shift, shift),
        rotate=(-degrees, degrees),
        shear=(-shear, shear),
        p=p,
        fill=_WHITE,
        border_mode=_BORDER,
    )


def offset(side: int, *, p: float = 0.5) -> A.BasicTransform:
    """The ink somewhere else on its sheet, all of it; `affine` may push a part over the edge."""
    return Offset(p=p)


def crop(side: int, *, least: float = 0.35, p: float = 1.0) -> A.BasicTransform:
    """A part of the area, at least `least`, enlarged: .08, a usual value, would cut off meaning."""
    return A.RandomResizedCrop(size=(side, side), scale=(least, 1.0), p=p)


def elastic(
    side: int, *, shift: float = 0.01, smooth: float = 0.06, p: float = 0.5
) -> A.BasicTransform:
    """Waves: pixels move by `shift` of the side per axis (rms), alike within `smooth` of it."""
    sigma = max(1.0, smooth * side)
    alpha = shift * side * sigma / _ELASTIC
    return A.ElasticTransform(
        alpha,
        sigma,
        noise_distribution="uniform",
        p=p,
        fill=_WHITE,
        border_mode=_BORDER,
    )


def grid(
    side: int, *, steps: int = 5, limit: float = 0.3, p: float = 0.5
) -> A.BasicTransform:
    """Rows and columns of a grid stretched and squeezed."""
    return A.GridDistortion(
        num_steps=steps, distort_limit=limit, p=p, fill=_WHITE, border_mode=_BORDER
    )


def shuffle(side: int, *, cells: int = 3, p: float = 0.1) -> A.BasicTransform:
    """The cells of a grid change places."""
    return A.RandomGridShuffle(grid=(cells, cells), p=p)


def thicken(side: int, *, width: float = 0.02, p: float = 0.3) -> A.BasicTransform:
    """Strokes grow by `width` of the side: the darkest of a neighbourhood wins."""
    return A.Morphological(
        scale=_pixels(width, side, least=2), operation="erosion", p=p
    )


def thin(side: int, *, width: float = 0.02, p: float = 0.3) -> A.BasicTransform:
    """Strokes shrink by `width` of the side: the lightest of a neighbourhood wins."""
    return A.Morphological(
        scale=_pixels(width, side, least=2), operation="dilation", p=p
    )


def closing(side: int, *, width: float = 0.01, p: float = 0.3) -> A.BasicTransform:
    """Lines of up to `width` of the side vanish, the others stay as they are."""
    return Closing(_pixels(width, side, least=2), p=p)


def blur(side: int, *, sigma: float = 0.01, p: float = 0.3) -> A.BasicTransform:
    """A Gaussian of at most `sigma` of the side."""
    return A.GaussianBlur(
        blur_limit=0, sigma_limit=(0.1, max(0.2, sigma * side)), p=p
    )


def motion_blur(
    side: int, *, length: float = 0.05, p: float = 0.3
) -> A.BasicTransform:
    """Smeared along a line of at most `length` of the side."""
    return A.MotionBlur(
        blur_limit=(3, max(3, _pixels(length, side, least=3) | 1)), p=p
    )


def noise(side: int, *, sd: float = 0.05, p: float = 0.3) -> A.BasicTransform:
    """Gaussian noise of at most `sd` of the range of gray."""
    return A.GaussNoise(std_range=(sd / 4, sd), p=p)


def cutout(
    side: int, *, holes: int = 8, size: float = 0.12, p: float = 0.5
) -> A.BasicTransform:
    """At most so many white squares of at most `size` of the side."""
    return A.CoarseDropout(
        num_holes_range=(1, holes),
        hole_height_range=(size / 2, size),
        hole_width_range=(size / 2, size),
        fill=PAPER,
        p=p,
    )


def clahe(side: int, *, clip: float = 2.0, p: float = 0.3) -> A.BasicTransform:
    """Local contrast, in tiles of an eighth of the side."""
    return A.CLAHE(clip_limit=(1.0, max(1.0, clip)), tile_grid_size=(8, 8), p=p)


def unsharp(
    side: int, *, alpha: float = 0.5, size: float = 0.05, p: float = 0.3
) -> A.BasicTransform:
    """Edges raised by at most `alpha` over a blur of windows of at most `size` of the side."""
    widest = max(3, _pixels(size, side, least=3) | 1)
    return A.UnsharpMask(blur_limit=(3, widest), alpha=(alpha / 4, alpha), p=p)


def sharpen(side: int, *, alpha: float = 0.3, p: float = 0.3) -> A.BasicTransform:
    """Mixed with a sharpened copy by at most `alpha`."""
    return A.Sharpen(alpha=(alpha / 3, alpha), lightness=(1.0, 1.0), p=p)


def emboss(side: int, *, alpha: float = 0.3, p: float = 0.3) -> A.BasicTransform:
    """Mixed with a relief by at most `alpha`."""
    return A.Emboss(alpha=(alpha / 3, alpha), p=p)


def invert(side: int, *, p: float = 0.1) -> A.BasicTransform:
    """White on black."""
    return A.InvertImg(p=p)


def canny(
    side: int, *, low: float = 100, high: float = 200, p: float = 0.3
) -> A.BasicTransform:
    """Edges alone, black on white."""
    return Edges(low, high, p=p)


def laplacian(side: int, *, share: float = 0.3, p: float = 0.3) -> A.BasicTransform:
    """Mixed with its edges, black on white, by `share`."""
    return Laplacian(share, p=p)


def rand(
    side: int, *, count: int = 2, magnitude: int = 9, p: float = 1.0
) -> A.BasicTransform:
    """RandAugment (Cubuk et al. 2019, arXiv:1909.13719) by torchvision."""
    from torchvision.transforms import InterpolationMode, RandAugment

    smooth = InterpolationMode.BILINEAR
    return Policy(
        RandAugment(count, magnitude, interpolation=smooth, fill=[PAPER]), p=p
    )


def auto(side: int, *, p: float = 1.0) -> A.BasicTransform:
    """AutoAugment's policy for ImageNet (Cubuk et al. 2018, arXiv:1805.09501) by torchvision."""
    from torchvision.transforms import AutoAugment, InterpolationMode

    return Policy(
        AutoAugment(interpolation=InterpolationMode.BILINEAR, fill=[PAPER]), p=p
    )


def trivial(side: int, *, p: float = 1.0) -> A.BasicTransform:
    """TrivialAugmentWide (Müller and Hutter 2021, arXiv:2103.10158) by torchvision."""
    from torchvision.transforms import InterpolationMode, TrivialAugmentWide

    smooth = InterpolationMode.BILINEAR
    return Policy(TrivialAugmentWide(interpolation=smooth, fill=[PAPER]), p=p)


def timm(
    side: int, *, policy: str = "rand-m9-mstd0.5-inc1", p: float = 1.0
) -> A.BasicTransform:
    """A policy by timm's own text: rand-..., augmix-..., original..., v0..."""
    return TimmPolicy(policy, side, p=p)


def _pixels(share: float, side: int, *, least: int) -> int:
    return max(least, round(share * side))


Op = Callable[..., A.BasicTransform]
# Every public function above, by its name, in the order in which it stands there.
OPS: dict[str, Op] = {
    name: member
    for name, member in list(globals().items())
    if inspect.isfunction(member)
    and member.__module__ == __name__
    and not name.startswith("_")
}
