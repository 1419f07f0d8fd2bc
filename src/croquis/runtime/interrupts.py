"""Ending between two steps when a signal asks for it, so that the state can be saved."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from croquis.core.ending import ECHO

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Interrupts:
    """Remembers the first signal that asked the process to end."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._received_at = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.received is None:
            self.received = number
            self._received_at = now
        # Asked twice: whoever asks does not want to wait.
        elif now - self._received_at > ECHO:
            raise SystemExit(128 + number)

    def end(self) -> None:
        """Ends the process with 128 + signal, as a shell would say; DVC takes it as a failure."""
        raise SystemExit(128 + (self.received or 0))


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Within the block signals are only remembered; afterwards they act as before.

    SIGHUP under `nohup` stays ignored.
    """
    caught = Interrupts()
    before = {
        number: signal.signal(number, caught)
        for number in _SIGNALS
        if (number, signal.getsignal(number)) != (signal.SIGHUP, signal.SIG_IGN)
    }
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
