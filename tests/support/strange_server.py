"""A web server that does to each connection what a test says, down to the bytes."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Request:
    """What a client asked for; names of headers are lower case."""

    path: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def first_byte(self) -> int:
        """Of the range that was asked for; 0 without one."""
        asked = self.headers.get("range", "bytes=0-")
        return int(asked.removeprefix("bytes=").partition("-")[0])


# What the server says to a request: bytes, and pauses in seconds between them.
Script = Callable[[Request], Iterator[bytes | float]]


class StrangeServer:
    """Answers the n-th connection by the n-th script, and more of them by the last one."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts: Sequence[Script] = scripts
        self.requests: list[Request] = []
        self._stopped = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.02)
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            threading.Thread(
                target=self._answer, args=[connection], daemon=True
            ).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            try:
                request = _request_of(connection)
                self.requests.append(request)
                number = min(len(self.requests), len(self.scripts)) - 1
                for piece in self.scripts[number](request):
                    if self._stopped.is_set():
                        return
                    if isinstance(piece, bytes):
                        connection.sendall(piece)
                    else:
                        time.sleep(piece)
            except OSError:
                pass  # the client has gone


def _request_of(connection: socket.socket) -> Request:
    text = b""
    while b"\r\n\r\n" not in text and (piece := connection.recv(65536)):
        text += piece
    first, *lines = text.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    pairs = [line.partition(":") for line in lines]
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Request((first.split() or ["", ""])[1], headers)


@contextmanager
def serve(*scripts: Script) -> Iterator[StrangeServer]:
    """A server for as long as the block lasts."""
    server = StrangeServer(*scripts)
    try:
        yield server
    finally:
        server.close()


def head(status: str = "200 OK", **headers: object) -> bytes:
    """The head of an answer; `content_length=5` is the header Content-Length."""
    names = {
        name.replace("_", "-").title(): value for name, value in headers.items()
    }
    lines = [f"{name}: {value}\r\n" for name, value in names.items()]
    return (
        f"HTTP/1.1 {status}\r\n{''.join(lines)}Connection: close\r\n\r\n".encode()
    )


def say(*pieces: bytes | float) -> Script:
    """A script that says the same to everybody."""
    return lambda request: iter(pieces)


def whole(content: bytes, **headers: object) -> Script:
    """A server as it should be, but one that knows no ranges."""
    return say(head(content_length=len(content), **headers), content)


def in_parts(content: bytes, most: int, **headers: object) -> Script:
    """A server that knows ranges, and drops each connection after `most` bytes."""

    def script(request: Request) -> Iterator[bytes | float]:
        first = request.first_byte
        rest = content[first:]
        if first:
            ends = f"bytes {first}-{len(content) - 1}/{len(content)}"
            yield head(
                "206 Partial Content",
                content_length=len(rest),
                content_range=ends,
                **headers,
            )
        else:
            yield head(content_length=len(content), **headers)
        yield rest[:most]

    return script
