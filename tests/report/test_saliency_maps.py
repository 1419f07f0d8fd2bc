"""Maps over images."""

from pathlib import Path

import numpy as np
import pytest

from croquis.core.errors import InputError
from croquis.report.saliency_maps import overlay, read_saliency_maps
from support.leftovers import data_of, leave


def test_ink_is_red_for_the_guess_blue_for_the_label_gray_for_neither() -> None:
    image = np.zeros((90, 90), np.uint8)
    found = np.zeros((90, 90), np.int8)
    found[:, :30], found[:, 60:] = 127, -127
    made = overlay(image, found, side=90)
    assert made[45, 5].tolist() == [220, 38, 38] and made[45, 85].tolist() == [
        37,
        99,
        235,
    ]
    assert made[45, 45].tolist() == [205, 205, 205]


def test_paper_stays_white_whatever_the_map_says() -> None:
    paper = np.full((32, 32, 3), 255, np.uint8)
    assert (overlay(paper, np.full((16, 16), 127, np.int8)) == 255).all()


def test_an_image_without_a_map_has_none(drawn: Path) -> None:
    leave(drawn)
    looks, pixels = (
        read_saliency_maps(drawn / "saliency.npz"),
        data_of(drawn).pixels,
    )
    assert looks.member == "tiny"
    assert looks.uri("train/spot/2.png", pixels).startswith(
        "data:image/webp;base64,"
    )
    assert looks.uri("train/bar/0.png", pixels) == ""


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "saliency.npz", ids=np.array(["a"]))
    with pytest.raises(
        InputError, match=r"saliency\.npz: expected an \.npz with ids, maps, .*"
    ):
        read_saliency_maps(tmp_path / "saliency.npz")
