"""A limit of time for patterns of people: one such as (a+)+$ may search for years in one name."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from croquis.core.errors import InputError

SECONDS = 60  # of the processor; a million paths take some seconds


@contextmanager
def search_in_time(
    where: str, pattern: str, seconds: float = SECONDS
) -> Iterator[None]:
    """Ends what searches for a pattern of a person when it takes too long.

    Python looks for signals while it searches, but in the main thread alone: elsewhere nothing
    ends a search.

    Args:
        where: as in InputError.
        pattern: of the person.
        seconds: that this process may compute.

    Raises:
        InputError: if it takes longer.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        raise InputError(
            where,
            expected=f"a pattern that is searched in all paths within {seconds:g} s",
            received=f"{pattern!r}, which takes longer",
            fix="take out a repetition inside another one, as in (a+)+, and write"
            " [^/]+ for .*",
        )

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
