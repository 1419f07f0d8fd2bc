"""Longest first, on slots that are seldom idle."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from croquis.fanout.jobs import Job
from croquis.fanout.planning.ordering import (
    makespan,
    order,
    schedule,
    share_of_ideal,
)


def jobs(*seconds: float | None) -> list[Job]:
    return [Job(f"j{k}", seconds=each) for k, each in enumerate(seconds)]


def test_the_longest_comes_first_and_the_unknown_before_it() -> None:
    ordered = order(jobs(10, 30, None, 30, 20))
    assert [job.stage for job in ordered] == ["j2", "j1", "j3", "j4", "j0"]


def test_an_embedding_counts_with_what_waits_for_it() -> None:
    embed = Job("embed", seconds=10)
    probe = Job("probe", frozenset({"embed"}), seconds=25)
    ordered = order([Job("train", seconds=30), probe, embed])
    assert [job.stage for job in ordered] == ["embed", "train", "probe"]


def test_a_schedule_by_hand() -> None:
    """Two slots, 40 + 30 + 20 + 10: each has 50."""
    planned = schedule(jobs(40, 30, 20, 10), 2)
    assert [(p.slot, p.start, p.end) for p in planned] == [
        (0, 0, 40),
        (1, 0, 30),
        (1, 30, 50),
        (0, 40, 50),
    ]
    assert makespan(planned) == 50 and share_of_ideal(planned, 2) == 1


def test_a_job_waits_for_what_it_needs() -> None:
    probe = Job("probe", frozenset({"j0"}), seconds=5)
    planned = schedule([probe, *jobs(10)], 2)
    assert [(p.job.stage, p.start) for p in planned] == [("probe", 10), ("j0", 0)]
    assert share_of_ideal(planned, 2) == pytest.approx(15 / 30)


def test_nothing_takes_no_time() -> None:
    assert makespan([]) == 0 and share_of_ideal([], 4) == 1


# Hours of the catalogue's members on a V100, rounded, five folds each (docs/models.md x epochs).
CATALOGUE = [3.8] + [1.9] * 5 + [1.2] * 6 + [0.7] * 10 + [0.33] * 12 + [0.1] * 12


def test_the_catalogue_keeps_32_cards_busy() -> None:
    """Members in DVC's order leave cards idle at the end, behind the longest."""
    folds = [hours * 3600 for hours in CATALOGUE for _ in range(5)]
    ordered = schedule(order(jobs(*folds)), 32)
    assert share_of_ideal(ordered, 32) >= 0.95
    worst = schedule(order(jobs(*folds))[::-1], 32)
    assert share_of_ideal(worst, 32) < share_of_ideal(ordered, 32)


@given(st.lists(st.floats(0.1, 1000), min_size=1, max_size=30), st.integers(1, 8))
def test_no_slot_has_two_jobs_and_graham_holds(
    seconds: list[float], slots: int
) -> None:
    """R. L. Graham, Bounds on multiprocessing timing anomalies (1969): at most 4/3 - 1/(3m)."""
    planned = schedule(order(jobs(*seconds)), slots)
    for slot in range(slots):
        spans = sorted((p.start, p.end) for p in planned if p.slot == slot)
        assert all(a[1] <= b[0] + 1e-9 for a, b in itertools.pairwise(spans))
    lower = max(max(seconds), sum(seconds) / slots)
    assert lower - 1e-6 <= makespan(planned) <= sum(seconds) + 1e-6
    bound = sum(seconds) / slots + max(seconds) * (1 - 1 / slots)
    assert makespan(planned) <= bound + 1e-6
