"""Who asks a supervisor to end: signals, and the death of the process that it works for."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import psutil

# SIGUSR1 is what `sbatch --signal` is often told to send before the time is up.
ASKING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
ECHO = 1.0  # seconds in which a second signal is the first one again


class EndRequests:
    """What has been asked so far.

    Attributes:
        number: of the signal that asked first; None while nobody has.
        at_once: whether somebody asked again, and does not want to wait.
    """

    def __init__(self, parent: int | None = None) -> None:
        """Args: parent: the number of the process that it works for; None: nobody's."""
        self.number: int | None = None
        self.at_once = False
        self._asked_at = 0.0
        self._parent = None
        if parent is not None:
            try:
                self._parent = psutil.Process(parent)
            except psutil.Error:
                self.ask(signal.SIGTERM)

    def ask(self, number: int, frame: FrameType | None = None) -> None:
        """Asks as a signal does; again a second later means at once."""
        now = time.monotonic()
        if self.number is None:
            self.number, self._asked_at = int(number), now
        elif now - self._asked_at > ECHO:
            self.at_once = True

    def look(self) -> int | None:
        """The number of the signal that asked first, or SIGTERM if the parent is gone."""
        if self.number is None and self._parent is not None and self._is_gone():
            self.ask(signal.SIGTERM)
        return self.number

    def _is_gone(self) -> bool:
        assert self._parent is not None
        with contextlib.suppress(psutil.Error):
            # Another process may have its number by now: psutil compares when it began.
            alive = self._parent.is_running()
            return not alive or self._parent.status() == psutil.STATUS_ZOMBIE
        return True


@contextmanager
def heard(requests: EndRequests) -> Iterator[None]:
    """Within the block signals only ask; one that is ignored, as by `nohup`, stays ignored."""
    before = {}
    for number in ASKING:
        handler = signal.getsignal(number)
        # A shell ignores SIGINT for what it begins with `&`; whoever sends it means it.
        if handler is not signal.SIG_IGN or number == signal.SIGINT:
            before[number] = handler
            signal.signal(number, requests.ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_group() -> None:
    """Has this process lead a session of its own, so that only its parent's death ends it."""
    with contextlib.suppress(PermissionError):  # it leads one, or a group
        os.setsid()
