"""Whose image is looked at when: a large one never holds up the small ones behind it.

Nothing tells a client that sends much from one that sends little, as all come from this machine.
So turns go by what an image costs. Small ones go first come, first served, two at a time: while
the networks look at one, the next is unpacked. Large ones wait for each other, and until no small
one is there, but not for ever.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from croquis.core.errors import InputError
from croquis.prepare.opening import stated_pixels

Result = TypeVar("Result")

LARGE = 4_000_000  # pixels of all images of a request; they take .2 s to unpack
HEAD = 2**16  # bytes; the size of an image stands at its beginning
SMALL_AT_ONCE = 2
WAITING = 400  # requests
WAITING_LARGE = 16
WAITING_BYTES = 128 * 2**20
PATIENCE = 5  # seconds that a large image whose turn it is lets small ones go first
LOOK_SECONDS = 0.02


class Busy(InputError):
    """Too many wait already."""


class Turns:
    """The order of a server's work, which is done in threads; used from its event loop."""

    def __init__(self) -> None:
        self._look = CapacityLimiter(1)
        self._small = CapacityLimiter(SMALL_AT_ONCE)
        self._large = CapacityLimiter(1)
        self._requests = 0
        self._large_requests = 0
        self._large_turn = asyncio.Semaphore(1)
        self._bytes = 0

    async def take(
        self, work: Callable[[], Result], *, pixels: Callable[[], int], size: int
    ) -> Result:
        """What `work` returns, once it is its turn.

        Args:
            work: a function that takes long.
            pixels: how many it will unpack; quick.
            size: bytes that it keeps in memory meanwhile.

        Raises:
            Busy: if too many wait.
        """
        with self._place(size):
            if await to_thread.run_sync(pixels, limiter=self._look) <= LARGE:
                return await to_thread.run_sync(work, limiter=self._small)
            return await self._take_large(work)

    async def _take_large(self, work: Callable[[], Result]) -> Result:
        if self._large_requests >= WAITING_LARGE:
            raise _busy("large images", self._large_requests)
        self._large_requests += 1
        try:
            async with self._large_turn:
                await self._quiet()
                return await to_thread.run_sync(work, limiter=self._large)
        finally:
            self._large_requests -= 1

    async def _quiet(self) -> None:
        """Waits until large requests alone are there, for PATIENCE seconds at most."""
        end = time.monotonic() + PATIENCE
        while self._requests > self._large_requests and time.monotonic() < end:
            await asyncio.sleep(LOOK_SECONDS)

    @contextmanager
    def _place(self, size: int) -> Iterator[None]:
        if self._requests >= WAITING:
            raise _busy("requests", self._requests)
        if self._requests and self._bytes + size > WAITING_BYTES:
            raise _busy("large requests", self._requests)
        self._requests += 1
        self._bytes += size
        try:
            yield
        finally:
            self._requests -= 1
            self._bytes -= size


def pixels_of(content: bytes) -> int:
    """How many pixels an image says that it has; more than LARGE if it does not say so at once."""
    pixels = stated_pixels(content[:HEAD])
    return LARGE + 1 if pixels is None else pixels


def _busy(kind: str, waiting: int) -> Busy:
    return Busy(
        "server",
        expected=f"few {kind} at once",
        received=f"one more, while {waiting} wait",
        fix="try again in a few seconds",
    )
