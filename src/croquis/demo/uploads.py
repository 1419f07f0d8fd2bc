"""What the demo's own programs may ask for, and how much of a disk uploads may take."""

import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from croquis.serving.bodies import refuse
from croquis.serving.gate import Gate

UPLOAD = "/gradio_api/upload"
# The page, its parts, its queue, and the API. Gradio has 60 more: they read files of this machine,
# fetch addresses, call parts of a page, log in, or hold a connection.
PATHS = (
    "/",
    "/config",
    "/theme.css",
    "/favicon.ico",
    "/manifest.json",
    "/robots.txt",
    "/assets/*",
    "/static/*",
    "/svelte/*",
    "/gradio_api/app_id",
    "/gradio_api/info",
    "/gradio_api/openapi.json",
    "/gradio_api/theme.css",
    "/gradio_api/startup-events",
    "/gradio_api/heartbeat/*",
    "/gradio_api/queue/join",
    "/gradio_api/queue/data",
    "/gradio_api/cancel",
    "/gradio_api/reset",
    "/gradio_api/call/guess",
    "/gradio_api/call/guess/*",
    "/gradio_api/call/v2/guess",
    "/gradio_api/call/v2/guess/*",
    UPLOAD,
)
MAX_BODY = 12 * 2**20  # an image of 8 MB as base64
# Bytes on disk of small files and as many of large ones, so that these never push out drawings.
MAX_UPLOADS = 64 * 2**20
SMALL = 2**18
MAX_FILES = 2_000
YOUNG_SECONDS = 30  # an upload may be asked about for so long, whatever others send


def demo_gate(folder: Path, hosts: Sequence[str]) -> list[Middleware]:
    """The gate of the demo, the outermost part first.

    Args:
        folder: of uploads.
        hosts: names beside this machine's own under which it may be asked.
    """
    gate = Gate(PATHS, MAX_BODY, hosts)
    return [*gate.middleware(), Middleware(UploadRoom, folder=folder)]


class UploadRoom:
    """Makes room for an upload by deleting the oldest ones; without room, it is refused.

    Args:
        app: behind it.
        folder: of uploads.
    """

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self._app = app
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].rstrip("/") == UPLOAD:
            # Who names an upload makes Gradio note its progress until somebody asks.
            scope["query_string"] = b""
            # WholeBody has read it, and so knows that this is its length.
            length = int(Headers(scope=scope).get("content-length", MAX_BODY))
            if not await to_thread.run_sync(make_room, self._folder, length):
                text = (
                    f"upload: expected at most {MAX_UPLOADS / 2**20:.0f} MB in"
                    f" {YOUNG_SECONDS} s, received more; try again then"
                )
                await refuse(507, text)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def make_room(folder: Path, length: int, now: float | None = None) -> bool:
    """Whether one more upload fits; deletes the oldest files for it, if they are not too young.

    Args:
        folder: of uploads.
        length: of the upload, in bytes; small and large ones have rooms of their own.
        now: seconds, as of `time.time`.
    """
    is_small = length <= SMALL
    files = [each for each in _files(folder) if (each[1] <= SMALL) == is_small]
    total = sum(size for _, size, _ in files)
    count = len(files)
    old = (time.time() if now is None else now) - YOUNG_SECONDS
    for changed, size, path in sorted(files):
        if _fits(total + length, count):
            break
        if changed > old:
            return False
        with suppress(OSError):
            path.unlink()
            path.parent.rmdir()  # Gradio gives each its own folder
        total -= size
        count -= 1
    return _fits(total + length, count)


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    """Time of change, bytes and path of each file."""
    files = []
    for path in folder.rglob("*"):
        with suppress(OSError):  # another thread has deleted it
            status = path.stat()
            if stat.S_ISREG(status.st_mode):
                # An empty file takes a place, too.
                files.append((status.st_mtime, max(status.st_size, 4096), path))
    return files


def _fits(total: int, count: int) -> bool:
    return total <= MAX_UPLOADS and count < MAX_FILES
