"""JOBS and RAY are a number, `auto` or an address; all else is refused before anything begins."""

import pytest

from croquis.core.errors import InputError
from croquis.fanout.running.slots import Slots, slots_of


@pytest.mark.parametrize(
    ("jobs", "ray", "slots"),
    [
        (None, None, Slots()),
        ("auto", None, Slots()),
        ("1", None, Slots(1)),
        ("0032", None, Slots(32)),
        (None, "auto", Slots(cluster="auto")),
        (None, "10.0.0.1:6379", Slots(cluster="10.0.0.1:6379")),
        (None, "gpu-1.lab.example:1", Slots(cluster="gpu-1.lab.example:1")),
        (None, "[::1]:6379", Slots(cluster="[::1]:6379")),
    ],
)
def test_what_is_a_place(jobs: str | None, ray: str | None, slots: Slots) -> None:
    assert slots_of(jobs, ray) == slots


@pytest.mark.parametrize(
    "jobs",
    ["", "0", "-1", "2.5", "4096x", "99999", "4097", "two", "٤", "1\n", " 1"],
)
def test_what_is_no_number_of_jobs(jobs: str) -> None:
    with pytest.raises(InputError, match="JOBS: expected auto, or a number from 1"):
        slots_of(jobs, None)


@pytest.mark.parametrize(
    "ray",
    [
        "",
        "10.0.0.1",
        "10.0.0.1:0",
        "10.0.0.1:65536",
        "-x:1",
        "a b:1",
        "a:1;ls",
        "a:1\n",
    ],
)
def test_what_is_no_address(ray: str) -> None:
    with pytest.raises(InputError, match="RAY: expected auto, or HOST:PORT"):
        slots_of(None, ray)


def test_both_are_refused() -> None:
    with pytest.raises(InputError, match="expected one of them, received both"):
        slots_of("2", "auto")
