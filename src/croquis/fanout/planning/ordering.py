"""The order of jobs, and what it comes to on a number of slots."""

from collections.abc import Sequence
from dataclasses import dataclass

from croquis.fanout.jobs import Job

UNKNOWN = (
    60.0  # seconds of a job of which nothing is known, where numbers are needed
)


@dataclass(frozen=True)
class Planned:
    """A job in a schedule: from `start` to `end`, in seconds, on the slot of that number."""

    job: Job
    slot: int
    start: float
    end: float


def order(jobs: Sequence[Job]) -> list[Job]:
    """Jobs, longest first; what others need counts with the longest of these.

    The longest last would leave all other slots idle until it ends. Jobs of unknown length come
    first, as they may be long; among equals the given order stays.
    """
    after: dict[str, float] = {}
    for job in jobs:
        for stage in job.needs:
            after[stage] = max(after.get(stage, 0.0), job.seconds or 0.0)

    def length(job: Job) -> float:
        if job.seconds is None:
            return float("inf")
        return job.seconds + after.get(job.stage, 0.0)

    return sorted(jobs, key=length, reverse=True)


def schedule(jobs: Sequence[Job], slots: int) -> list[Planned]:
    """The jobs one after the other on whatever slot is free first: what the driver does.

    Shares of a GPU are left out: each job has a slot to itself, so the end is not before the
    real one.

    Args:
        jobs: in the order in which they should begin.
        slots: how many run at a time.
    """
    free = [0.0] * slots
    planned: dict[str, Planned] = {}
    names = {job.stage for job in jobs}
    waiting = list(jobs)
    while waiting:
        job = next(j for j in waiting if j.needs & names <= set(planned))
        waiting.remove(job)
        ready = max(
            (planned[stage].end for stage in job.needs & names), default=0.0
        )
        # Of the slots that are free by then the last one, which has idled least.
        slot = min(
            range(slots), key=lambda k: (max(free[k] - ready, 0.0), -free[k])
        )
        start = max(free[slot], ready)
        free[slot] = start + (UNKNOWN if job.seconds is None else job.seconds)
        planned[job.stage] = Planned(job, slot, start, free[slot])
    return [planned[job.stage] for job in jobs]


def makespan(planned: Sequence[Planned]) -> float:
    """Seconds until the last job of a schedule ends."""
    return max((each.end for each in planned), default=0.0)


def share_of_ideal(planned: Sequence[Planned], slots: int) -> float:
    """How close a schedule is to slots that are never idle, from 0 to 1."""
    total = sum(each.end - each.start for each in planned)
    return total / (slots * makespan(planned)) if total else 1.0
