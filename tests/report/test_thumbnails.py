"""Thumbnails inside the page."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from croquis.core.errors import InputError
from croquis.images.pixels import Pixels
from croquis.report.thumbnails import THUMB_SIDE, Thumbnails, data_uri
from croquis.tables.fold_tables import read_index


def decoded(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1])))


def test_a_small_gray_image_is_kept_exactly() -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    uri = data_uri(pixels)
    assert uri.startswith("data:image/png;base64,")
    np.testing.assert_array_equal(np.asarray(decoded(uri)), pixels)


@pytest.mark.parametrize("shape", [(500, 500), (500, 500, 3)])
def test_no_thumbnail_weighs_more_than_expected(shape: tuple[int, ...]) -> None:
    noise = np.random.default_rng(0).integers(
        0, 256, shape, dtype=np.uint8
    )  # the worst to pack
    uri = data_uri(noise)
    assert decoded(uri).size == (THUMB_SIDE, THUMB_SIDE) and len(uri) < 13_000


def test_thumbnails_can_be_smaller(drawn: Path) -> None:
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    (spot,) = Thumbnails(pixels, read_index(drawn / "index.csv"), 16).of(
        ["train/spot/5.png"]
    )
    assert decoded(spot.uri).size == (16, 16)


def test_images_are_found_by_id_not_by_position(drawn: Path) -> None:
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    thumbnails = Thumbnails(pixels, read_index(drawn / "index.csv"))
    spot, bar = thumbnails.of(["train/spot/5.png", "train/bar/0.png"])
    assert (spot.class_name, bar.class_name) == ("spot", "bar")
    np.testing.assert_array_equal(np.asarray(decoded(spot.uri)), pixels.array[5])
    with pytest.raises(InputError, match="nowhere"):
        thumbnails.of(["nowhere"])
