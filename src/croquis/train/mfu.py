"""How much of a GPU's arithmetic a training uses: its model FLOP utilisation (MFU).

Method: Chowdhery et al. 2022, "PaLM": the operations that the model needs, without those that
checkpointing repeats, over what the chip could do in the time.
"""

import copy
import warnings

import torch
from torch import nn

from croquis.networks.macs import Step, step_macs
from croquis.runtime.hardware import Hardware

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


def needed_macs(model: nn.Module, image_size: int) -> Step:
    """Multiply-adds that one image of a training step needs, by the parameters that train."""
    twin = copy.deepcopy(model).to("meta")
    if hasattr(twin, "set_grad_checkpointing"):
        twin.set_grad_checkpointing(False)  # what is computed twice is needed once
    return step_macs(twin, (3, image_size, image_size))


def peak(name: str) -> float | None:
    """Operations a second of a GPU by its name; None if it is not known."""
    return next((peak for part, peak in PEAKS.items() if part in name), None)


def mfu(images_per_second: float, needed: Step, peak: float) -> float:
    """The share of a GPU's peak that a training needs, 0 to 1; a multiply-add is two operations."""
    return images_per_second * 2 * sum(needed) / peak


def cost_of(
    model: nn.Module, image_size: int, hardware: Hardware
) -> tuple[Step, float] | None:
    """What an image needs, and the peak of this GPU; None on CPUs and on GPUs unknown.

    A network that cannot be counted trains all the same: a warning says why.
    """
    if hardware.device.type != "cuda" or hardware.autocast is None:
        return None
    known = peak(torch.cuda.get_device_name(hardware.device))
    if known is None:
        return None
    try:
        return needed_macs(model, image_size), known
    except Exception as error:  # of any network, in any way
        warnings.warn(f"no mfu: {type(error).__name__}: {error}", stacklevel=2)
        return None
