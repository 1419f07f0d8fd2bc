"""A connection that says nothing, or says it a letter at a time, is closed."""

import asyncio
import socket
from contextlib import suppress

import pytest
import uvicorn

from croquis.serving import connections
from croquis.serving.connections import CONNECTIONS, PatientConnection, bound

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def slow_program(scope: dict, receive: object, send: object) -> None:
    """Takes longer than a request's head may."""
    if scope["type"] == "http":
        await asyncio.sleep(0.6)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


@pytest.mark.parametrize(
    ("pieces", "answered"),
    [
        ([], False),
        ([b"GET / HT"], False),
        ([b"GET / HTTP/1.1\r\n"] + [b"X-A: b\r\n"] * 20, False),
        ([REQUEST], True),
        ([REQUEST[:20], REQUEST[20:]], True),
    ],
    ids=["nothing", "half a line", "a header at a time", "at once", "in two parts"],
)
def test_a_head_must_come_in_time_and_an_answer_need_not(
    pieces: list[bytes], answered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    assert (b"done" in asyncio.run(_received(pieces))) == answered


async def _received(pieces: list[bytes]) -> bytes:
    """All that comes back until the server closes the connection."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            slow_program, lifespan="off", log_level="error", timeout_keep_alive=1
        )
        bound(config)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        for piece in pieces:
            if not writer.is_closing():
                writer.write(piece)
            await asyncio.sleep(0.05)
        received = b""
        with suppress(ConnectionError):  # closed while something was sent
            received = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        server.should_exit = True
        await serving
        await asyncio.sleep(0.1)  # transports end a turn of the loop later
    return received


def test_connections_are_counted() -> None:
    config = uvicorn.Config(slow_program)
    bound(config)
    assert config.limit_concurrency == CONNECTIONS
    config.load()
    assert config.http_protocol_class is PatientConnection
