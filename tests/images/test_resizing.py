"""Images at a network's size: the right filter, widened so that no stroke is lost."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from croquis.images.pixels import Pixels
from croquis.images.resizing import FILTERS, resize
from croquis.recipes.probe_recipes import EmbedParams
from croquis.runtime.hardware import Hardware
from croquis.serving import inference
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.samples import FoldData
from croquis.train import fine_tuning

BILINEAR = "resnext101_32x32d.fb_wsl_ig1b_ft_in1k"


def test_an_image_of_that_size_is_handed_through() -> None:
    image = np.zeros((8, 8), np.uint8)
    assert resize(image, 8, "bicubic") is image


def test_every_filter_of_timms_configs_is_known() -> None:
    names = {
        timm.get_pretrained_cfg(name).interpolation
        for name in timm.list_pretrained()
    }
    assert names == set(FILTERS)


def test_a_bilinear_half_by_hand() -> None:
    """Widened by two, a triangle weighs the four rows about each new one 1, 3, 3 and 1 eighths."""
    rows = np.array([0, 8, 16, 80, 160, 240, 0, 0], np.uint8)
    sheet = np.repeat(rows[:, None], 8, axis=1)
    resized = resize(sheet, 4, "bilinear")[:, 0]
    assert (
        resized[1] == (8 + 3 * 16 + 3 * 80 + 160) / 8
        and resized[2] == (80 + 480 + 720) / 8
    )


@pytest.mark.parametrize("interpolation", FILTERS)
@pytest.mark.parametrize("channels", [(), (3,)], ids=["gray", "rgb"])
def test_a_thin_stroke_keeps_its_ink_wherever_it_lies(
    interpolation: str, channels: tuple[int, ...]
) -> None:
    """Without antialias a line of one pixel would vanish between two samples of four."""
    ink = []
    for row in range(60, 64):
        sheet = np.full((128, 128, *channels), 255, np.uint8)
        sheet[row] = 0
        resized = resize(sheet, 32, interpolation)
        assert resized.shape == (32, 32, *channels) and resized.dtype == np.uint8
        ink.append((255 - resized.astype(int)).sum() / resized[0].size / 255)
    assert ink == pytest.approx(
        [0.25] * 4, abs=0.04
    )  # one row of 128 is a quarter of one of 32


def test_training_and_serving_shrink_by_the_filter_of_the_networks_config(
    drawn: Path, recipe
) -> None:
    """Both averaged over areas. 32 px drawings at 24 px, for the one network that is bilinear."""
    data = FoldData.of(
        0, read_folds(drawn / "folds.csv"), read_index(drawn / "index.csv")
    )
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    settings = recipe(backbone=BILINEAR, image_size=24)
    machine = Hardware(torch.device("cpu"), None, False, 0)
    trained = fine_tuning._StoredImages(pixels, settings, machine).dataset(
        data.test
    )
    embed = EmbedParams(
        backbone=BILINEAR, pretrained=False, image_size=24, views=["identity"]
    )
    sheets = np.asarray(pixels.array[-3:])
    for source in (
        trained,
        inference._images(sheets, settings),
        inference._images(sheets, embed),
    ):
        for image, sheet in zip(
            source[0, np.arange(3)].images.numpy(), sheets, strict=True
        ):
            np.testing.assert_array_equal(image, resize(sheet, 24, "bilinear"))
