"""The page to draw on, in a browser: a stroke, uploads, a phone, and many who ask at once."""

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from croquis.serving.sheets import from_base64, png
from croquis.tables import predictions
from support.chromium import PHONE, chromium, watched
from support.served import leave_run, sheets_of_test

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("demo"),
]  # one server for all of them
COMMAND = "from croquis.commands.main import app; app()"
WAIT = 60_000  # milliseconds, on a busy machine


class Server(subprocess.Popen):
    """`croquis demo` of a tiny run, on a port of its own."""

    def __init__(self, run: Path, port: int) -> None:
        places = {"parameters": "params.yaml", "images": "", "ensemble": "ensemble"}
        places |= {"checkpoints": "checkpoints"}
        options = [f"--{name}={run / place}" for name, place in places.items()]
        command = [
            sys.executable,
            "-c",
            COMMAND,
            "demo",
            f"--port={port}",
            *options,
        ]
        pipes = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "text": True,
        }
        super().__init__(command, env=os.environ | {"PYTHONPATH": "src"}, **pipes)
        self.url = f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def run(drawn_once: Path) -> Path:
    leave_run(drawn_once)
    return drawn_once


@pytest.fixture(scope="module")
def server(run: Path) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Server(run, port) as server:
        first, line = server.stdout.readline(), server.stdout.readline()
        assert first == "demo: loading 2 members x 2 folds ...\n"
        assert f"{server.url}/ draws on this machine alone" in line, (
            line + server.stdout.read()
        )
        yield server
        server.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    page = browser.new_page()
    wrong = watched(page)
    opened(page, server)
    yield page
    page.close()
    assert wrong == []


def opened(page: Page, server: Server) -> None:
    page.goto(server.url)
    expect(page.locator("#paper .undo")).to_be_visible(timeout=WAIT)
    expect(page.locator(".answer")).to_contain_text("The paper is still white")


def draw(page: Page, *corners: tuple[float, float]) -> None:
    """A stroke with the mouse, corner by corner in shares of the paper."""
    box = page.locator("#paper canvas").bounding_box()
    places = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"])
        for x, y in corners
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


def test_a_stroke_is_guessed_at_and_can_be_taken_back(page: Page) -> None:
    answer, undo = page.locator(".answer"), page.locator("#paper .undo")
    expect(undo).to_be_disabled()
    draw(page, (0.2, 0.5), (0.8, 0.5))
    expect(answer.locator("li")).to_have_count(3, timeout=WAIT)
    expect(answer.locator("tbody tr")).to_have_count(2)
    one = answer.locator("figure img").get_attribute("src")
    draw(page, (0.5, 0.2), (0.5, 0.8))
    expect(answer.locator("figure img")).not_to_have_attribute(
        "src", one, timeout=WAIT
    )
    undo.click()
    expect(answer.locator("figure img")).to_have_attribute("src", one, timeout=WAIT)
    page.locator("#paper .clear").click()
    expect(answer).to_contain_text("The paper is still white", timeout=WAIT)


def test_old_guesses_are_not_taken_for_those_of_a_new_stroke(page: Page) -> None:
    """Dim and busy from a stroke until the newest one has its answer, which is then said."""
    answer, said, held = page.locator("#answer"), page.locator("#paper .said"), []
    page.route("**/queue/join**", lambda route: held.append(route))
    draw(page, (0.2, 0.5), (0.8, 0.5))
    expect(answer).to_have_attribute("aria-busy", "true")
    expect(said).to_have_text("thinking …")
    page.wait_for_function(
        "getComputedStyle(document.querySelector('.answer')).opacity < 0.5"
    )
    draw(page, (0.5, 0.2), (0.5, 0.8))
    with page.expect_request(
        "**/queue/join**", timeout=WAIT
    ):  # of the second stroke
        held[0].continue_()
    expect(answer.locator("li")).to_have_count(3, timeout=WAIT)  # of the first one
    expect(answer).to_have_attribute("aria-busy", "true")
    held[1].continue_()
    expect(answer).to_have_attribute("aria-busy", "false", timeout=WAIT)
    first = answer.locator("li").first
    name, percent = (
        first.locator(kind).inner_text() for kind in (".name", ".percent")
    )
    expect(said).to_have_text(f"{name}, {percent}")
    expect(answer).not_to_have_class("stale")
    assert said.get_attribute("aria-live") == "polite"
    assert page.locator("#paper canvas").get_attribute("role") == "img"


