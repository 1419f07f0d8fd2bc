"""Ending between two steps when SIGTERM or SIGINT asks for it, so that the state can be saved."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interrupts:
    """Remembers the first signal that asked the process to end."""

    def __init__(self) -> None:
        self.received: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if (
            self.received is not None
        ):  # asked twice: whoever asks does not want to wait
            raise SystemExit(128 + number)
        self.received = number

    def end(self) -> None:
        """Ends the process with 128 + signal, as a shell would say; DVC takes it as a failure."""
        raise SystemExit(128 + (self.received or 0))


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Within the block signals are only remembered; afterwards they act as before."""
    caught = Interrupts()
    before = {number: signal.signal(number, caught) for number in _SIGNALS}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
