"""What this machine trains on: device, number format, threads. From the environment, never from params.yaml."""

import os
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Hardware:
    """Where and in which number format a network runs.

    Attributes:
        device: "cuda", "cpu" ...
        autocast: the narrow type for matrix products, or None for float32 throughout.
        scaled: whether gradients need a scaler, as float16 underflows.
        workers: processes that prepare batches beside the one that trains.
    """

    device: torch.device
    autocast: torch.dtype | None
    scaled: bool
    workers: int

    def __str__(self) -> str:
        return f"{self.device} {str(self.autocast or torch.float32).removeprefix('torch.')}"


def hardware() -> Hardware:
    """The best this machine has: bf16 where it is native, fp16 with a scaler on V100s, float32 on CPUs.

    CROQUIS_DEVICE and CROQUIS_WORKERS override. On CPUs with AVX512-BF16 small convolutional networks ran
    slower in bf16 than in float32 with channels last (151 to 160 images/s at 96 px, 241 to 397 at 64 px, both
    `tf_efficientnet_lite0`), so CPUs stay with float32.
    """
    name = os.environ.get("CROQUIS_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")
    workers = int(os.environ.get("CROQUIS_WORKERS", _spare_cores(name)))
    torch.set_num_threads(max(1, (os.cpu_count() or 1) - workers))
    if not name.startswith("cuda"):
        return Hardware(torch.device(name), None, False, workers)
    # Without this argument Volta claims bf16 too, by slow emulation.
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    dtype = torch.bfloat16 if native else torch.float16
    return Hardware(torch.device(name), dtype, not native, workers)


def _spare_cores(device: str) -> int:
    """Worker processes by default: none on CPUs, where they take cores from the network itself."""
    return min(8, (os.cpu_count() or 1) - 1) if device.startswith("cuda") else 0
