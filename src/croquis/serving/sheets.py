"""From the bytes of a stranger's image to the sheet that `prepare` would have stored."""

import base64
import io

import numpy as np
from PIL import Image

from croquis.core.errors import InputError
from croquis.prepare.decoding import Fit
from croquis.prepare.opening import TooLarge, Unreadable
from croquis.serving.decoding_process import DECODING
from croquis.serving.decoding_worker import SheetShape

MAX_BYTES = 8 * 2**20  # a phone's photograph has 2 to 6 MB


def prepare_sheet(
    content: bytes, *, side: int, fit: Fit, gray: bool, where: object
) -> np.ndarray:
    """The image in a file's bytes as `prepare` stores it; (side, side), or (side, side, 3).

    Args:
        content: of a file in one of `opening.FORMATS`.
        side: `prepare.image_size`.
        fit: `prepare.fit`.
        gray: whether the training images are stored so; a coloured image gives its luminance.
        where: what the error calls the image.

    Raises:
        InputError: if it is no image, or larger than MAX_BYTES, or beyond the limits of
            `decoding_worker` in size, memory or time.
    """
    check_size(len(content), where)
    try:
        return DECODING.decode(content, SheetShape(side, fit, gray))
    except TooLarge as error:
        raise InputError(
            where,
            expected=error.expected,
            received=error.received,
            fix="make it smaller",
        ) from error
    except Unreadable as error:
        reason = str(error).partition("; save")[
            0
        ]  # what to do with files on a disk
        fix = "send it as PNG or JPEG"
        raise InputError(
            where, expected="an image", received=reason, fix=fix
        ) from error


def from_base64(text: str, where: object) -> bytes:
    """A file's bytes from base64, with or without line breaks or the head of a data URL.

    Text alone, never a path or an address: a server must not open what a stranger names.

    Raises:
        InputError: if it is not base64, or too long to be looked at.
    """
    check_size(len(text) * 3 // 4, where)
    body = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except ValueError as error:
        fix = "encode the file's bytes, as `base64 < image.png` does"
        received = f"{text[:20]!r} ({error})"
        raise InputError(
            where, expected="base64", received=received, fix=fix
        ) from error


def png(image: Image.Image) -> bytes:
    """An image as the bytes of a PNG file, which loses nothing."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def data_url(pixels: np.ndarray) -> str:
    """An image as an address that holds it whole."""
    return f"data:image/png;base64,{base64.b64encode(png(Image.fromarray(pixels))).decode()}"


def check_size(count: int, where: object) -> None:
    """Raises InputError if a file of `count` bytes is too big to be looked at."""
    if count > MAX_BYTES:
        received = f"{count / 2**20:.0f} MB"
        expected = f"an image of at most {MAX_BYTES / 2**20:.0f} MB"
        raise InputError(
            where, expected=expected, received=received, fix="make it smaller"
        )
