"""What runs on the nodes of a cluster: one attempt under a supervisor.

A plain function, so that tests call it without a cluster; `cluster.py` makes a task of it.
"""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croquis.core.cpu_count import cpu_count

POLL = 0.2  # seconds between two looks at a supervisor
TELL = 1.0  # seconds between two words to the driver, at most
ECHO = 1.2  # seconds after which a second signal means at once to a supervisor
MOST_BYTES = 2**18  # of a log in one word


@dataclass(frozen=True)
class StageOrder:
    """One attempt, for any node.

    Attributes:
        stage: its name.
        home: the folder of checkouts, where the disk is shared; else empty.
        root: the project's folder, where the disk is shared; else empty.
        cache: DVC's cache, where the disk is shared; else empty.
        remote: DVC's remote, where it is not; else empty.
        share: of a GPU.
        slots: how many attempts share the node.
        environment: of MLflow and DVC, as the driver has it.
    """

    stage: str
    home: str
    root: str
    cache: str
    remote: str
    share: float
    slots: float
    environment: dict[str, str]


def run_stage(
    order: StageOrder,
    parcel: bytes,
    tell: Callable[[dict[str, Any]], int],
    command: Callable[..., list[str]] | None = None,
) -> int:
    """Runs one attempt to its end; the status of `croquis work`.

    Args:
        order: what to run.
        parcel: the project.
        tell: takes `{stage, status, log}`, the last two new since the last word, and says how
            often the driver has been asked to end.
        command: of the supervisor; None: `work_command`.
    """
    from croquis.fanout.this_machine import share_of_machine
    from croquis.fanout.work import work_command

    home = Path(order.home) if order.home else _home_here()
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="croquis-ray-") as desk:
        status, log = Path(desk) / "status.json", Path(desk) / "log"
        words = (command or work_command)(
            order.stage,
            _written(parcel, home),
            home,
            cache=Path(order.cache) if order.cache else None,
            root=Path(order.root) if order.root else None,
            remote=order.remote or None,
            parent=os.getpid(),
            status=status,
        )
        gpu = os.environ.get("CUDA_VISIBLE_DEVICES") or None
        given = {**os.environ, **order.environment}
        given.pop("OMP_NUM_THREADS", None)  # Ray's, not a person's
        given |= order.environment
        shares = share_of_machine(given, gpu, cpu_count(), order.slots)
        with log.open("wb") as file:
            process = subprocess.Popen(
                words,
                cwd=home,  # Ray's own may be gone
                env=given | shares,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        return _watch(order.stage, process, status, log, tell)


def _watch(
    stage: str,
    process: subprocess.Popen[bytes],
    status: Path,
    log: Path,
    tell: Callable[[dict[str, Any]], int],
) -> int:
    """Tells the driver what is new until the supervisor has ended; passes its wish to end on."""
    read, said, told_at, asked_at = 0, b"", 0.0, 0.0
    try:
        while True:
            ended = process.poll()
            now = time.monotonic()
            if ended is not None or now - told_at >= TELL:
                told_at = now
                with log.open("rb") as file:
                    file.seek(read)
                    chunk = file.read(MOST_BYTES)
                read += len(chunk)
                line = _bytes_of(status)
                new = line if line != said else b""
                said = line
                asked = tell({"stage": stage, "log": chunk, "status": _json(new)})
                again = asked > 1 and now - asked_at > ECHO
                if ended is None and asked and (not asked_at or again):
                    asked_at = now
                    process.send_signal(signal.SIGTERM)
                if ended is not None and len(chunk) < MOST_BYTES:
                    return ended
            time.sleep(POLL)
    finally:  # the task is cancelled, or the driver cannot be told
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _written(parcel: bytes, home: Path) -> Path:
    """The parcel as a file: once a node."""
    path = home / f"{hashlib.sha256(parcel).hexdigest()[:16]}.parcel"
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_bytes(parcel)
        os.replace(draft, path)
    return path


def _home_here() -> Path:
    """Where checkouts are on a machine that does not have the project's disk."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "croquis" / "fanout"


def _bytes_of(path: Path) -> bytes:
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


def _json(line: bytes) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        said = json.loads(line)
        return said if isinstance(said, dict) else {}
    return {}


class Mailbox:
    """Where attempts tell the driver how far they are, and learn that it has been asked to end."""

    def __init__(self) -> None:
        self._words: list[dict[str, Any]] = []
        self._asked = 0

    def tell(self, word: dict[str, Any]) -> int:
        """Keeps a word of an attempt; how often the driver has been asked to end."""
        self._words.append(word)
        return self._asked

    def take(self, asked: int) -> list[dict[str, Any]]:
        """The words since the last time.

        Args:
            asked: how often the driver has been asked to end: attempts learn it with their next
                word. Said each time, as a mailbox that was killed has forgotten it.
        """
        self._asked = asked
        words, self._words = self._words, []
        return words
