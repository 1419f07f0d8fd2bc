"""Stages in forks of one process that has loaded the libraries: each saves seconds of imports.

A folder with a `python` of its own goes first on PATH. It hands `python stages/<stage>.py ...` to
that process, with its folder, environment and files, and waits; all else the real Python runs.
The package croquis itself is imported in each fork, from where that stage's project has it.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

# What stages import first of all, and which takes longest.
LIBRARIES = (
    "albumentations",
    "cv2",
    "jinja2",
    "matplotlib.pyplot",
    "mlflow",
    "mlflow.tracking",
    "pandas",
    "pydantic",
    "safetensors.torch",
    "scipy.stats",
    "skimage.metrics",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "timm",
    "torch",
    "torchvision",
    "typer",
    "yaml",
)
READY = b"ready\n"
BYTES_OF_LENGTH = 4
SHIM = """#!{python} -IS
import json, os, signal, socket, sys
words = sys.argv[1:]
if not words or not (words[0].startswith("stages/") and words[0].endswith(".py")):
    os.execv({python!r}, [{python!r}, *words])
call = json.dumps([words, os.getcwd(), dict(os.environ)]).encode()
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    socket.send_fds(line, [len(call).to_bytes({length}, "big")], [0, 1, 2])
    line.sendall(call)
    stage = int.from_bytes(line.recv({length}), "big")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: os.kill(stage, number))
    status = os.waitstatus_to_exitcode(int.from_bytes(line.recv({length}), "big"))
if status < 0:
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
sys.exit(status)
"""


@contextlib.contextmanager
def loaded_python(folder: Path) -> Iterator[Path]:
    """A folder for the beginning of PATH, for as long as the block lasts.

    Args:
        folder: an empty one, with a short path: the address of a socket has at most 107 bytes.
    """
    address = str(folder / "line")
    process = subprocess.Popen(
        [sys.executable, __file__, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        assert process.stdout.readline() == READY
        commands = folder / "bin"
        commands.mkdir()
        shim = commands / "python"
        shim.write_text(
            SHIM.format(
                python=sys.executable, address=address, length=BYTES_OF_LENGTH
            )
        )
        shim.chmod(0o755)
        yield commands
    finally:
        process.stdin.close()  # it ends with that
        process.stdout.close()
        process.wait()


def _serve(address: str) -> None:
    """Forks a stage for each call, until standard input ends."""
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        os.write(1, READY)
        while True:
            ready, _, _ = select.select([listener, 0], [], [])
            if 0 in ready:
                return
            line, _ = listener.accept()
            with line:
                if os.fork() == 0:
                    if os.fork() == 0:
                        listener.close()
                        _answer(line)
                    os._exit(0)
            os.wait()


def _answer(line: socket.socket) -> NoReturn:
    """Runs a stage in a child and tells its number and then how it ended; a kill ends it, too."""
    length, files, _, _ = socket.recv_fds(line, BYTES_OF_LENGTH, 3)
    call = b""
    while len(call) < int.from_bytes(length, "big"):
        call += line.recv(1 << 20)
    stage = os.fork()
    if stage == 0:
        line.close()
        _run(files, *json.loads(call))
    with contextlib.suppress(OSError):  # who asked may be gone
        line.sendall(stage.to_bytes(BYTES_OF_LENGTH, "big"))
        _, status = os.waitpid(stage, 0)
        line.sendall(status.to_bytes(BYTES_OF_LENGTH, "big"))
    os._exit(0)


def _run(
    files: list[int], words: list[str], folder: str, environment: dict[str, Any]
) -> NoReturn:
    """What Python does with a script."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sources = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [str(Path(words[0]).resolve().parent), *filter(None, sources)]
    sys.argv = words
    signal.signal(signal.SIGINT, signal.default_int_handler)
    status = 1
    try:
        runpy.run_path(words[0], run_name="__main__")
        status = 0
    except SystemExit as end:
        status = (
            end.code if isinstance(end.code, int) else int(end.code is not None)
        )
    except BaseException:
        traceback.print_exc()
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    _serve(sys.argv[1])
