"""How much of a GPU's arithmetic a training uses: its model FLOP utilisation (MFU).

Method: Chowdhery et al. 2022, "PaLM": the operations that the model needs, without those that
checkpointing repeats, over what the chip could do in the time.
"""

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from croquis.training.hardware import Hardware

# Dense operations a second in 16 bits, by a part of the name; NVIDIA's datasheets. Longest first.
PEAKS = {
    "RTX 4090": 165e12,
    "RTX 3090": 71e12,
    "H200": 989e12,
    "H100": 989e12,
    "A100": 312e12,
    "V100": 125e12,
    "L40S": 362e12,
    "A10G": 70e12,
    "A10": 125e12,
    "L4": 121e12,
    "T4": 65e12,
}


def multiply_adds(model: nn.Module, image_size: int) -> int:
    """Those of one picture going forward; counted on the meta device, where nothing is computed."""
    twin = copy.deepcopy(model).to("meta").eval()
    picture = torch.empty(1, 3, image_size, image_size, device="meta")
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        twin(picture)
    return counter.get_total_flops() // 2


def peak(name: str) -> float | None:
    """Operations a second of a GPU by its name; None if it is not known."""
    return next((peak for part, peak in PEAKS.items() if part in name), None)


def mfu(images_per_second: float, macs: int, peak: float) -> float:
    """The share of a GPU's peak that a training needs, 0 to 1.

    A multiply-add is two operations, and a backward pass costs two forward ones: an upper bound
    where parts are frozen, whose weights need no gradients.
    """
    return images_per_second * macs * 2 * 3 / peak


def cost_of(model: nn.Module, image_size: int, hardware: Hardware) -> tuple[int, float] | None:
    """Multiply-adds of a picture and the peak of this GPU; None on CPUs and on GPUs unknown."""
    if hardware.device.type != "cuda" or hardware.autocast is None:
        return None
    known = peak(torch.cuda.get_device_name(hardware.device))
    return None if known is None else (multiply_adds(model, image_size), known)
