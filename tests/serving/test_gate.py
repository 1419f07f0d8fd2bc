"""The gate before demo and server, tried with a program behind it that only says what came."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from croquis.serving import bodies
from croquis.serving.bodies import WholeBody
from croquis.serving.gate import Gate, ShortErrors

MB = 2**20


async def echo(request: Request) -> Response:
    """How many bytes came; or the error that the path asks for."""
    if request.url.path == "/long":
        return PlainTextResponse("x" * 10_000, 422)
    if request.url.path == "/quotes":
        return PlainTextResponse("input: secret", 422)
    if request.url.path == "/fails":
        raise KeyError("secret")
    if request.url.path == "/full":
        raise OSError(28, "No space left on device")
    return PlainTextResponse(f"{len(await request.body())}")


def app(*hosts: str) -> Starlette:
    paths = ("/", "/long", "/quotes", "/fails", "/full", "/open/*")
    route = Route("/{path:path}", echo, methods=["GET", "POST"])
    middleware = Gate(paths, max_body=2 * MB, hosts=hosts).middleware()
    return Starlette(routes=[route], middleware=middleware)


def ask(
    method: str, path: str = "/", *hosts: str, **named: object
) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app(*hosts))
        url = "http://127.0.0.1:7860"
        async with httpx.AsyncClient(transport=transport, base_url=url) as client:
            return await client.request(method, path, **named)

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:7860", 200),
        ("127.0.0.1", 200),
        ("[::1]:7860", 200),
        ("LOCALHOST", 200),
        ("hub.example", 200),
        ("evil.example:7860", 400),
        ("127.0.0.1.evil.example", 400),
        ("localhost@evil.example", 400),
        ("", 400),
    ],
)
def test_a_name_that_is_not_this_machines_is_refused(
    host: str, status: int
) -> None:
    answer = ask("GET", "/", "hub.example", headers={"Host": host})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # a program
        ({"Origin": "http://127.0.0.1:7860"}, 200),
        ({"Origin": "https://hub.example"}, 200),  # a proxy's, named by its user
        ({"Origin": "http://127.0.0.1:8000"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://hub.example.evil"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_a_page_of_another_address_is_refused(
    headers: dict[str, str], status: int
) -> None:
    for method in ("GET", "POST"):
        answer = ask(method, "/", "hub.example", headers=headers)
        assert answer.status_code == status


def test_a_link_from_anywhere_opens_the_page() -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert ask("GET", headers=headers).status_code == 200
    assert ask("POST", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/open/a/b", 200), ("/open", 404), ("/file=/etc/passwd", 404)],
)
def test_paths_that_nobody_named_are_shut(path: str, status: int) -> None:
    assert ask("GET", path).status_code == status


async def chunks(count: int) -> AsyncIterator[bytes]:
    """A body whose length is not said beforehand."""
    for _ in range(count):
        yield bytes(2**16)


@pytest.mark.parametrize("kind", ["said", "chunked"])
def test_a_body_is_bounded_whether_its_length_is_said_or_not(kind: str) -> None:
    fits = bytes(2 * MB) if kind == "said" else chunks(32)
    assert ask("POST", content=fits).text == f"{2 * MB}"
    large = bytes(50 * MB) if kind == "said" else chunks(33)
    answer = ask("POST", content=large)
    assert answer.status_code == 413
    assert "request: expected at most 2 MB, received" in answer.text


def test_nothing_of_a_body_that_is_said_to_be_too_large_is_read() -> None:
    async def read() -> None:
        async def receive() -> dict:
            raise AssertionError("it was read")

        async def send(message: dict) -> None:
            sent.append(message)

        headers = [(b"content-length", b"%d" % (3 * MB))]
        scope = {"type": "http", "method": "POST", "headers": headers}
        await WholeBody(app(), max_body=2 * MB)(scope, receive, send)

    sent: list[dict] = []
    asyncio.run(read())
    assert sent[0]["status"] == 413


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b"[" * 100_000, "100,000"),
        (b"[" + b"{}," * 99_999 + b"{}]", "100,000"),
        ("[1" + ",1" * 60_000 + "]", "60,000"),
        (("[" * 90_000).encode("utf-16-be"), "90,000"),
    ],
)
def test_json_of_too_many_values_is_not_parsed(
    content: bytes | str, values: str
) -> None:
    answer = ask("POST", content=content)
    assert answer.status_code == 413
    assert f"at most 16,384 values, received {values};" in answer.text


def test_a_form_of_a_thousand_files_is_refused() -> None:
    files = [("files", (f"{number}.png", b"x")) for number in range(1000)]
    answer = ask("POST", files=files)
    assert answer.status_code == 413 and "at most 8 files" in answer.text
    assert ask("POST", files=files[:8]).status_code == 200


def test_a_body_that_does_not_come_ends_in_time() -> None:
    async def slowly() -> None:
        async def receive() -> dict:
            await asyncio.sleep(0.02)
            return {"type": "http.request", "body": b"x", "more_body": True}

        async def send(message: dict) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "headers": []}
        await WholeBody(app(), max_body=MB, seconds=0.1)(scope, receive, send)

    sent: list[dict] = []
    asyncio.run(slowly())
    assert sent[0]["status"] == 408 and b"send it at once" in sent[1]["body"]


def test_few_large_bodies_are_in_memory_at_once() -> None:
    """The others are not read meanwhile; small ones pass them by."""

    async def crowd() -> None:
        async def program(scope: object, receive: object, send: object) -> None:
            inside.append(1)
            most.append(len(inside))
            await asyncio.sleep(0.05)
            inside.pop()

        async def one(size: int) -> None:
            async def receive() -> dict:
                return {"type": "http.request", "body": bytes(size)}

            headers = [(b"content-length", b"%d" % size)]
            scope = {"type": "http", "method": "POST", "headers": headers}
            await behind(scope, receive, None)

        behind = WholeBody(program, max_body=4 * MB)
        await asyncio.gather(*(one(2 * MB) for _ in range(12)))
        assert max(most) == bodies.LARGE_AT_ONCE
        most.clear()
        await asyncio.gather(*(one(2**10) for _ in range(12)))
        assert max(most) == 12

    inside: list[int] = []
    most: list[int] = []
    asyncio.run(crowd())


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/long", 422, "expected what docs/serving.md shows"),
        ("/quotes", 422, "expected what docs/serving.md shows"),
        ("/fails", 400, "expected what docs/serving.md shows"),
        ("/full", 500, "server: No space left on device; try again"),
    ],
)
def test_errors_are_one_short_line(path: str, status: int, text: str) -> None:
    answer = ask("GET", path)
    assert answer.status_code == status and text in answer.json()["detail"]
    assert len(answer.content) < 300 and "secret" not in answer.text


def test_an_answer_that_breaks_just_ends(caplog: pytest.LogCaptureFixture) -> None:
    """A traceback of a hundred lines for each would fill a terminal, or a log."""
    start = {"type": "http.response.start", "status": 200, "headers": []}
    sent: list[Message] = []

    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start)
        raise KeyError("secret")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/breaks"}
    asyncio.run(ShortErrors(breaks)(scope, None, send))
    assert sent == [start]
    assert [record.exc_info for record in caplog.records] == [None]
    assert caplog.messages == ["GET /breaks: KeyError"]


def test_the_paths_of_the_gate_are_where_the_docs_say() -> None:
    page = Path("docs/serving.md").read_text(encoding="utf-8")
    assert "--allow-host" in page and "413" in page
