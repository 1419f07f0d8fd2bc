"""What runs next: a queue over an engine, which counts attempts and gives up where that helps."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from croquis.fanout.engine import Engine
from croquis.fanout.jobs import ATTEMPTS, Attempt, Ending, Job, Progress, Result

WAIT = 0.5  # seconds for changes, between two looks at slots and signals
TINY = 1e-9  # what shares of a GPU may differ by
BLACK_HOLE = 60.0  # seconds in which two stages that fail give a machine a bad name


class Watcher(Protocol):
    """Who shows people what happens."""

    def began(self, attempt: Attempt) -> None:
        """An attempt has been handed to the engine."""
        ...

    def progressed(self, progress: Progress) -> None:
        """An attempt is further than it was."""
        ...

    def ended(self, result: Result, *, again: bool) -> None:
        """An attempt has ended; `again` if another one follows."""
        ...

    def waits(self, running: int, waiting: int, slots: float) -> None:
        """Nothing has changed for a moment."""
        ...


@dataclass
class _Queue:
    """What waits, runs and has ended, each in one of the three; `stages` are those of all jobs."""

    stages: frozenset[str]
    waiting: list[Attempt]
    running: dict[str, Attempt] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)

    @property
    def used(self) -> float:
        """GPUs of what runs."""
        return sum(attempt.job.gpus for attempt in self.running.values())

    def is_ready(self, job: Job) -> bool:
        """Whether all that a job needs has ended well, or is no job of this run."""
        return all(self._is_done(stage) for stage in job.needs & self.stages)

    def is_hopeless(self, job: Job) -> bool:
        """Whether something that a job needs will never end well."""
        coming = {attempt.job.stage for attempt in self.waiting} | set(self.running)
        return any(
            stage not in coming and not self._is_done(stage)
            for stage in job.needs & self.stages
        )

    def _is_done(self, stage: str) -> bool:
        result = self.results.get(stage)
        return result is not None and result.ending is Ending.DONE


def drive(
    jobs: Sequence[Job],
    engine: Engine,
    watcher: Watcher,
    asked_to_end: Callable[[], int] = lambda: 0,
    clock: Callable[[], float] = time.monotonic,
) -> list[Result]:
    """Runs jobs to their ends; each ends once, or has no result as it never began.

    A job that was killed, or whose machine is gone, is the next to run again, at most ATTEMPTS
    times. One that failed is not: the same input would end in the same way. What needs it is left
    out, and all others go on.

    Args:
        jobs: in the order in which they should begin.
        engine: starts attempts.
        watcher: shows what happens.
        asked_to_end: how often somebody has asked for the end: once, states are saved; twice, at
            once.
        clock: seconds.

    Returns:
        The last result of each job that began, in the order of their ends.
    """
    stages = frozenset(job.stage for job in jobs)
    queue = _Queue(stages, [Attempt(job) for job in jobs])
    bad = _BadMachines(clock)
    asked = 0
    while queue.waiting or queue.running:
        if (now := asked_to_end()) > asked:
            asked = now
            engine.cancel_all(at_once=asked > 1)
        if asked and not queue.running:
            break
        slots = 0.0
        if not asked:
            slots = _submit(queue, engine, watcher, bad)
            if not queue.waiting and not queue.running:
                break
        changes = engine.changes(WAIT)
        for change in changes:
            if isinstance(change, Progress):
                watcher.progressed(change)
            else:
                _end(queue, change, watcher, bad, is_stopping=bool(asked))
        if not changes:
            watcher.waits(len(queue.running), len(queue.waiting), slots)
    return list(queue.results.values())


def _submit(
    queue: _Queue, engine: Engine, watcher: Watcher, bad: "_BadMachines"
) -> float:
    """Starts what fits, in the order of the queue; the slots that there are."""
    queue.waiting = [a for a in queue.waiting if not queue.is_hopeless(a.job)]
    avoid = bad.names
    slots = engine.slots(avoid)
    if avoid and slots < TINY:  # better than none
        avoid, slots = frozenset(), engine.slots()
    for attempt in list(queue.waiting):
        share = attempt.job.gpus
        if queue.used + share > slots + TINY or not queue.is_ready(attempt.job):
            continue
        queue.waiting.remove(attempt)
        queue.running[attempt.job.stage] = attempt
        engine.submit(attempt, avoid)
        watcher.began(attempt)
    return slots


def _end(
    queue: _Queue,
    result: Result,
    watcher: Watcher,
    bad: "_BadMachines",
    *,
    is_stopping: bool,
) -> None:
    attempt = queue.running.pop(result.stage, None)
    if attempt is None:  # said twice, as of a machine that came back
        return
    # Somebody else's signal, as of a machine that is taken back, is a loss like any other.
    lost = result.ending in (Ending.LOST, Ending.STOPPED)
    if is_stopping and lost:
        result = replace(result, ending=Ending.STOPPED)
    again = lost and not is_stopping and attempt.number < ATTEMPTS
    if again:
        queue.waiting.insert(0, Attempt(attempt.job, attempt.number + 1))
    else:
        if result.ending is Ending.STOPPED and not is_stopping:
            result = replace(result, ending=Ending.LOST)
        queue.results[result.stage] = result
    if result.ending is Ending.FAILED:
        bad.note(result)
    watcher.ended(result, again=again)


class _BadMachines:
    """Machines on which one stage after another fails: they would eat the whole queue."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: dict[str, list[tuple[float, str]]] = {}
        self._names: set[str] = set()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._names)

    def note(self, result: Result) -> None:
        """A stage has failed on a machine."""
        now = self._clock()
        failures = self._failures.setdefault(result.node, [])
        failures.append((now, result.stage))
        recent = {stage for when, stage in failures if now - when <= BLACK_HOLE}
        if result.node and len(recent) > 1:
            self._names.add(result.node)
