"""The GPUs of this machine that a run may use, without torch."""

import os
from collections.abc import Mapping


def visible_gpus(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """What CUDA_VISIBLE_DEVICES is to name for each GPU; none without one.

    Args:
        environment: whose CUDA_VISIBLE_DEVICES, if it is set, says which.
    """
    named = environment.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return tuple(map(str, range(_count())))
    names = [name.strip() for name in named.split(",")]
    # CUDA itself stops at the first that is none: "" and "-1" hide all.
    end = next((k for k, n in enumerate(names) if n in ("", "-1")), len(names))
    return tuple(names[:end])


def _count() -> int:
    import pynvml

    try:
        pynvml.nvmlInit()
        return int(pynvml.nvmlDeviceGetCount())
    except pynvml.NVMLError:  # no driver
        return 0
