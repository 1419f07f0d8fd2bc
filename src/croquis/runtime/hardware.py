"""What this machine trains on: device, number format, threads; from the environment alone."""

import os
from dataclasses import dataclass

import torch

from croquis.core.cpu_count import cpu_count
from croquis.core.errors import InputError


@dataclass(frozen=True)
class Hardware:
    """Where and in which number format a network runs.

    Attributes:
        device: "cuda", "cpu" ...
        autocast: the narrow type for matrix products, or None for float32 throughout.
        scaled: whether gradients need a scaler, as float16 underflows.
        workers: processes that prepare batches beside the one that trains.
        compiled: whether torch.compile makes the network's step.
        deterministic: whether a GPU must repeat itself to the bit.
    """

    device: torch.device
    autocast: torch.dtype | None
    scaled: bool
    workers: int
    compiled: bool = False
    deterministic: bool = False

    def __str__(self) -> str:
        words = [
            str(self.device),
            str(self.autocast or torch.float32).removeprefix("torch."),
        ]
        words += [
            name for name in ("compiled", "deterministic") if getattr(self, name)
        ]
        return " ".join(words)


def hardware() -> Hardware:
    """The best this machine has: native bf16, fp16 with a scaler on V100s, float32 on CPUs.

    CROQUIS_DEVICE and CROQUIS_WORKERS override; CROQUIS_COMPILE=1 compiles, which takes minutes
    and pays on trainings of many; CROQUIS_DETERMINISTIC=1 makes a GPU repeat itself to the bit, as
    CPUs do anyway, where it otherwise tries kernels and keeps the fastest. On CPUs with AVX512-BF16
    small networks ran slower in bf16 than in float32 with channels last (151 to 160 images/s at
    96 px, 241 to 397 at 64 px, both `tf_efficientnet_lite0`), so CPUs stay with float32.
    """
    name = os.environ.get("CROQUIS_DEVICE") or (
        "cuda" if torch.cuda.is_available() else "cpu"
    )
    workers = _workers(name)
    compiled = os.environ.get("CROQUIS_COMPILE") == "1"
    if not os.environ.get("OMP_NUM_THREADS"):  # who sets it has counted the cores
        torch.set_num_threads(max(1, cpu_count() - workers))
    device = _device(name)
    if device.type != "cuda":
        return Hardware(device, None, False, workers, compiled)
    deterministic = os.environ.get("CROQUIS_DETERMINISTIC") == "1"
    torch.backends.cudnn.benchmark = not deterministic
    if deterministic:
        # cuBLAS reads this when it starts.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    # Without this argument Volta claims bf16 too, by slow emulation.
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    dtype = torch.bfloat16 if native else torch.float16
    return Hardware(device, dtype, not native, workers, compiled, deterministic)


def autocast(hardware: Hardware) -> torch.autocast:
    """The context in which the network runs in the hardware's number format."""
    enabled = hardware.autocast is not None
    dtype = hardware.autocast or torch.bfloat16
    return torch.autocast(hardware.device.type, dtype=dtype, enabled=enabled)


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # builds without CUDA assert
        raise InputError(
            "CROQUIS_DEVICE",
            expected="a device that this PyTorch can use",
            received=f"{name!r} ({str(error).splitlines()[0]})",
            fix="unset it, or correct it",
        ) from None
    return device


def _workers(device: str) -> int:
    """Worker processes: by default none on CPUs, where they take cores from the network itself."""
    number = os.environ.get("CROQUIS_WORKERS")
    if not number:
        return min(8, cpu_count() - 1) if device.startswith("cuda") else 0
    if not number.isdecimal():
        raise InputError(
            "CROQUIS_WORKERS",
            expected="a number of processes, 0 or more",
            received=repr(number),
            fix="unset it, or correct it",
        )
    return int(number)
