"""The server of an exported model, with a model behind it that answers what it is told to."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import httpx
import numpy as np
import pandas as pd
import psutil
import pytest
from mlflow.exceptions import MlflowException
from PIL import Image

from croquis.serving import turns
from croquis.serving.sheets import data_url, png

# Of MLflow about itself, when mlflow.pyfunc is imported: so the tests import it, not this module.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*Any type hint is inferred as AnyType"
)
JSON = {"Content-Type": "application/json"}
MAX_BODY = 16 * 2**20


class Model:
    """As MLflow loads one, as far as the server asks it."""

    metadata = SimpleNamespace(get_input_schema=lambda: None)

    def predict(self, table: pd.DataFrame) -> pd.DataFrame:
        for place, image in enumerate(table["image"], start=1):
            if image == "broken":
                text = (
                    f"image {place}: expected base64, received 'broken'; encode it"
                )
                raise MlflowException.invalid_parameter_value(text)
            if image == "fails":
                raise RuntimeError("out of\nmemory" + "y" * 10_000)
        return pd.DataFrame(
            {"bar": [0.25] * len(table), "pole": [0.75] * len(table)}
        )


def ask(path: str = "/invocations", **named: object) -> httpx.Response:
    from croquis.serving.model_server import scoring_app

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(scoring_app(Model(), ["hub.example"]))
        url = "http://127.0.0.1:5001"
        async with httpx.AsyncClient(transport=transport, base_url=url) as client:
            method = "POST" if path == "/invocations" else "GET"
            return await client.request(method, path, **named)

    return asyncio.run(asked())


def ask_images(*images: str) -> httpx.Response:
    body = json.dumps({"inputs": {"image": images}})
    return ask(content=body, headers=JSON)


def test_it_answers_as_mlflow_does() -> None:
    answer = ask_images("a", "b")
    assert answer.status_code == 200
    row = {"bar": 0.25, "pole": 0.75}
    assert answer.json() == {"predictions": [row, row]}
    assert ask_images().json() == {"predictions": []}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ping", 200),
        ("/health", 200),
        ("/version", 200),
        ("/docs", 404),
        ("/", 404),
    ],
)
def test_mlflows_own_answers_stay_and_its_pages_go(path: str, status: int) -> None:
    assert ask(path).status_code == status


def test_an_error_never_quotes_the_request() -> None:
    """MLflow's quoted all of it: 11 MB for an image of 8 MB."""
    answer = ask_images("x" * 2**20, "broken")
    assert answer.status_code == 400 and answer.json() == {
        "error_code": "INVALID_PARAMETER_VALUE",
        "message": "image 2: expected base64, received 'broken'; encode it",
    }


def test_a_model_that_fails_says_why_in_one_line() -> None:
    answer = ask_images("fails")
    assert answer.status_code == 500
    message = answer.json()["message"]
    assert message.startswith("model: RuntimeError: out of memory")
    assert len(message) < 400 and "\n" not in message


def test_what_is_no_request_is_refused() -> None:
    for content in (
        b"",
        b"{{{",
        b"[" * 5_000,
        b'{"inputs": ' + b"9" * 5_000 + b"}",
    ):
        answer = ask(content=content, headers=JSON)
        assert answer.status_code == 400 and len(answer.content) < 300
    assert ask(content=b"{}").status_code == 415
    large = ask(content=bytes(MAX_BODY + 1), headers=JSON)
    assert large.status_code == 413 and "at most 16 MB" in large.text


def test_hosts_and_origins_are_looked_at() -> None:
    content = json.dumps({"instances": ["a"]})

    def status(**headers: str) -> int:
        return ask(content=content, headers=JSON | headers).status_code

    assert status() == 200
    assert status(Host="evil.example") == 400
    assert status(Host="hub.example", Origin="https://hub.example") == 200
    assert status(Origin="http://evil.example") == 403


def test_a_busy_server_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAITING", 0)
    answer = ask_images("a")
    assert answer.status_code == 503 and "try again" in answer.json()["message"]


@pytest.mark.parametrize("form", ["{}", "data:image/png;base64,{}"])
def test_the_cost_of_an_image_is_seen_in_its_base64(form: str) -> None:
    from croquis.serving import model_server

    sheet = np.full((3000, 2000), 255, np.uint8)
    text = data_url(sheet).partition(",")[2]
    assert model_server._pixels(form.format(text)) == 6_000_000
    for wrong in ("!!!", "abcde", "\N{SNOWMAN}" * 9):
        assert model_server._pixels(form.format(wrong)) > turns.LARGE


MAIN = """
import sys
sys.path.insert(0, "tests")
import mlflow.pyfunc
from serving.test_model_server import Model
mlflow.pyfunc.load_model = lambda uri: Model()
from croquis.serving import model_server
model_server.main("models:/a/1", int(sys.argv[1]), [])
"""


@pytest.mark.slow
def test_it_listens_on_this_machine_alone() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PYTHONPATH": "src:tests"}
    command = [sys.executable, "-c", MAIN, str(port)]
    with subprocess.Popen(command, env=environment) as server:
        try:
            _wait_for(port)
            listening = psutil.Process(server.pid).net_connections()
            assert {c.laddr.ip for c in listening if not c.raddr} == {"127.0.0.1"}
            image = png(Image.new("L", (9, 9)))
            answer = httpx.post(
                f"http://127.0.0.1:{port}/invocations",
                json={"instances": [image.hex()]},
            )
            assert answer.json() == {"predictions": [{"bar": 0.25, "pole": 0.75}]}
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            httpx.get(f"http://127.0.0.1:{port}/ping")
            return
        except httpx.ConnectError:
            time.sleep(0.2)
    raise AssertionError("the server did not start")
