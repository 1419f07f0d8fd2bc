"""The MFU of a training: the share of a GPU's arithmetic that its model needs.

Method: Chowdhery et al. 2022, "PaLM": the operations that the model needs, without those that
checkpointing repeats, over what the chip could do in the time.
"""

import copy
import warnings

import torch

from croquis.backbones.backbones import Network
from croquis.networks.macs import Step, step_macs
from croquis.runtime.hardware import Hardware

# Dense operations a second in 16 bits, by a part of the name; NVIDIA's datasheets. "A10G" comes
# before "A10", which is a part of it.
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


def needed_macs(model: Network, image_size: int) -> Step:
    """Multiply-adds that one image of a training step needs, by the parameters that train.

    Args:
        model: stays as it is.
        image_size: pixels a side.
    """
    on_meta = copy.deepcopy(model).to("meta")
    if hasattr(on_meta, "set_grad_checkpointing"):
        on_meta.set_grad_checkpointing(
            False
        )  # what is computed twice is needed once
    return step_macs(on_meta, (3, image_size, image_size))


def peak(name: str) -> float | None:
    """Operations a second of a GPU by its name; None if `PEAKS` has no such name."""
    return next((peak for part, peak in PEAKS.items() if part in name), None)


def mfu(images_per_second: float, needed: Step, peak: float) -> float:
    """The share of a GPU's peak that a training needs, 0 to 1; a multiply-add is two operations."""
    return images_per_second * 2 * sum(needed) / peak


def cost_of(
    model: Network, image_size: int, hardware: Hardware
) -> tuple[Step, float] | None:
    """What an image needs, and the peak of this GPU: the arguments of `mfu` after the first.

    None on CPUs and on GPUs that `PEAKS` does not name. A network that cannot be counted trains
    all the same: a warning says why.

    Args:
        model: stays as it is.
        image_size: pixels a side.
        hardware: what it trains on.
    """
    if hardware.device.type != "cuda" or hardware.autocast is None:
        return None
    operations = peak(torch.cuda.get_device_name(hardware.device))
    if operations is None:
        return None
    try:
        return needed_macs(model, image_size), operations
    except Exception as error:  # of any network, in any way
        warnings.warn(f"no mfu: {type(error).__name__}: {error}", stacklevel=2)
        return None
