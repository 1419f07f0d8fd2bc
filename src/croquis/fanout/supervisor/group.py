"""A command in a group of processes of its own, of which nothing is alive afterwards."""

import contextlib
import functools
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from croquis.core.ending import end_with_parent
from croquis.fanout.supervisor.ends import EndRequests

POLL = 0.2  # seconds between two looks
GRACE = 60.0  # seconds that a training has to save its state
TAIL = 20_000  # bytes of the output that are kept
# What DVC says of a stage that ended badly: -9 or 137 is one that was killed.
STAGE_STATUS = re.compile(r"failed to run: .*?exited with (-?\d+)", re.DOTALL)


@dataclass(frozen=True)
class GroupEnd:
    """How a command ended.

    Attributes:
        status: of its first process; negative: minus the signal that ended it.
        asked: the signal that asked for the end; None: it ended by itself.
        tail: the last of what it printed.
    """

    status: int
    asked: int | None
    tail: str

    @property
    def signal(self) -> int | None:
        """The signal that ended the command or its stage, as of a machine without memory."""
        if self.status < 0:
            return -self.status
        statuses = [int(text) for text in STAGE_STATUS.findall(self.tail)]
        for status in statuses[-1:]:
            number = -status if status < 0 else status - 128
            if 0 < number < signal.NSIG:
                return number
        return None


def run_group(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    requests: EndRequests,
    *,
    look: Callable[[], None] = lambda: None,
    kept_open: Sequence[int] = (),
    grace: float = GRACE,
) -> GroupEnd:
    """Runs a command, and passes what it prints on.

    If an end is asked for, or its first process dies and leaves others, all of the group are asked
    to end, and killed after `grace` seconds.

    Args:
        command: with its arguments.
        folder: in which it runs.
        environment: all of it.
        requests: who asks for its end.
        look: called a few times a second.
        kept_open: descriptors that its first process holds, too.
        grace: seconds between SIGTERM and SIGKILL.
    """
    # A file and no pipe: the death of this process would end a training at its next line,
    # before its state is saved.
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=kept_open,
            preexec_fn=functools.partial(end_with_parent, os.getpid()),
        )
        try:
            passed = _Passed(output)
            while process.poll() is None and requests.look() is None:
                look()
                passed.on()
                time.sleep(POLL)
        finally:
            _end_group(process, requests, grace)
        passed.on()
        asked = requests.number
        return GroupEnd(process.returncode, asked, passed.tail())


class _Passed:
    """What a command has printed into a file, passed on to this process's output."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = os.dup(file.fileno())
        self._at = 0

    def __del__(self) -> None:
        os.close(self._file)

    def on(self) -> None:
        """Passes on what is new."""
        while piece := os.pread(self._file, 2**20, self._at):
            self._at += len(piece)
            with contextlib.suppress(
                OSError, ValueError
            ):  # nobody reads it any more
                sys.stdout.flush()
                descriptor = sys.stdout.fileno()
                while piece:
                    piece = piece[os.write(descriptor, piece) :]

    def tail(self) -> str:
        """The last of it."""
        start = max(0, self._at - TAIL)
        return os.pread(self._file, TAIL, start).decode(errors="replace")


def _end_group(
    process: subprocess.Popen[bytes], requests: EndRequests, grace: float
) -> None:
    """Has all of a group end; the numbers of processes that are waited for stay theirs."""
    group = process.pid
    limit = time.monotonic() + grace
    asked = False
    while members := _members(group):
        if time.monotonic() > limit or requests.at_once:
            _signal(members, signal.SIGKILL)
        elif not asked:
            _signal(members, signal.SIGTERM)
            asked = True
        process.poll()
        time.sleep(POLL / 4)
    process.wait()


def _members(group: int) -> list[psutil.Process]:
    """The processes of a group, but for those that are dead and only not yet waited for."""
    members = []
    for number in psutil.pids():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getpgid(number) == group or os.getsid(number) == group:
                process = psutil.Process(number)
                if process.status() != psutil.STATUS_ZOMBIE:
                    members.append(process)
    return members


def _signal(members: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in members:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)
