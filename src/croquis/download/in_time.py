"""A limit of time for each step of something that may hang: no timeout of a socket is one.

A socket's timeout begins anew with each byte. A server that sends one byte of its header each
minute is never late.
"""

import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

T = TypeVar("T")
AHEAD = 4  # items that are made before they are asked for


def in_time(items: Iterator[T], seconds: float) -> Generator[T]:
    """The items, made in a thread of their own, which is left alone when the limit has passed.

    Raises:
        TimeoutError: if one item takes longer.
    """
    made: queue.Queue[T | Exception | None] = queue.Queue(AHEAD)
    stopped = threading.Event()
    arguments = (items, made, stopped)
    threading.Thread(target=_make, args=arguments, daemon=True).start()
    try:
        while True:
            try:
                item = made.get(timeout=seconds)
            except queue.Empty:
                raise TimeoutError(f"nothing came for {seconds:g} s") from None
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        stopped.set()


def _make(
    items: Iterator[T],
    made: "queue.Queue[T | Exception | None]",
    stopped: threading.Event,
) -> None:
    try:
        for item in items:
            if not _put(made, item, stopped):
                break
        _put(made, None, stopped)
    except Exception as error:  # for the one who asked, whatever it is
        _put(made, error, stopped)
    finally:
        if isinstance(items, Generator):
            items.close()


def _put(
    made: "queue.Queue[T | Exception | None]",
    item: T | Exception | None,
    stopped: threading.Event,
) -> bool:
    """Whether somebody still wants the item."""
    while not stopped.is_set():
        try:
            made.put(item, timeout=0.1)
        except queue.Full:
            continue
        return True
    return False
