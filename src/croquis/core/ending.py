"""SIGTERM and SIGHUP end a program as Ctrl-C does: what it has begun is cleaned up on the way."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGHUP)
# Seconds in which a second signal is the first one again: `timeout` and groups send it twice.
ECHO = 1.0
_SIGNAL_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl


class _End:
    """The handler: raises SystemExit with 128 + the signal, as shells count."""

    def __init__(self) -> None:
        self._asked_at: float | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            raise SystemExit(128 + number)
        if now - self._asked_at > ECHO:  # whoever asks again does not want to wait
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


@contextmanager
def clean_end() -> Iterator[None]:
    """Within the block SIGTERM and SIGHUP raise SystemExit, where nothing else is set for them.

    A signal that is ignored, as SIGHUP under `nohup`, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python allows handlers in the main thread alone
        return
    usual = [n for n in SIGNALS if signal.getsignal(n) is signal.SIG_DFL]
    handler = _End()
    for number in usual:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in usual:
            if signal.getsignal(number) is handler:
                signal.signal(number, signal.SIG_DFL)


def end_with_parent(parent: int | None = None) -> None:
    """Has Linux send SIGTERM when the process that began this one dies, even of SIGKILL.

    A stage would go on without its `dvc`, beside the stage that the next one begins.

    Args:
        parent: the number of that process, where it is known; it may be dead by now.
    """
    _signal_with_parent(signal.SIGTERM, parent)


def leave_end_to_parent() -> None:
    """In a worker of a loader: signals are its parent's affair, and it dies with it.

    A signal to the whole group would end the worker at once, and its parent by an error before
    a state is saved.
    """
    for number in (*SIGNALS, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    _signal_with_parent(signal.SIGKILL)


def _signal_with_parent(number: signal.Signals, parent: int | None = None) -> None:
    if not sys.platform.startswith("linux"):
        return
    parent = parent or os.getppid()
    ctypes.CDLL(None).prctl(_SIGNAL_WITH_PARENT, int(number), 0, 0, 0)
    if os.getppid() != parent:  # it has died meanwhile
        os.kill(os.getpid(), number)


class _AtFork(threading.local):
    """What is done around a fork: a child ends at once, and its parent cleans up.

    Signals wait meanwhile, as Python forgets those that reach a child before its first line.
    """

    def __init__(self) -> None:
        self._mask: set[int] = set()

    def before(self) -> None:
        self._mask = set(signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS))

    def in_parent(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def in_child(self) -> None:
        for number in SIGNALS:
            if isinstance(signal.getsignal(number), _End):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)


_at_fork = _AtFork()
os.register_at_fork(
    before=_at_fork.before,
    after_in_parent=_at_fork.in_parent,
    after_in_child=_at_fork.in_child,
)
