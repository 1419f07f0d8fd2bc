"""A request's body is read whole, within limits, before the program behind hears of it."""

import asyncio
import time
from contextlib import AsyncExitStack

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# A body of more than this waits for one of LARGE_AT_ONCE places, and is not read before.
LARGE = 2**20
LARGE_AT_ONCE = 4
PAUSE_SECONDS = 1  # at most, before the place of a large body is free again
SECONDS = 60  # for a whole body; 8 MB take one second over a slow mobile network
# Brackets and commas of a body in JSON: its values take some 60 bytes each once they are read.
MAX_VALUES = 16_384
MAX_PARTS = 8  # files and fields of a form


class WholeBody:
    """Hands a request on once its body is there: of a size, in time, few large ones at once.

    A client that breaks off, or sends a byte a minute, so costs the program behind it nothing.

    Args:
        app: behind it.
        max_body: bytes.
        seconds: for the whole body.
    """

    def __init__(
        self, app: ASGIApp, max_body: int, seconds: float = SECONDS
    ) -> None:
        self._app = app
        self._max_body = max_body
        self._seconds = seconds
        self._places = asyncio.Semaphore(LARGE_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        # A large body keeps its place until it is answered: it is in memory for so long.
        async with AsyncExitStack() as places:
            try:
                headers = Headers(scope=scope)
                length = int(headers.get("content-length", "0"))
                body = await self._read(receive, length, places)
                is_form = headers.get("content-type", "").startswith("multipart/")
                (_check_parts if is_form else _check_values)(body or b"")
            except Refusal as refusal:
                await refuse(refusal.status, refusal.text)(scope, receive, send)
                return
            if body is not None:  # else the client has gone
                begun = time.monotonic()
                await self._app(scope, _replay(body, receive), send)
                if len(body) > LARGE:  # small ones have as much time as it took
                    await asyncio.sleep(
                        min(PAUSE_SECONDS, time.monotonic() - begun)
                    )

    async def _read(
        self, receive: Receive, length: int, places: AsyncExitStack
    ) -> bytes | None:
        """The body, or None if the client breaks off.

        Raises:
            Refusal: if it is too large or too slow.
        """
        self._check_size(length)
        if length > LARGE:
            await places.enter_async_context(self._places)
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    chunks.append(message.get("body", b""))
                    before, size = size, size + len(chunks[-1])
                    self._check_size(size)
                    if length <= LARGE and before <= LARGE < size:  # none was said
                        await places.enter_async_context(self._places)
                    if not message.get("more_body"):
                        break
        except TimeoutError as error:
            text = (
                f"request: expected its body within {self._seconds:.0f} s, received"
                f" {size:,} bytes; send it at once"
            )
            raise Refusal(408, text) from error
        return b"".join(chunks)

    def _check_size(self, size: int) -> None:
        if size > self._max_body:
            text = (
                f"request: expected at most {self._max_body / 2**20:.0f} MB, received"
                f" {'more' if size < 2 * self._max_body else f'{size / 2**20:.0f} MB'};"
                " send a smaller image, or fewer of them"
            )
            raise Refusal(413, text)


class Refusal(Exception):
    """Why a request is not answered.

    Args:
        status: of HTTP.
        text: one line.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def _check_values(body: bytes) -> None:
    """Raises Refusal for JSON that would become thirty times as large once it is read."""
    values = max(body.count(sign) for sign in (b"{", b"[", b","))
    if values > MAX_VALUES:
        text = (
            f"request: expected at most {MAX_VALUES:,} values, received {values:,};"
            " send fewer images at once"
        )
        raise Refusal(413, text)


def _check_parts(body: bytes) -> None:
    """Raises Refusal for a form of a thousand files, each of which takes a place on disk."""
    parts = body.lower().count(b"content-disposition:")
    if parts > MAX_PARTS:
        text = (
            f"request: expected at most {MAX_PARTS} files, received {parts:,};"
            " send them one by one"
        )
        raise Refusal(413, text)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A body that was read, as it would be received."""
    messages: list[Message] = [{"type": "http.request", "body": body}]

    async def received() -> Message:
        return messages.pop() if messages else await receive()

    return received


def refuse(status: int, text: str) -> JSONResponse:
    """An answer that says why there is none."""
    return JSONResponse({"detail": text}, status)
