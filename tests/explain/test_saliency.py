"""Where a network looked, by networks whose answer is known."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from croquis.backbones.backbones import Statistics
from croquis.explain.saliency import SaliencyMaps, as_int8, occlusion_maps
from croquis.runtime.hardware import Hardware

CPU = Hardware(torch.device("cpu"), None, False, 0)


class Halves(nn.Module):
    """Two logits: how dark the left half is, and how dark the right one."""

    input_statistics = Statistics((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        ink = (1 - images).sum(dim=(1, 2))  # (B, S): by column
        half = ink.shape[1] // 2
        return torch.stack([ink[:, :half].sum(1), ink[:, half:].sum(1)], dim=1)


def looked(images: np.ndarray) -> np.ndarray:
    guesses, labels = np.zeros(len(images), int), np.ones(len(images), int)
    return occlusion_maps(
        Halves(), images, guesses=guesses, labels=labels, hardware=CPU
    )


def test_ink_on_the_left_speaks_for_the_guess_and_on_the_right_for_the_label() -> (
    None
):
    sheet = np.full((1, 20, 20), 255, np.uint8)
    sheet[0, 8:12, 3:5] = sheet[0, 8:12, 15:17] = 0
    (map_of,) = looked(sheet)
    assert map_of.shape == (20, 20)
    assert map_of[9, 3] > 0 > map_of[9, 16]
    np.testing.assert_allclose(map_of, -map_of[:, ::-1], atol=1e-5)


def test_white_paper_speaks_for_nothing() -> None:
    assert not looked(np.full((2, 20, 20, 3), 255, np.uint8)).any()


def test_a_window_that_holds_all_the_ink_takes_all_of_it_away() -> None:
    """One black pixel, windows of 4 in steps of 2: each that covers it loses 3 channels of 1."""
    sheet = np.full((1, 20, 20), 255, np.uint8)
    sheet[0, 10, 4] = 0
    (map_of,) = looked(sheet)
    assert np.isclose(map_of.max(), 3) and np.isclose(map_of[10, 4], 3)
    assert not map_of[:, 10:].any()


def test_maps_are_scaled_by_their_own_strongest_pixel() -> None:
    maps = np.array([[[0.5, -0.25]], [[0.0, 0.0]], [[-3.0, 3.0]]])
    assert as_int8(maps).tolist() == [[[127, -64]], [[0, 0]], [[-127, 127]]]


def test_maps_are_saved_without_pickles(tmp_path: Path) -> None:
    maps = SaliencyMaps(np.array(["a"]), np.zeros((1, 4, 4), np.int8), "tiny")
    maps.save(tmp_path / "saliency.npz")
    with np.load(tmp_path / "saliency.npz", allow_pickle=False) as file:
        assert file["ids"].tolist() == ["a"] and str(file["member"]) == "tiny"
