"""What stands before the demo and the scoring server: who may ask, for what, and how much.

Both answer on this machine alone. Any page that a browser shows may still send requests there, so
names of hosts and origins are looked at.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from croquis.serving.bodies import SAFE_METHODS, WholeBody, refuse

LOGGER = logging.getLogger(__name__)
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
MAX_ERROR = 600  # bytes; longer errors quote the request
UNPROCESSABLE = 422


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
        except Exception as error:  # once an answer has begun, it just ends
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
        # What a framework finds wrong with a body quotes it.
        if bare or status == UNPROCESSABLE or len(self._body) > MAX_ERROR:
            self.replace(400 if bare else status, UNLIKE)
            return
        self.started = True
        await self._send(start)
        await self._send({"type": "http.response.body", "body": self._body})
