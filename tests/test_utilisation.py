"""Utilisation of GPUs by hand; what needs one is told apart by its name alone."""

import pytest
import torch
from torch import nn

from croquis.training.hardware import Hardware
from croquis.training.utilisation import PEAKS, cost_of, mfu, multiply_adds, peak


def test_multiply_adds_of_a_convolution_and_a_linear_layer() -> None:
    conv = nn.Conv2d(3, 8, 3, padding=1)
    model = nn.Sequential(conv, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    assert multiply_adds(model, 16) == 3 * 8 * 9 * 16 * 16 + 8 * 5
    assert conv.weight.device.type == "cpu"  # the network itself is left where it was


def test_utilisation_by_hand() -> None:
    # 100 pictures of 1 GMAC: .1 TMAC forward, six times as many operations with the way back.
    assert mfu(100, 10**9, 6e12) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Tesla V100-SXM2-32GB", 125e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA H200", 989e12),
        ("NVIDIA A10G", 70e12),
        ("NVIDIA A10", 125e12),
        ("NVIDIA L40S", 362e12),
        ("Some other GPU", None),
    ],
)
def test_gpus_are_known_by_a_part_of_their_name(name: str, known: float | None) -> None:
    assert peak(name) == known


def test_no_name_hides_behind_a_shorter_one() -> None:
    assert all(peak(name) == value for name, value in PEAKS.items())


def test_on_cpus_nothing_is_said() -> None:
    assert cost_of(nn.Flatten(), 8, Hardware(torch.device("cpu"), None, False, 0)) is None


def test_on_a_gpu_that_is_known_it_is_what_the_network_costs(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla V100-PCIE-16GB")
    gpu = Hardware(torch.device("cuda"), torch.float16, True, 2)
    assert cost_of(nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 10)), 8, gpu) == (1920, 125e12)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Graphics of tomorrow")
    assert cost_of(nn.Flatten(), 8, gpu) is None
