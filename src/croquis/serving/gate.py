"""What stands before the demo and the scoring server: who may ask, for what, and how much.

Both answer on this machine alone. Any page that a browser shows may still send requests there, so
names of hosts and origins are looked at; and a request's body is read whole, within limits, before
the program behind the gate hears of it.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOGGER = logging.getLogger(__name__)
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# A body of more than this waits for one of LARGE_AT_ONCE places, and is not read before.
LARGE = 2**20
LARGE_AT_ONCE = 4
PAUSE_SECONDS = 1  # at most, before the place of a large body is free again
SECONDS = 60  # for a whole body; 8 MB take one second over a slow mobile network
# Brackets and commas of a body in JSON: its values take some 60 bytes each once they are read.
MAX_VALUES = 16_384
MAX_PARTS = 8  # files and fields of a form
MAX_ERROR = 600  # bytes; longer errors quote the request


@dataclass(frozen=True)
class Gate:
    """The limits of one server.

    Attributes:
        paths: that are open; one that ends in "*" opens all below it.
        max_body: bytes of a request.
        hosts: names beside those of this machine, as a proxy's.
    """

    paths: Sequence[str]
    max_body: int
    hosts: Sequence[str] = ()

    def middleware(self) -> list[Middleware]:
        """The parts of the gate, the outermost first."""
        return [
            Middleware(
                TrustedHostMiddleware,
                allowed_hosts=[*LOCAL_HOSTS, *self.hosts],
                www_redirect=False,
            ),
            Middleware(OwnPages, hosts=self.hosts),
            Middleware(OpenPaths, paths=self.paths),
            Middleware(ShortErrors),
            Middleware(WholeBody, max_body=self.max_body),
        ]


class OwnPages:
    """Refuses what a page of another address sends; programs send no `Origin` and may ask.

    Args:
        app: behind it.
        hosts: whose pages are let in, beside the server's own.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._foreign(scope):
            text = (
                "request: expected one of this server's own page, received one of another"
                " page; open the address itself, or name its host with --allow-host"
            )
            await refuse(403, text)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _foreign(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None:
            return not self._own(origin, headers.get("host", ""))
        # Browsers say so of requests without an origin: images, scripts, links.
        elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        link = headers.get("sec-fetch-mode") == "navigate"
        return elsewhere and not (link and scope["method"] in SAFE_METHODS)

    def _own(self, origin: str, host: str) -> bool:
        try:
            address = urlsplit(origin)
            return address.netloc == host or address.hostname in self._hosts
        except ValueError:
            return False


class OpenPaths:
    """Answers 404 to all paths but some: what a framework offers and nobody needs stays shut.

    Args:
        app: behind it.
        paths: that are open; one that ends in "*" opens all below it.
    """

    def __init__(self, app: ASGIApp, paths: Sequence[str]) -> None:
        self._app = app
        self._paths = {path for path in paths if not path.endswith("*")}
        self._below = tuple(path[:-1] for path in paths if path.endswith("*"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Frameworks find a route by its path, with or without the last slash.
        path = scope.get("path", "")
        is_open = (path.rstrip("/") or "/") in self._paths
        if scope["type"] == "lifespan" or is_open or path.startswith(self._below):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await refuse(404, "path: nothing is served here")(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})


class ShortErrors:
    """Errors of one short line, whatever a framework says of a request, and no bare 500.

    A framework that fails has met a request that it did not foresee; what a model says of its own
    failures passes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            await self._app(scope, receive, answer.send)
        except OSError as error:  # a full disk, not the request
            LOGGER.error("%s %s: %s", scope["method"], scope["path"], error)
            answer.replace(500, f"server: {error.strerror or 'failed'}; try again")
        except Exception as error:
            if answer.started:
                raise
            name = type(error).__name__
            LOGGER.error("%s %s: %s", scope["method"], scope["path"], name)
            answer.replace(400, UNLIKE)
        if answer.replacement is not None:
            await answer.replacement(scope, receive, send)


UNLIKE = (
    "request: expected what docs/serving.md shows, received something else;"
    " compare the two"
)


class _Answer:
    """An answer on its way: passed on, but for an error that is replaced by a short one."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""
        self.started = False
        self.replacement: JSONResponse | None = None

    def replace(self, status: int, text: str) -> None:
        """Answers `text`, if nothing was sent yet."""
        if not self.started:
            self.replacement = refuse(status, text)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            self._start = message
        elif self._start is None:
            self.started = True
            await self._send(message)
        else:
            await self._send_error(self._start, message)

    async def _send_error(self, start: Message, message: Message) -> None:
        self._body += message.get("body", b"")[: MAX_ERROR + 1]
        if message.get("more_body"):
            return
        status = start["status"]
        bare = self._body == b"Internal Server Error"
        if bare or len(self._body) > MAX_ERROR:
            self.replace(400 if bare else status, UNLIKE)
            return
        self.started = True
        await self._send(start)
        await self._send({"type": "http.response.body", "body": self._body})


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


def refuse(status: int, text: str) -> JSONResponse:
    """An answer that says why there is none."""
    return JSONResponse({"detail": text}, status)


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
