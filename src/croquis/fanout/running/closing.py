"""What a run side by side says at its end, and its status: whether `dvc repro` may follow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from croquis.core.text import counted
from croquis.fanout.jobs import Ending, Job, Result
from croquis.fanout.recording import Recorded
from croquis.fanout.running.changes import Inputs, changed_inputs

STOPPED = 130  # as shells count Ctrl-C
NAMED = 5  # stages that are named one by one
LAST_LINES = 15  # of what a job that failed had to say


@dataclass(frozen=True)
class Closing:
    """The end of a run side by side.

    Attributes:
        lines: for people.
        status: of the command; only after 0 a plain `dvc repro` trains nothing.
    """

    lines: tuple[str, ...]
    status: int


def conclude(
    jobs: Sequence[Job],
    results: Sequence[Result],
    recorded: Recorded,
    before: Inputs,
    now: Inputs,
) -> Closing:
    """What became of a run.

    Args:
        jobs: that were to run.
        results: how they ended; a job without one never began.
        recorded: the results that are in their places now, and those that are missing.
        before: what the stages read when the run began.
        now: and when it ended.
    """
    ended = end_of_jobs(jobs, results)
    changes = changed_inputs(before, now)
    lines = [*ended.lines]
    status = ended.status
    if changes:
        lines += _of_changes(changes, before)
        status = status or 1
    elif recorded.missing and not status:
        lines.append(
            f"{counted(len(recorded.missing), 'result')} not in DVC's cache, or damaged there:"
            f" {_first_few(recorded.missing)}; the same command runs them again"
        )
        status = 1
    return Closing(tuple(lines), status)


def end_of_jobs(jobs: Sequence[Job], results: Sequence[Result]) -> Closing:
    """What became of the jobs alone; the arguments are those of `conclude`."""
    done = {each.stage for each in results if each.ending is Ending.DONE}
    failed = [
        each for each in results if each.ending in (Ending.FAILED, Ending.LOST)
    ]
    left = [job.stage for job in jobs if job.stage not in done]
    if not left:
        return Closing((), 0)
    lines = [line for each in failed for line in _of_failure(each)]
    if any(each.ending is Ending.STOPPED for each in results):
        lines.append(
            f"stopped: {len(done)} of {counted(len(jobs), 'job')} are done, and states of the"
            " others are saved; the same command goes on"
        )
        return Closing(tuple(lines), STOPPED)
    names = [each.stage for each in failed]
    waiting = [name for name in left if name not in names]
    line = f"{len(failed)} of {len(jobs)} failed: {_first_few(names)}"
    if waiting:
        line += f"; {len(waiting)} that follow never began: {_first_few(waiting)}"
    lines.append(f"{line}; the same command runs only {_those(len(left))}")
    return Closing(tuple(lines), 1)


def _those(count: int) -> str:
    return "that" if count == 1 else "those"


def _of_failure(result: Result) -> Iterator[str]:
    """The last lines of a job, and where all of them are."""
    reason = result.reason.splitlines()[-LAST_LINES:] or ["no reason is known"]
    place = f" on {result.place}" if result.place else ""
    yield f"{result.stage} failed{place}:"
    yield from (f"  {line}" for line in reason)
    if result.log is not None:
        yield f"  all of it: {result.log}"


def _of_changes(changes: Sequence[str], before: Inputs) -> Iterator[str]:
    yield "the workspace changed since these jobs began, which ran as it was then:"
    yield from (f"  {change}" for change in changes)
    if before.is_clean:
        way = "`git stash && make repro` records the run"
    else:
        way = "put that back, and `make repro` records the run"
    yield f"their results are in DVC's cache: {way}; as it is now, `make repro` would run anew"


def _first_few(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
