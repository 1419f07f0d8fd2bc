"""The server's side of the process that decodes the images of strangers.

A file may make a decoder take gigabytes, or minutes, or end its process. The server keeps its
memory and answers its other callers: the file meets its limits in `decoding_worker`.
"""

import atexit
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np

from croquis.prepare.opening import TooLarge, Unreadable
from croquis.serving.decoding_worker import (
    MEGABYTES,
    SECONDS,
    Reply,
    SheetShape,
    receive,
    send,
)

_WAIT_SECONDS = 60  # for an answer, on a machine with much else to do
KILLED = (-signal.SIGKILL, -signal.SIGTERM)  # from outside: no decoder does that
_WORKER = "croquis.serving.decoding_worker"


class DecodingProcess:
    """Starts the process, asks it, and replaces it where an image ended it.

    Threads may ask at once; they wait for each other.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()

    def decode(self, content: bytes, sheet: SheetShape) -> np.ndarray:
        """The image in a file's bytes, of `sheet.shape`, uint8.

        Raises:
            Unreadable: if it is no image, is too large, or takes too much memory or time.
        """
        with self._lock:
            reply, pixels = self._ask(content, sheet) or self._ask_again(
                content, sheet
            )
            if reply.leaving:
                self.start()
        if reply.kind == "too large":
            raise TooLarge(reply.expected, reply.reason)
        if reply.kind == "memory":
            raise Unreadable(f"more than {MEGABYTES} MB to decode it")
        if reply.kind == "unreadable":
            raise Unreadable(reply.reason)
        return np.frombuffer(bytearray(pixels), np.uint8).reshape(sheet.shape)

    def start(self) -> None:
        """Starts the process anew; it is ready in a second, while nobody waits for it."""
        self.stop()
        atexit.unregister(self.stop)
        atexit.register(self.stop)
        # As this process finds its modules: an exported model brings its own.
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        # Threads of libraries would each reserve memory.
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._worker = subprocess.Popen(
            [sys.executable, "-m", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # decoders complain there of damaged files
            env={**os.environ, **threads, "PYTHONPATH": paths},
            # Ctrl-C is for the server; with it, this process reads the end of its input.
            start_new_session=True,
        )
        self._owner = os.getpid()

    def stop(self) -> None:
        """Ends the process, if this one has started it."""
        worker = self._worker
        self._worker = None
        if worker is None or self._owner != os.getpid():
            return
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                pipe.close()

    def _ask_again(self, content: bytes, sheet: SheetShape) -> tuple[Reply, bytes]:
        """Of an image whose process was killed meanwhile, which it may have no part in."""
        again = self._ask(content, sheet)
        return again or (Reply("unreadable", _why_ended(-signal.SIGKILL)), b"")

    def _ask(self, content: bytes, sheet: SheetShape) -> tuple[Reply, bytes] | None:
        """None if somebody else has ended the process."""
        worker = self._running()
        assert worker.stdin is not None and worker.stdout is not None
        timer = threading.Timer(_WAIT_SECONDS, worker.kill)
        timer.start()
        start = time.monotonic()
        try:
            send(worker.stdin, sheet, content)
            fields, pixels = receive(worker.stdout)
            return Reply(**fields), pixels
        except (EOFError, OSError):
            status = worker.wait()
            self.start()
            late = time.monotonic() - start >= _WAIT_SECONDS
            if status in KILLED and not late:
                return None
            return Reply("unreadable", _why_ended(status)), b""
        finally:
            timer.cancel()

    def _running(self) -> "subprocess.Popen[bytes]":
        foreign = self._owner != os.getpid()  # the server was forked since
        if self._worker is None or foreign or self._worker.poll() is not None:
            self.start()
        assert self._worker is not None
        return self._worker


def _why_ended(status: int) -> str:
    if status == -signal.SIGPROF:
        return f"more than {SECONDS} seconds to decode it"
    return f"a decoder that fails on it (exit status {status})"


DECODING = DecodingProcess()  # of this server