def test_a_stroke_is_dark_ink_on_white_paper(page: Page) -> None:
    """What the networks get has the bar where it was drawn, and white corners."""
    middle = 16.5 / 32  # of a row of pixels; the ink is as wide as one
    draw(page, (0.25, middle), (0.75, middle))
    seen = page.locator(".answer figure img")
    expect(seen).to_be_visible(timeout=WAIT)
    content = from_base64(seen.get_attribute("src"), "seen")
    sheet = np.asarray(Image.open(io.BytesIO(content)))
    assert sheet.shape == (32, 32) and sheet[16, 16] < 40
    assert {int(sheet[y, x]) for y in (0, 31) for x in (0, 31)} == {255}


def test_uploads_are_guessed_at_or_refused_politely(
    page: Page, run: Path, tmp_path: Path
) -> None:
    answer, chooser = (
        page.locator(".answer"),
        page.locator("#paper input[type=file]"),
    )
    chooser.set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"text"}
    )
    expect(answer).to_contain_text(
        "expected an image, received not an image", timeout=WAIT
    )
    with (tmp_path / "big.png").open("wb") as file:
        file.truncate(52_428_800)
    chooser.set_input_files(tmp_path / "big.png")
    expect(answer).to_contain_text(
        "at most 8 MB, received 50 MB; make it smaller", timeout=WAIT
    )
    image = png(Image.fromarray(sheets_of_test(run)[0]))
    chooser.set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": image}
    )
    expect(answer.locator("li")).to_have_count(3, timeout=WAIT)
    page.locator("#paper .clear").click()
    expect(answer).to_contain_text("The paper is still white", timeout=WAIT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_paper_and_guesses_without_scrolling_sideways(
    browser: Browser, server: Server, scheme: str
) -> None:
    context = browser.new_context(color_scheme=scheme, **PHONE)
    page = context.new_page()
    wrong = watched(page)
    opened(page, server)
    before = page.locator("#paper canvas").bounding_box()
    assert before["width"] >= 300
    page.touchscreen.tap(before["x"] + 100, before["y"] + 100)  # a dot
    expect(page.locator(".answer li")).to_have_count(3, timeout=WAIT)
    assert (
        page.locator("#paper canvas").bounding_box() == before
    )  # paper stays under the pen
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
    assert wrong == []


def ask(url: str, content: bytes) -> dict:
    """What the page's API answers, as docs/serving.md says to ask it."""
    with httpx.Client(base_url=f"{url}/gradio_api", timeout=120) as client:
        [path] = client.post("/upload", files={"files": ("a.png", content)}).json()
        image = {"path": path, "meta": {"_type": "gradio.FileData"}}
        event = client.post("/call/guess", json={"data": [image]}).json()[
            "event_id"
        ]
        lines = client.get(f"/call/guess/{event}").text.strip().splitlines()
    assert lines[-2] == "event: complete", lines
    return json.loads(lines[-1].removeprefix("data: "))[0]


def test_fifty_who_ask_at_once_are_all_answered_as_in_the_batch(
    server: Server, run: Path
) -> None:
    files = [png(Image.fromarray(sheet)) for sheet in sheets_of_test(run)]
    batch = predictions.load_predictions(run / "ensemble" / "test.npz")
    with ThreadPoolExecutor(50) as pool:
        answers = list(
            pool.map(lambda number: ask(server.url, files[number % 3]), range(50))
        )
    for number, answer in enumerate(answers):
        probs = {
            guess["class"]: guess["probability"] for guess in answer["guesses"]
        }
        expected = dict(
            zip(
                batch.classes.tolist(),
                batch.probs[number % 3].tolist(),
                strict=True,
            )
        )
        assert probs == pytest.approx(expected, abs=1e-5)


def test_the_api_refuses_what_is_too_big_or_not_uploaded(server: Server) -> None:
    with httpx.Client(base_url=f"{server.url}/gradio_api", timeout=120) as client:
        big = client.post(
            "/upload", files={"files": ("big.png", bytes(52_428_800))}
        )
        assert (
            big.status_code == 413
            and "expected at most 12 MB, received 50 MB" in big.text
        )
        image = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
        event = client.post("/call/guess", json={"data": [image]}).json()[
            "event_id"
        ]
        assert "event: error" in client.get(f"/call/guess/{event}").text


def test_what_was_not_uploaded_is_refused_in_words(server: Server) -> None:
    """Gradio says `null`, and leaves a traceback with the whole path in the terminal."""
    kind = {"_type": "gradio.FileData"}
    api = f"{server.url}/gradio_api/call/guess"
    for image in ({"path": "/etc/passwd", "meta": kind}, "x" * 100_000, 5, ["a"]):
        event = httpx.post(api, json={"data": [image]}).json()["event_id"]
        text = httpx.get(f"{api}/{event}").text
        assert "a file that was just uploaded, received something else" in text
        assert len(text) < 400


def test_a_page_of_another_address_cannot_use_it(
    browser: Browser, server: Server
) -> None:
    """Neither by sending an image nor by asking for parts; a link still opens the page."""
    page = browser.new_page()
    page.route("http://elsewhere.example/", lambda route: route.fulfill(body="x"))
    page.goto("http://elsewhere.example/")
    statuses: dict[str, int] = {}
    page.on(
        "response",
        lambda response: statuses.update({response.url: response.status}),
    )
    page.evaluate(
        """async (url) => {
            const body = new FormData();
            body.append("files", new Blob(["text"]), "a.png");
            const options = {method: "POST", mode: "no-cors", body};
            await fetch(`${url}/gradio_api/upload`, options).catch(() => {});
            await fetch(`${url}/config`, {mode: "no-cors"}).catch(() => {});
        }""",
        server.url,
    )
    # Where Chromium itself stops the request, there is no answer.
    assert statuses.get(f"{server.url}/gradio_api/upload", 403) == 403
    assert statuses.get(f"{server.url}/config", 403) == 403
    assert page.goto(server.url).status == 200
    page.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "rebound.example"}, 400),
        ({"Host": "localhost"}, 200),
        ({"Host": "[::1]:7860"}, 200),
        ({"Origin": "http://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
    ],
)
def test_it_answers_under_the_names_of_this_machine(
    server: Server, headers: dict[str, str], status: int
) -> None:
    assert httpx.get(server.url, headers=headers).status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "file=/etc/hostname",
        "file=http://127.0.0.1:1/",
        "proxy=http://127.0.0.1:1/",
        "component_server",
        "run/guess",
        "upload_progress?upload_id=a",
        "dev/reload",
    ],
)
def test_what_nobody_needs_of_gradio_is_shut(server: Server, path: str) -> None:
    for method in ("GET", "POST"):
        answer = httpx.request(method, f"{server.url}/gradio_api/{path}")
        assert answer.status_code == 404 and len(answer.content) < 100


@pytest.mark.parametrize(
    "content",
    [b"x" * 2**20, b"[" * 100_000, b'{"data": [], "fn_index": 99}', b"[1]", b""],
    ids=["text", "brackets", "no function", "list", "nothing"],
)
def test_a_bad_request_gets_a_short_answer(server: Server, content: bytes) -> None:
    url = f"{server.url}/gradio_api/queue/join"
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(url, content=content, headers=headers)
    assert 400 <= answer.status_code < 500
    assert len(answer.content) < 700 and b"\n" not in answer.content


def test_the_page_is_served_to_this_machine_alone(server: Server) -> None:
    listening = [
        c.laddr for c in psutil.Process(server.pid).net_connections() if not c.raddr
    ]
    assert {address.ip for address in listening} == {"127.0.0.1"}


def test_a_port_in_use_is_one_line(server: Server, run: Path) -> None:
    with Server(run, int(server.url.rpartition(":")[2])) as second:
        said = second.communicate()[0]
    assert second.returncode == 1
    assert (
        "expected a free port, received one in use; say PORT="
        in said.splitlines()[-1]
    )
    assert "Traceback" not in said
