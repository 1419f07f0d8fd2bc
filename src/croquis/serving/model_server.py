"""The server of an exported model: MLflow's own, behind a gate, with errors of one line.

`croquis serve` runs `python -m croquis.serving.model_server <model URI> <port> [<host> ...]`.
"""

import base64
import io
import logging
import sys
from collections.abc import Sequence

import mlflow
import pandas as pd
import uvicorn
from anyio import to_thread
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel, scoring_server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from croquis.serving.bodies import Refusal
from croquis.serving.connections import bound
from croquis.serving.gate import Gate
from croquis.serving.scoring_requests import images_of
from croquis.serving.turns import HEAD, LARGE, Busy, Turns, pixels_of

LOGGER = logging.getLogger(__name__)
PATHS = ("/invocations", "/ping", "/health", "/version")
MAX_BODY = 16 * 2**20  # an image of 8 MB as base64, or 64 drawings of 180 kB
STOP_SECONDS = 5
MAX_MESSAGE = 300


def scoring_app(model: PyFuncModel, hosts: Sequence[str] = ()) -> Starlette:
    """MLflow's server of a model; /invocations is answered here, as MLflow quotes requests.

    Args:
        model: that takes a column of base64.
        hosts: names beside this machine's own under which it may be asked.
    """
    turns = Turns()

    async def invocations(request: Request) -> Response:
        try:
            content_type = request.headers.get("content-type", "")
            body = await request.body()
            images = await to_thread.run_sync(images_of, body, content_type)
            answer = await turns.take(
                lambda: _predict(model, images),
                pixels=lambda: sum(map(_pixels, images)),
                size=sum(map(len, images)),
            )
            return Response(answer, media_type="application/json")
        except Refusal as refusal:
            return _error(refusal.status, refusal.text)
        except Busy as busy:
            return _error(503, str(busy))
        except MlflowException as error:
            return _error(400, _shown(error.message))
        except Exception as error:
            LOGGER.exception("the model failed")
            return _error(500, _shown(f"model: {type(error).__name__}: {error}"))

    gate = Gate(PATHS, MAX_BODY, hosts)
    return Starlette(
        routes=[
            Route("/invocations", invocations, methods=["POST"]),
            Mount("/", scoring_server.init(model)),
        ],
        middleware=gate.middleware(),
    )


def _predict(model: PyFuncModel, images: list[str]) -> str:
    """The answer to some images, as MLflow writes it."""
    written = io.StringIO()
    probs = model.predict(pd.DataFrame({"image": images}, dtype=object))
    scoring_server.predictions_to_json(probs, written)
    return written.getvalue()


def _pixels(image: str) -> int:
    """Of an image in base64, by its first bytes."""
    text = image.partition(",")[2] if image.startswith("data:") else image
    head = text[: HEAD // 3 * 4]
    try:
        return pixels_of(base64.b64decode(head[: len(head) // 4 * 4]))
    except ValueError:  # refused later, with a reason
        return LARGE + 1


def _error(status: int, text: str) -> JSONResponse:
    """An error as clients of MLflow read it."""
    code = "INVALID_PARAMETER_VALUE" if status < 500 else "TEMPORARILY_UNAVAILABLE"
    code = "INTERNAL_ERROR" if status == 500 else code
    return JSONResponse({"error_code": code, "message": text}, status)


def _shown(text: str) -> str:
    """A message as one line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_MESSAGE else f"{line[:MAX_MESSAGE]} ..."


def _forget_package() -> None:
    """The model brings its own copy of this package, which it would not find while ours is here."""
    for name in [*sys.modules]:
        if name == "croquis" or name.startswith("croquis."):
            del sys.modules[name]


def main(uri: str, port: int, hosts: Sequence[str]) -> None:
    """Serves the model until it is stopped."""
    _forget_package()
    app = scoring_app(mlflow.pyfunc.load_model(uri), hosts)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    bound(config)
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
