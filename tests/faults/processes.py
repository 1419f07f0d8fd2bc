"""The processes of a run, and what can happen to them."""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

SIGNALS = {
    "SIGKILL": signal.SIGKILL,
    "SIGTERM": signal.SIGTERM,
    "SIGINT": signal.SIGINT,
}
VICTIMS = ("the group", "dvc alone", "one child")


@dataclass(frozen=True)
class Stage:
    """A process of a stage that runs."""

    name: str
    process: psutil.Process

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return time.time() - self.process.create_time()


def family(child: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """All processes below one, and itself."""
    numbers = [child.pid]
    for number in numbers:  # it grows meanwhile
        numbers += _children(number)
    processes = []
    for number in numbers:
        with contextlib.suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(number))
    return processes


def _children(number: int) -> list[int]:
    """The processes that one has begun; psutil reads those of the whole machine, which is slow."""
    words: list[str] = []
    with contextlib.suppress(OSError):  # it may end while it is looked at
        for task in list(Path(f"/proc/{number}/task").iterdir()):
            with contextlib.suppress(OSError):
                words += (task / "children").read_text().split()
    return [int(word) for word in words]


def stage_of(processes: list[psutil.Process]) -> Stage | None:
    """The stage that is at work."""
    for process in reversed(processes):
        words = _words(process)
        for word in words[1:2] if words and "python" in words[0] else ():
            path = Path(word)
            if path.parent.name == "stages" and path.suffix == ".py":
                return Stage(path.stem, process)
    return None


def strike(
    child: subprocess.Popen[bytes],
    processes: list[psutil.Process],
    number: int,
    victim: str,
) -> str:
    """Sends a signal; what was hit."""
    if victim == "the group":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        return victim
    stage = stage_of(processes)
    dvc = next((one for one in processes if _is_dvc(one)), None)
    target = dvc if victim == "dvc alone" or stage is None else stage.process
    if target is None:  # before dvc, or after it
        target = processes[-1]
    with contextlib.suppress(psutil.Error):
        target.send_signal(number)
    return victim


def _is_dvc(process: psutil.Process) -> bool:
    return any(Path(word).name == "dvc" for word in _words(process)[:2])


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
