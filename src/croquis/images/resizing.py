"""Stored images at the size of a network, by the interpolation it was trained with. No torch."""

import numpy as np
from PIL import Image

# Names of timm's configs. Pillow widens each of them as the image shrinks, so that no stroke
# falls between the samples; OpenCV's do not.
FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
}


def resize(image: np.ndarray, side: int, interpolation: str) -> np.ndarray:
    """A square image at `side` pixels, (S, S) or (S, S, 3) uint8; as it is if it has that size.

    Args:
        image: as stored.
        side: never more than it has: models larger than prepare.image_size are refused.
        interpolation: a key of FILTERS.
    """
    if len(image) == side:
        return image
    small = Image.fromarray(image).resize((side, side), FILTERS[interpolation])
    return np.asarray(small)
