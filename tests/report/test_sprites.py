"""Sheets of small images."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from croquis.images.pixels import Pixels
from croquis.report.sprites import (
    COLUMNS,
    PER_SHEET,
    SIDE,
    shrink,
    sprite_sheet,
    write_sheets,
)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_images_stand_in_rows_on_white_paper(channels: tuple[int, ...]) -> None:
    images = [
        np.full((SIDE, SIDE, *channels), shade, np.uint8)
        for shade in range(COLUMNS + 1)
    ]
    made = sprite_sheet(images)
    assert made.shape == (2 * SIDE, COLUMNS * SIDE, *channels)
    assert (made[:SIDE, SIDE : 2 * SIDE] == 1).all()
    assert (made[SIDE:, :SIDE] == COLUMNS).all() and (
        made[SIDE:, SIDE:] == 255
    ).all()


def test_a_thin_stroke_stays_when_it_is_made_small() -> None:
    image = np.full((8 * SIDE, 8 * SIDE), 255, np.uint8)
    image[:, 3] = 0  # one pixel of eight
    assert shrink(image)[:, 0].tolist() == [223] * SIDE  # 255 * 7 / 8


def test_sheets_hold_so_many_and_the_last_one_the_rest(tmp_path: Path) -> None:
    count = PER_SHEET + 1
    array = np.zeros((count, 16, 16), np.uint8)
    ids = [str(row) for row in range(count)]
    write_sheets(tmp_path, "wrong", Pixels(pd.Index(ids), array), ids)
    for number, height in enumerate([PER_SHEET // COLUMNS * SIDE, SIDE]):
        with Image.open(tmp_path / f"wrong-{number}.webp") as made:
            assert made.size == (COLUMNS * SIDE, height)
    assert len(list(tmp_path.iterdir())) == 2


def test_no_image_no_sheet(tmp_path: Path) -> None:
    write_sheets(
        tmp_path,
        "wrong",
        Pixels(pd.Index(["a"]), np.zeros((1, 16, 16), np.uint8)),
        [],
    )
    assert not list(tmp_path.iterdir())
