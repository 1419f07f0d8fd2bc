"""Device, number format and threads come from the machine and the environment."""

import os

import pytest
import torch

from croquis.core.errors import InputError
from croquis.runtime.hardware import Hardware, hardware


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Eight cores of which this process may use six, nothing set; records the threads asked for."""
    asked: dict[str, int] = {}
    for name in ("DEVICE", "WORKERS", "COMPILE", "DETERMINISTIC"):
        monkeypatch.delenv(f"CROQUIS_{name}", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(
        os, "sched_getaffinity", lambda _: set(range(6)), raising=False
    )
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(
        torch, "set_num_threads", lambda count: asked.update(threads=count)
    )
    return asked


def pretend_gpu(monkeypatch: pytest.MonkeyPatch, *, native: bool) -> list[bool]:
    """What `torch.use_deterministic_algorithms` is calls."""
    calls = []

    def supported(including_emulation: bool = True) -> bool:
        return native or including_emulation  # a V100 says yes to emulated bf16

    # There is nothing to allocate on.
    monkeypatch.setattr(torch, "empty", lambda *_, device: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    # Set only so that it is as it was, afterwards.
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    monkeypatch.setattr(torch, "use_deterministic_algorithms", calls.append)
    return calls


def test_a_cpu_computes_in_float32_on_all_cores_it_may_use(
    machine: dict[str, int],
) -> None:
    settings = hardware()
    assert settings == Hardware(torch.device("cpu"), None, False, 0)
    assert str(settings) == "cpu float32" and machine["threads"] == 6


def test_workers_take_their_cores_from_the_network(
    machine: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROQUIS_WORKERS", "2")
    assert hardware().workers == 2 and machine["threads"] == 4
    monkeypatch.setenv("CROQUIS_WORKERS", "99")
    assert hardware().workers == 99 and machine["threads"] == 1


def test_a_number_of_threads_that_is_asked_for_is_kept(
    machine: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    hardware()
    assert machine == {}


def test_a_share_of_a_machine_leaves_both_numbers_to_who_gives_it(
    machine: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four trainings on four GPUs of one machine: one thread and three workers each."""
    pretend_gpu(monkeypatch, native=True)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("CROQUIS_WORKERS", "3")
    assert hardware().workers == 3 and machine == {}


def test_native_bf16_needs_no_scaler(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_gpu(monkeypatch, native=True)
    assert hardware() == Hardware(torch.device("cuda"), torch.bfloat16, False, 5)
    assert str(hardware()) == "cuda bfloat16"


def test_a_v100_computes_in_scaled_fp16(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_gpu(monkeypatch, native=False)
    assert hardware() == Hardware(torch.device("cuda"), torch.float16, True, 5)


def test_a_gpu_takes_its_fastest_kernels_or_those_that_repeat_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = pretend_gpu(monkeypatch, native=True)
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")  # unset afterwards
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    assert (
        not hardware().deterministic
        and torch.backends.cudnn.benchmark
        and calls == []
    )
    monkeypatch.setenv("CROQUIS_DETERMINISTIC", "1")
    assert (
        hardware().deterministic
        and not torch.backends.cudnn.benchmark
        and calls == [True]
    )
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    # Other bits, so another fingerprint: a state of the one kind is none for the other.
    assert str(hardware()) == "cuda bfloat16 deterministic"


def test_the_environment_names_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_gpu(monkeypatch, native=True)
    monkeypatch.setenv("CROQUIS_DEVICE", "cuda:1")
    assert hardware().device == torch.device("cuda:1")
    monkeypatch.setenv("CROQUIS_DEVICE", "cpu")
    assert hardware() == Hardware(torch.device("cpu"), None, False, 0)


@pytest.mark.parametrize("workers", ["two", "-1", "1.5"])
def test_a_slip_in_the_environment_is_named(
    monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    monkeypatch.setenv("CROQUIS_WORKERS", workers)
    with pytest.raises(
        InputError, match=rf"CROQUIS_WORKERS: expected .*received '{workers}'; uns"
    ):
        hardware()


@pytest.mark.skipif(
    torch.cuda.is_available(), reason="needs a machine without a GPU"
)
@pytest.mark.parametrize("device", ["cuda", "cuda:7", "gpu"])
def test_a_device_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setenv("CROQUIS_DEVICE", device)
    with pytest.raises(
        InputError, match=rf"CROQUIS_DEVICE: expected .*received '{device}' \("
    ):
        hardware()


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROQUIS_WORKERS", "")
    assert hardware().workers == 0
