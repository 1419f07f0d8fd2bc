"""The engine of one machine: each attempt is a process of `croquis work`, on a card of its own.

No port is opened and nothing stays behind, so one machine needs no cluster of Ray.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from croquis.fanout.cards import Card, take
from croquis.fanout.jobs import Attempt, Ending, Progress, Result
from croquis.fanout.work import AGAIN

POLL = 0.1  # seconds between two looks
ECHO = 1.2  # seconds after which a second signal means at once to a supervisor
LAST_BYTES = 4000  # of a log, for the reason of a failure
MOST_WORKERS = 8  # processes that read images for one training on a GPU
Command = Callable[[str, Path], list[str]]  # of a stage and the file of its status


@dataclass
class _Running:
    attempt: Attempt
    card: Card
    process: subprocess.Popen[bytes]
    log: Path
    status: Path
    began: float
    said: bytes = b""
    asked_at: float = 0.0


@dataclass
class ThisMachine:
    """Starts attempts as processes of this one.

    Attributes:
        command: of `croquis work` for a stage and the file that it keeps its status in.
        cards: the GPUs.
        logs: the folder of the logs.
        cores: of the machine, which the jobs share.
    """

    command: Command
    cards: Sequence[Card]
    logs: Path
    cores: int
    _running: dict[str, _Running] = field(default_factory=dict)
    _waiting: list[Attempt] = field(default_factory=list)
    _asked: bool = False
    _at_once: bool = False

    @property
    def uses_remote(self) -> bool:
        """Never: all is in the cache."""
        return False

    def slots(self, avoid: Collection[str] = ()) -> float:
        """How many jobs of one share there is room for; there is no machine to avoid."""
        return sum(card.room for card in self.cards)

    def submit(self, attempt: Attempt, avoid: Collection[str] = ()) -> None:
        """Starts an attempt, or once a card has room: free shares may lie on several."""
        self._waiting.append(attempt)
        self._start_waiting()

    def changes(self, timeout: float) -> Sequence[Progress | Result]:
        """What has changed; waits for it, at most `timeout` seconds."""
        end = time.monotonic() + timeout
        while True:
            found = self._look()
            if found or time.monotonic() >= end:
                return found
            time.sleep(POLL)

    def cancel_all(self, at_once: bool = False) -> None:
        """Has all supervisors save their state and end, or end at once."""
        self._asked, self._at_once = True, at_once
        for run in self._running.values():
            self._ask(run)

    def close(self) -> None:
        """Ends what still runs, at once; of a supervisor that is killed nothing stays alive."""
        for run in self._running.values():
            run.process.kill()
            run.process.wait()
        self._running.clear()

    def environment(self, card: Card) -> dict[str, str]:
        """What a job on a card finds set: its GPU, and its part of the cores."""
        return os.environ | share_of_machine(
            os.environ, card.name, self.cores, self.slots()
        )

    def _start_waiting(self) -> None:
        for attempt in list(self._waiting):
            card = take(self.cards, attempt.job.stage, attempt.job.gpus)
            if card is not None:
                self._waiting.remove(attempt)
                self._running[attempt.job.stage] = self._start(attempt, card)

    def _start(self, attempt: Attempt, card: Card) -> _Running:
        self.logs.mkdir(parents=True, exist_ok=True)
        stage = attempt.job.stage
        log, status = self.logs / f"{stage}.log", self.logs / f".{stage}.json"
        status.unlink(missing_ok=True)
        with log.open("ab" if attempt.number > 1 else "wb") as file:
            process = subprocess.Popen(
                self.command(stage, status),
                env=self.environment(card),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        return _Running(attempt, card, process, log, status, time.monotonic())

    def _look(self) -> list[Progress | Result]:
        found: list[Progress | Result] = []
        for stage, run in list(self._running.items()):
            if (status := run.process.poll()) is not None:
                del self._running[stage]
                run.card.users.pop(stage)
                run.status.unlink(missing_ok=True)
                found.append(self._result(run, status))
                continue
            if self._at_once and time.monotonic() - run.asked_at > ECHO:
                self._ask(run)
            if (progress := _progress(run)) is not None:
                found.append(progress)
        if self._asked:
            found += [
                Result(attempt.job.stage, Ending.STOPPED, 0.0)
                for attempt in self._waiting
            ]
            self._waiting.clear()
        self._start_waiting()
        return found

    def _result(self, run: _Running, status: int) -> Result:
        ending, reason = ending_of(status, was_asked=self._asked)
        if ending in (Ending.FAILED, Ending.LOST):
            reason = "\n".join(filter(None, [_tail(run.log), reason]))
        return Result(
            run.attempt.job.stage,
            ending,
            time.monotonic() - run.began,
            place=_place(run.card),
            reason=reason,
            log=run.log,
        )

    def _ask(self, run: _Running) -> None:
        run.asked_at = time.monotonic()
        with contextlib.suppress(OSError):
            run.process.send_signal(signal.SIGTERM)


def ending_of(status: int, *, was_asked: bool) -> tuple[Ending, str]:
    """How a process of `croquis work` ended, and why in words.

    Args:
        status: as `subprocess` has it: below 0 a signal.
        was_asked: whether the run has asked it to.
    """
    if status == 0:
        return Ending.DONE, ""
    number = -status if status < 0 else status - 128
    if number > 0:
        name = f"signal {number}"
        with contextlib.suppress(ValueError):
            name = signal.Signals(number).name
        return (Ending.STOPPED if was_asked else Ending.LOST), f"ended by {name}"
    return (Ending.LOST if status == AGAIN else Ending.FAILED), ""


def share_of_machine(
    given: Mapping[str, str], gpu: str | None, cores: int, slots: float
) -> dict[str, str]:
    """What is set for a job that shares a machine with others; what a person has set stays.

    Without that each training on a GPU would start readers for all cores, and each on a CPU
    threads for all of them: four would be slower than one after the other.

    Args:
        given: the environment.
        gpu: for CUDA_VISIBLE_DEVICES; None: there is none.
        cores: of the machine.
        slots: how many share it.
    """
    share = max(1, int(cores // max(slots, 1)))
    if gpu is None:
        shares = {"OMP_NUM_THREADS": str(share)}
    else:
        workers = max(1, min(MOST_WORKERS, share - 1))
        shares = {"OMP_NUM_THREADS": str(share), "CROQUIS_WORKERS": str(workers)}
    kept = {name: value for name, value in shares.items() if not given.get(name)}
    return kept if gpu is None else kept | {"CUDA_VISIBLE_DEVICES": gpu}


def _progress(run: _Running) -> Progress | None:
    """What a stage has said since; None if nothing."""
    try:
        line = run.status.read_bytes()
        if line == run.said:
            return None
        said: dict[str, Any] = json.loads(line)
    except (OSError, ValueError):  # none yet
        return None
    run.said = line
    return Progress(
        run.attempt.job.stage,
        _place(run.card),
        str(said.get("text", "")),
        said.get("done"),
        said.get("total"),
        str(said.get("unit") or ""),
    )


def _place(card: Card) -> str:
    return "" if card.name is None else f"gpu {card.name}"


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LAST_BYTES))
        return file.read().decode(errors="replace").strip()
    return ""
