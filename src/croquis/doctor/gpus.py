"""Whether this build of PyTorch can use the GPUs of this machine."""

import warnings
from dataclasses import dataclass

from croquis.doctor.finding import Finding

# 2.14 is the last release line whose CUDA 12.6 builds have kernels for sm_70 (README, "GPUs").
VOLTA = (7, 0)
REINSTALL = (
    ".venv/.uv/bin/uv pip install --python .venv/bin/python --torch-backend {backend}"
    ' --reinstall-package torch --reinstall-package torchvision "torch=={torch}"'
    ' "torchvision=={torchvision}"'
)


@dataclass(frozen=True)
class Gpu:
    """One GPU that PyTorch sees: its name, compute capability, and memory in bytes."""

    name: str
    capability: tuple[int, int]
    memory: int

    def __str__(self) -> str:
        return f"{self.name}, {self.memory / 2**30:.0f} GB, sm_{''.join(map(str, self.capability))}"


@dataclass(frozen=True)
class Build:
    """What PyTorch is built for, and what it finds.

    Attributes:
        torch: its version.
        torchvision: its version.
        cuda: of the build; None: for CPUs alone.
        architectures: whose kernels it holds: sm_80, compute_90 ...
        gpus: that it can talk to.
        driver_sees: GPUs of the driver, by name, whether PyTorch can talk to them or not.
        native_bf16: without emulation.
    """

    torch: str
    torchvision: str
    cuda: str | None
    architectures: tuple[str, ...]
    gpus: tuple[Gpu, ...]
    driver_sees: tuple[str, ...]
    native_bf16: bool


def build_here() -> Build:
    """The build of PyTorch that is installed, and the GPUs of this machine."""
    from importlib.metadata import version

    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of what is said here in full
        usable = torch.cuda.is_available()
        seen = [
            torch.cuda.get_device_properties(k)
            for k in range(torch.cuda.device_count())
        ]
        return Build(
            torch=version("torch"),
            torchvision=version("torchvision"),
            cuda=torch.version.cuda,
            architectures=tuple(torch.cuda.get_arch_list()),
            gpus=tuple(
                Gpu(p.name, (p.major, p.minor), p.total_memory) for p in seen
            )
            if usable
            else (),
            driver_sees=_of_the_driver(),
            native_bf16=usable
            and torch.cuda.is_bf16_supported(including_emulation=False),
        )


def supported(capability: tuple[int, int], architectures: tuple[str, ...]) -> bool:
    """Whether kernels of a build run on a GPU.

    Machine code (sm_86) runs on its major version from its minor version on, and only there if it
    ends in a letter (sm_90a); PTX (compute_90) is translated for all that came later. Rules: CUDA
    C++ Programming Guide, "Binary Compatibility" and "PTX Compatibility".
    """
    major, minor = capability
    for name in architectures:
        kind, _, number = name.partition("_")
        if not number.isdecimal():  # with a letter: for that very architecture
            if number.rstrip("af") == f"{major}{minor}":
                return True
            continue
        lowest = int(number[:-1]), int(number[-1])
        if kind == "sm" and lowest[0] == major and lowest[1] <= minor:
            return True
        if kind == "compute" and lowest <= capability:
            return True
    return False


def gpu_findings(build: Build) -> list[Finding]:
    """What there is to say about GPUs, architectures and the number format."""
    if not build.gpus:
        return [_without(build)]
    without = [
        gpu
        for gpu in build.gpus
        if not supported(gpu.capability, build.architectures)
    ]
    if without:
        return [_no_kernels(gpu, build) for gpu in without]
    held = f"PyTorch {build.torch} for CUDA {build.cuda} has kernels for it"
    findings = [Finding("GPU", "ok", f"{gpu}; {held}") for gpu in build.gpus]
    if build.native_bf16:
        return [*findings, Finding("precision", "ok", "bf16, native")]
    said = "fp16 with a gradient scaler, as there is no native bf16"
    return [*findings, Finding("precision", "ok", said)]


def _without(build: Build) -> Finding:
    if not build.driver_sees:
        return Finding("GPU", "ok", "none; networks run on CPUs in float32")
    seen = ", ".join(build.driver_sees)
    if build.cuda is None:
        said = f"{seen}, but PyTorch {build.torch} is built for CPUs alone"
        return Finding("GPU", "warning", said, _reinstall(build, "auto"))
    said = f"{seen}, but PyTorch cannot talk to it: the driver is older than CUDA {build.cuda}"
    fix = "update the driver, or take a build that fits it: " + _reinstall(
        build, "auto"
    )
    return Finding("GPU", "problem", f"{said}, or the GPU is taken or hidden", fix)


def _no_kernels(gpu: Gpu, build: Build) -> Finding:
    said = (
        f"{gpu}, but PyTorch {build.torch} for CUDA {build.cuda} has no kernels for it"
        f" ({', '.join(build.architectures)}): trainings would die with `no kernel image is"
        " available`"
    )
    backend = "cu126" if gpu.capability <= VOLTA else "auto"
    return Finding("GPU", "problem", said, _reinstall(build, backend))


def _reinstall(build: Build, backend: str) -> str:
    return REINSTALL.format(
        backend=backend,
        torch=build.torch.split("+")[0],
        torchvision=build.torchvision.split("+")[0],
    )


def _of_the_driver() -> tuple[str, ...]:
    """Names of the GPUs that NVIDIA's driver knows; none without a driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    handles = map(
        pynvml.nvmlDeviceGetHandleByIndex, range(pynvml.nvmlDeviceGetCount())
    )
    return tuple(map(str, map(pynvml.nvmlDeviceGetName, handles)))
