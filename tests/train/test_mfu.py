"""MFU by hand; a GPU is only a name here."""

import pytest
import torch
from torch import nn

from croquis.networks.macs import Step
from croquis.runtime.hardware import Hardware
from croquis.train.mfu import PEAKS, cost_of, mfu, needed_macs, peak

GPU = Hardware(torch.device("cuda"), torch.float16, True, 2)


def test_a_step_needs_what_its_trainable_parts_need() -> None:
    conv = nn.Conv2d(3, 8, 3, padding=1)
    model = nn.Sequential(
        conv, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)
    )
    convolution, linear = 3 * 8 * 9 * 16 * 16, 8 * 5
    # The image itself needs no gradient, so the first layer goes back once.
    assert needed_macs(model, 16) == (
        convolution + linear,
        convolution + 2 * linear,
    )
    assert (
        conv.weight.device.type == "cpu"
    )  # the network itself is left where it was
    conv.requires_grad_(False)
    assert needed_macs(model, 16) == (convolution + linear, linear)


def test_mfu_by_hand() -> None:
    # 100 images of 1 GMAC forward and 2 back, two operations each: .6 of 1 TFLOP/s.
    assert mfu(100, Step(10**9, 2 * 10**9), 1e12) == pytest.approx(0.6)
    # The same with a frozen backbone: it was three times too high.
    assert mfu(100, Step(10**9, 0), 1e12) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("name", "operations"),
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
def test_a_part_of_a_gpus_name_says_its_peak(
    name: str, operations: float | None
) -> None:
    assert peak(name) == operations


def test_no_name_hides_behind_a_shorter_one() -> None:
    assert all(peak(name) == value for name, value in PEAKS.items())


def test_on_cpus_nothing_is_said() -> None:
    assert (
        cost_of(nn.Flatten(), 8, Hardware(torch.device("cpu"), None, False, 0))
        is None
    )


def test_on_a_gpu_that_is_known_it_is_what_the_network_costs(monkeypatch) -> None:
    monkeypatch.setattr(
        torch.cuda, "get_device_name", lambda device: "Tesla V100-PCIE-16GB"
    )
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 10))
    assert cost_of(model, 8, GPU) == ((1920, 1920), 125e12)
    monkeypatch.setattr(
        torch.cuda, "get_device_name", lambda device: "Graphics of tomorrow"
    )
    assert cost_of(nn.Flatten(), 8, GPU) is None


def test_a_network_that_cannot_be_counted_trains_all_the_same(monkeypatch) -> None:
    """On a GPU each network with an attention pool ended at its first step."""

    class Odd(nn.Linear):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            raise AttributeError("no next_functions")

    monkeypatch.setattr(
        torch.cuda, "get_device_name", lambda device: "Tesla V100-PCIE-16GB"
    )
    with pytest.warns(
        UserWarning, match="no mfu: AttributeError: no next_functions"
    ):
        assert cost_of(Odd(1, 1), 8, GPU) is None
