"""Training images that show what a class is."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from croquis.demo.examples import Examples, small
from croquis.serving.sheets import from_base64


def opened(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(from_base64(url, "it"))))


def test_examples_are_the_first_training_images_of_the_class(drawn: Path) -> None:
    pixels = np.load(drawn / "pixels.npy")
    urls = Examples(drawn / "index.csv", drawn / "pixels.npy", count=2).of(1)
    np.testing.assert_array_equal([opened(url) for url in urls], pixels[[1, 4]])


def test_turned_copies_are_shown_once(drawn: Path) -> None:
    """Images 1 and 4 of class 1 get one digest, as an image and its mirror image have."""
    text = (drawn / "index.csv").read_text().replace(f"{4:032x}", f"{1:032x}")
    (drawn / "index.csv").write_text(text)
    pixels = np.load(drawn / "pixels.npy")
    urls = Examples(drawn / "index.csv", drawn / "pixels.npy", count=2).of(1)
    np.testing.assert_array_equal([opened(url) for url in urls], pixels[[1, 7]])


def test_a_class_with_few_images_shows_those(drawn: Path) -> None:
    assert (
        len(Examples(drawn / "index.csv", drawn / "pixels.npy", count=9).of(2)) == 4
    )


def test_images_are_made_small_and_never_large() -> None:
    assert small(np.zeros((300, 300, 3), np.uint8), 96).shape == (96, 96, 3)
    assert small(np.zeros((32, 32), np.uint8), 96).shape == (32, 32)
