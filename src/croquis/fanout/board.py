"""What people see of a run side by side: a table on a terminal, a line a change in a log."""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from croquis.core.text import counted, duration
from croquis.fanout.jobs import Attempt, Ending, Job, Progress, Result
from croquis.fanout.planning.ordering import makespan, schedule, share_of_ideal

if TYPE_CHECKING:
    from rich.table import Table

EVERY = 0.5  # seconds between two drawings of the table
NAMED = {"train": "training", "embed": "embedding", "probe": "probe"}


@dataclass
class _Row:
    began: float
    seconds: float | None
    text: str = "begins"
    place: str = ""
    counts: tuple[float, float] | None = None
    counted_from: tuple[float, float] | None = (
        None  # what was done first seen, and when
    )

    def left(self, now: float) -> float | None:
        """Seconds until it ends: by its own pace, else by what it is thought to take."""
        if self.counts and self.counted_from:
            done, total = self.counts
            first, when = self.counted_from
            if done > first and now > when:
                return (total - done) * (now - when) / (done - first)
        if self.seconds is None:
            return None
        return max(0.0, self.seconds - (now - self.began))


class Board:
    """Shows attempts; to be used in a `with` block, and as a watcher of the driver."""

    def __init__(
        self,
        jobs: Sequence[Job],
        slots: float,
        *,
        on_terminal: bool | None = None,
        say: Callable[[str], None] = print,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Shows nothing yet.

        Args:
            jobs: of the run, in the order in which they should begin.
            slots: how many run at a time.
            on_terminal: whether there is a table; None: if standard output is a terminal.
            say: prints a line.
            clock: seconds.
        """
        self._jobs, self._slots, self._say, self._clock = jobs, slots, say, clock
        is_terminal = sys.stdout is not None and sys.stdout.isatty()
        self._on_terminal = is_terminal if on_terminal is None else on_terminal
        self._rows: dict[str, _Row] = {}
        self._ended: list[Result] = []
        self._again: list[Result] = []
        self._began = clock()
        self._drawn_at = 0.0
        self._live: Any = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._began = self._clock()
        self._say(opening_line(self._jobs, self._slots))
        if self._on_terminal:
            from rich.live import Live

            live = Live(self.table(), auto_refresh=False, transient=True)
            self._live = self._stack.enter_context(live)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self._live = None
        if self._ended:
            self._say(
                closing_line(self._ended, self._again, self._slots, self._seconds)
            )

    def began(self, attempt: Attempt) -> None:
        """A row appears, or a line."""
        stage = attempt.job.stage
        self._rows[stage] = _Row(self._clock(), attempt.job.seconds)
        self._change(stage, "begins again" if attempt.number > 1 else "begins")

    def progressed(self, progress: Progress) -> None:
        """A row changes; of counts only the table says something."""
        row = self._rows.get(progress.stage)
        if row is None:
            return
        is_new = progress.text.split(" ")[0] != row.text.split(" ")[0]
        row.text, row.place = progress.text, progress.place
        if progress.done is not None and progress.total:
            if row.counts is None or row.counts[1] != progress.total:
                row.counted_from = (progress.done, self._clock())
            row.counts = (progress.done, progress.total)
        if is_new:
            self._change(progress.stage, progress.text, progress.place)
        else:
            self._draw()

    def ended(self, result: Result, *, again: bool) -> None:
        """A row goes, or a line says how it ended."""
        self._rows.pop(result.stage, None)
        (self._again if again else self._ended).append(result)
        self._change(result.stage, ending_words(result, again=again), result.place)

    def waits(self, running: int, waiting: int, slots: float) -> None:
        """The table is drawn again: times go on."""
        self._slots = slots or self._slots
        self._draw()

    @property
    def _seconds(self) -> float:
        return self._clock() - self._began

    def _change(self, stage: str, words: str, place: str = "") -> None:
        if self._on_terminal:
            self._draw(now=True)
            return
        where = f" on {place}" if place else ""
        self._say(f"[{self._seconds:7.1f}] {stage}  {words}{where}")

    def _draw(self, *, now: bool = False) -> None:
        if self._live is None:
            return
        if now or self._clock() - self._drawn_at >= EVERY:
            self._drawn_at = self._clock()
            self._live.update(self.table(), refresh=True)

    def table(self) -> "Table":
        """What runs, a row each, and a line of sums below."""
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        now = self._clock()
        for stage, row in self._rows.items():
            left = row.left(now)
            words = "" if left is None else f"{duration(left / 60)} left"
            table.add_row(f"  {stage}", row.text, row.place, words)
        done = sum(result.ending is Ending.DONE for result in self._ended)
        failed = len(self._ended) - done
        waiting = len(self._jobs) - len(self._ended) - len(self._rows)
        sums = f"done {done}, running {len(self._rows)}, waiting {waiting}"
        table.add_row(f"  {sums}" + (f", failed {failed}" if failed else ""))
        return table


def opening_line(jobs: Sequence[Job], slots: float) -> str:
    """25 trainings on 4 slots, longest first; about 3 h 52 min, 98 % of ideal.

    Args:
        jobs: in the order in which they should begin.
        slots: how many run at a time.
    """
    kinds: dict[str, int] = {}
    for job in jobs:
        kind = job.stage.partition("@")[0]
        kinds[kind] = kinds.get(kind, 0) + 1
    what = ", ".join(
        counted(number, NAMED.get(kind, kind)) for kind, number in kinds.items()
    )
    line = f"{what} on {counted(round(slots), 'slot')}, longest first"
    if any(job.seconds is None for job in jobs) or slots < 1:
        return line
    planned = schedule(jobs, max(1, round(slots)))
    share = share_of_ideal(planned, max(1, round(slots)))
    about = duration(makespan(planned) / 60)
    return f"{line}; about {about} by their last runs, {share:.0%} of ideal"


def closing_line(
    ended: Sequence[Result], again: Sequence[Result], slots: float, seconds: float
) -> str:
    """How long it took, and what one after the other would have.

    Args:
        ended: the last result of each job.
        again: of attempts that were followed by another.
        slots: how many ran at a time.
        seconds: from the first start to the last end.
    """
    done = [result for result in ended if result.ending is Ending.DONE]
    in_turn = sum(result.seconds for result in (*ended, *again))
    line = (
        f"{counted(len(done), 'job')} of {len(ended)} in {duration(seconds / 60)}"
    )
    line += f" on {counted(round(slots), 'slot')}"
    if seconds > 0 and len(ended) > 1:
        times = in_turn / seconds
        line += (
            f": {times:.2f} times as many at once"
            f" ({times / max(slots, 1):.0%} of the slots busy)"
        )
    if again:
        line += f"; {len(again)} ended too early and went on"
    return line


def ending_words(result: Result, *, again: bool) -> str:
    """done in 4 min; failed; ended too early, goes on (ended by SIGKILL)."""
    if result.ending is Ending.DONE:
        return f"done in {duration(result.seconds / 60)}"
    last = result.reason.splitlines()[-1:] or [""]
    why = f" ({last[0]})" if last[0] else ""
    if again:
        return f"ended too early, goes on{why}"
    return f"{result.ending.value}{why}"
