"""GPUs and the builds of PyTorch, with machines that are made up."""

from dataclasses import replace

import pytest

from croquis.doctor.gpus import Build, Gpu, build_here, gpu_findings, supported

V100 = Gpu("Tesla V100-SXM2-32GB", (7, 0), 32 * 2**30)
H100 = Gpu("NVIDIA H100", (9, 0), 80 * 2**30)
# What the wheels of torch 2.14 hold.
CUDA_13 = ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120", "compute_120")
CUDA_126 = ("sm_50", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90")
DEFAULT = Build("2.14.1+cu130", "0.29.2+cu130", "13.0", CUDA_13, (), (), True)


def on(*gpus: Gpu, **changes: object) -> Build:
    names = tuple(gpu.name for gpu in gpus)
    return replace(DEFAULT, **{"gpus": gpus, "driver_sees": names} | changes)


def test_a_v100_under_a_build_for_cuda_13_is_a_problem_with_its_fix() -> None:
    (finding,) = gpu_findings(on(V100, native_bf16=False))
    assert finding.state == "problem"
    assert (
        "Tesla V100-SXM2-32GB, 32 GB, sm_70, but PyTorch 2.14.1+cu130 for CUDA 13.0"
        in finding.says
    )
    assert "no kernel image is available" in finding.says
    assert "--torch-backend cu126" in finding.fix
    assert '"torch==2.14.1" "torchvision==0.29.2"' in finding.fix


def test_a_v100_under_its_own_build_trains_in_fp16() -> None:
    gpu, precision = gpu_findings(
        on(V100, architectures=CUDA_126, native_bf16=False)
    )
    assert gpu.state == precision.state == "ok"
    assert precision.says.startswith("fp16 with a gradient scaler")


def test_an_h100_trains_in_bf16() -> None:
    gpu, precision = gpu_findings(on(H100))
    assert gpu.state == "ok" and gpu.says.startswith(
        "NVIDIA H100, 80 GB, sm_90; PyTorch 2.14.1"
    )
    assert precision.says == "bf16, native"


def test_of_two_gpus_the_one_without_kernels_is_named() -> None:
    (finding,) = gpu_findings(on(H100, V100))
    assert finding.state == "problem" and finding.says.startswith("Tesla V100")


def test_a_newer_gpu_than_the_build_is_told_to_take_the_build_of_its_driver() -> (
    None
):
    (finding,) = gpu_findings(
        on(Gpu("Next", (13, 0), 2**30), architectures=("sm_90",))
    )
    assert finding.state == "problem" and "--torch-backend auto" in finding.fix


def test_no_gpu_is_fine() -> None:
    (finding,) = gpu_findings(on())
    assert finding.state == "ok" and "CPUs in float32" in finding.says


def test_a_gpu_that_a_cpu_build_cannot_use_is_a_warning() -> None:
    (finding,) = gpu_findings(
        on(driver_sees=("NVIDIA H100",), cuda=None, torch="2.14.1+cpu")
    )
    assert finding.state == "warning" and "built for CPUs alone" in finding.says
    assert '"torch==2.14.1"' in finding.fix


def test_a_driver_that_is_too_old_is_a_problem() -> None:
    (finding,) = gpu_findings(on(driver_sees=("NVIDIA H100",)))
    assert finding.state == "problem" and "older than CUDA 13.0" in finding.says


@pytest.mark.parametrize(
    ("capability", "architectures", "runs"),
    [
        ((7, 0), ("sm_75", "sm_80"), False),
        ((7, 0), ("sm_70",), True),
        ((8, 9), ("sm_86",), True),  # of the same major version, from its minor on
        ((8, 0), ("sm_86",), False),
        ((9, 0), ("sm_86",), False),
        ((9, 0), ("sm_86", "compute_86"), True),  # translated when it is loaded
        ((8, 0), ("compute_90",), False),
        ((12, 0), ("sm_120",), True),
        ((9, 0), ("sm_90a",), True),
        ((10, 0), ("sm_90a",), False),
        ((9, 0), (), False),
    ],
)
def test_which_kernels_run_where(
    capability: tuple[int, int], architectures: tuple[str, ...], runs: bool
) -> None:
    assert supported(capability, architectures) == runs


def test_this_machine_can_be_asked() -> None:
    build = build_here()
    assert build.torch.startswith("2.") and build.torchvision.startswith("0.")
    assert build.gpus == () or all(gpu.memory > 2**30 for gpu in build.gpus)
