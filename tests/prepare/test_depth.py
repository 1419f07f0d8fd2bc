"""Deep pixels: 8 bits by the range that an image fills, and what has no range is refused."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from croquis.prepare.decoding import Unreadable, decode
from croquis.prepare.depth import to_eight_bits

TWELVE = np.array([[0, 1000, 4095]], np.uint16)  # 1000 * 255 / 4095 = 62.27


def coded(pixels: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def check(content: bytes, pixels: object, status: str) -> None:
    image = decode(content)
    assert image.status == status and image.pixels.dtype == np.uint8
    np.testing.assert_array_equal(image.pixels, pixels)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_twelve_bits_in_a_file_of_sixteen_are_not_nearly_black(kind: str) -> None:
    check(coded(TWELVE, kind), [[0, 62, 255]], "16-bit, read as 12-bit")


@pytest.mark.parametrize(
    ("most", "bits"),
    [
        (255, 8),
        (256, 10),
        (1023, 10),
        (1024, 12),
        (4096, 14),
        (16383, 14),
        (16384, 16),
    ],
)
def test_the_smallest_range_that_holds_the_values_counts(
    most: int, bits: int
) -> None:
    notes: list[str] = []
    image = to_eight_bits(Image.fromarray(np.array([[0, most]], np.uint16)), notes)
    assert notes == ["16-bit" if bits == 16 else f"16-bit, read as {bits}-bit"]
    assert np.asarray(image).tolist() == [[0, round(most * 255 / (2**bits - 1))]]


def test_colour_and_alpha_of_twelve_bits_keep_their_steps() -> None:
    """Of 1000 and 1010 Pillow's upper byte leaves 3 and 3."""
    colour = np.zeros((1, 2, 3), np.uint16)
    colour[0, :] = [[1000, 1010, 4095], [0, 0, 0]]  # blue, green, red
    check(cv2.imencode(".png", colour)[1].tobytes(), [[[255, 63, 62], [0] * 3]],
          "16-bit, read as 12-bit")  # fmt: skip
    check(cv2.imencode(".tiff", colour)[1].tobytes(), [[[255, 63, 62], [0] * 3]],
          "16-bit, read as 12-bit")  # fmt: skip
    clear = np.dstack([colour, np.array([[4095, 0]], np.uint16)])
    check(cv2.imencode(".png", clear)[1].tobytes(), [[[255, 63, 62], [255] * 3]],
          "16-bit, read as 12-bit; alpha on white")  # fmt: skip
    opaque = np.dstack([colour, np.full((1, 2), 65535, np.uint16)])
    check(cv2.imencode(".png", opaque)[1].tobytes(), [[[255, 63, 62], [0] * 3]],
          "16-bit, read as 12-bit")  # fmt: skip


def test_colour_of_sixteen_bits_and_dark_colour_of_eight_stay_as_they_were() -> (
    None
):
    bright = np.array([[[0x40FF, 0x4000, 0]]], np.uint16)
    check(cv2.imencode(".png", bright)[1].tobytes(), [[[0, 0x40, 0x40]]], "ok")
    dark = np.array([[[1, 2, 3]]], np.uint8)
    check(coded(dark, "PNG"), dark, "ok")


def test_floats_are_read_by_their_range() -> None:
    """They were all unreadable."""
    values = np.array([[0, 0.5, 1]], np.float32)
    check(coded(values, "TIFF"), [[0, 128, 255]], "floats, read as 0 to 1")
    check(coded(values * 255, "TIFF"), [[0, 128, 255]], "floats, read as 0 to 255")
    check(
        coded(values * 65535, "TIFF"), [[0, 128, 255]], "floats, read as 0 to 65535"
    )


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            np.array([[0, 70000]], np.int32),
            "pixels from 0 to 70000, not 0 to 65535",
        ),
        (np.array([[-5, 100]], np.int32), "pixels from -5 to 100, below 0"),
        (np.array([[-1, 1]], np.float32), "pixels from -1 to 1, below 0"),
        (
            np.array([[0, np.nan]], np.float32),
            "floating-point pixels with nan or inf",
        ),
        (
            np.array([[0, 1e9]], np.float32),
            "pixels from 0 to 1000000000, not 0 to 65535",
        ),
    ],
)
def test_values_of_no_known_range_are_unreadable(
    values: np.ndarray, reason: str
) -> None:
    with pytest.raises(Unreadable, match=reason):
        decode(coded(values, "TIFF"))


def test_a_mask_of_0_and_1_is_black_and_white() -> None:
    check(
        coded(np.array([[0, 1, 1]], np.uint8), "PNG"),
        [[0, 255, 255]],
        "8-bit, read as 1-bit",
    )
    for others in ([[0, 1, 2]], [[1, 1, 1]], [[0, 0, 0]]):
        check(coded(np.array(others, np.uint8), "PNG"), others, "ok")
