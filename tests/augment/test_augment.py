"""Augmentation is a function of (seed, epoch, id), and leaves white paper white."""

import doctest

import numpy as np
import pytest

from croquis.augment import augment as module
from croquis.augment.augment import PRESETS, Augment

NAMES = [f"train/cat/{number}.png" for number in range(24)]
NOISE = np.random.default_rng(0).integers(0, 255, (16, 16), np.uint8)


def drawn(
    preset: str, image: np.ndarray, seed: int = 0, epoch: int = 0
) -> np.ndarray:
    """The image as each of `NAMES`, (24, ...)."""
    augment = Augment(preset, seed)
    return np.stack([augment(image, epoch=epoch, name=name) for name in NAMES])


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    "image", [NOISE, np.stack([NOISE] * 3, axis=-1)], ids=["gray", "rgb"]
)
def test_shape_and_type_stay(preset: str, image: np.ndarray) -> None:
    images = drawn(preset, image)
    assert images.shape == (24, *image.shape) and images.dtype == np.uint8


@pytest.mark.parametrize("preset", PRESETS)
def test_the_same_seed_epoch_and_id_give_the_same_image(preset: str) -> None:
    np.testing.assert_array_equal(drawn(preset, NOISE), drawn(preset, NOISE))


def test_what_was_drawn_before_does_not_matter() -> None:
    augment = Augment("flips", 0)
    alone = Augment("flips", 0)(NOISE, epoch=3, name="b")
    augment(NOISE, epoch=3, name="a")
    np.testing.assert_array_equal(augment(NOISE, epoch=3, name="b"), alone)


@pytest.mark.parametrize("preset", ["flips", "course"])
def test_another_epoch_seed_or_id_gives_other_images(preset: str) -> None:
    first = drawn(preset, NOISE)
    for other in (drawn(preset, NOISE, epoch=1), drawn(preset, NOISE, seed=1)):
        changed = (first != other).any(axis=(1, 2))
        assert changed.sum() > 12  # of 24; a third may well come out alike
    assert len({image.tobytes() for image in first}) > 8


def test_none_hands_the_image_through() -> None:
    assert Augment("none", 0)(NOISE, epoch=0, name="a") is NOISE


@pytest.mark.parametrize("channels", [(), (3,)], ids=["gray", "rgb"])
def test_the_corners_of_a_turned_image_are_paper(channels: tuple[int, ...]) -> None:
    white = drawn("flips", np.full((16, 16, *channels), 255, np.uint8))
    assert white.min() == 255
    black = drawn("flips", np.zeros((16, 16, *channels), np.uint8))
    corners = black.reshape(24, 16, 16, -1)[:, 0, 0].min(axis=1)
    assert set(np.unique(corners)) >= {0, 255}  # turned or not, and never reflected
    assert black.reshape(24, -1).min(axis=1).max() == 0


def test_each_operation_draws_for_itself() -> None:
    """Started from one seed each, all acted or none: no image was flipped one way only."""
    flips = [
        v.tobytes() for v in (NOISE, NOISE[::-1], NOISE[:, ::-1], NOISE[::-1, ::-1])
    ]
    images = [
        image.tobytes()
        for epoch in range(20)
        for image in drawn("flips", NOISE, 0, epoch)
    ]
    counts = [
        images.count(flip) for flip in flips
    ]  # of 480, half of them turned: 60 each
    assert min(counts) > 35 and max(counts) < 85 and 180 < sum(counts) < 300


def test_course_never_turns_an_image_upside_down() -> None:
    top = np.full((16, 16), 255, np.uint8)
    top[1:4, 4:12] = 0
    rows = (255 - drawn("course", top).astype(float)).sum(axis=2) @ np.arange(16)
    ink = (255 - drawn("course", top).astype(float)).sum(axis=(1, 2))
    assert np.all(rows / ink < 7.5)


def test_the_example_of_the_docstring_holds() -> None:
    assert doctest.testmod(module) == (0, 3)
