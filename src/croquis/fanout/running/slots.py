"""Where jobs run: on how many slots of this machine, or on which cluster of Ray."""

import re
from dataclasses import dataclass

from croquis.core.errors import InputError, brief

AUTO = "auto"
MOST_JOBS = 4096
ADDRESS = re.compile(r"([A-Za-z0-9][\w.-]*|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")


@dataclass(frozen=True)
class Slots:
    """Where jobs run.

    Attributes:
        jobs: how many at a time on this machine; None: one a GPU.
        cluster: the address of a cluster of Ray, or `auto` for this machine's; None: none.
    """

    jobs: int | None = None
    cluster: str | None = None


def slots_of(jobs: str | None, ray: str | None) -> Slots:
    """Where jobs are to run.

    Args:
        jobs: of the option, None if it was not given.
        ray: the same.

    Raises:
        InputError: if one is something else, or both are given.
    """
    if jobs is not None and ray is not None:
        raise InputError(
            "JOBS and RAY",
            expected="one of them",
            received="both",
            fix="JOBS=... is this machine, RAY=... a cluster",
        )
    if ray is not None:
        _refuse_other_address(ray)
        return Slots(cluster=ray)
    if jobs is None or jobs == AUTO:
        return Slots()
    if not re.fullmatch("[0-9]{1,4}", jobs) or not 0 < int(jobs) <= MOST_JOBS:
        raise InputError(
            "JOBS",
            expected=f"auto, or a number from 1 to {MOST_JOBS:,}",
            received=brief(jobs),
            fix="such as JOBS=4; auto is one a GPU",
        )
    return Slots(int(jobs))


def _refuse_other_address(ray: str) -> None:
    match = ADDRESS.fullmatch(ray)
    if ray != AUTO and (match is None or not 0 < int(match[2]) < 2**16):
        raise InputError(
            "RAY",
            expected="auto, or HOST:PORT of a cluster's head",
            received=brief(ray),
            fix="such as RAY=10.0.0.1:6379, as `ray start --head` said it",
        )
