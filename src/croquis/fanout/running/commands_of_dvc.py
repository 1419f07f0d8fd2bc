"""Commands of DVC, as a person would type them: they end with this process."""

import contextlib
import functools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

from croquis.core.ending import end_with_parent

PASSED_ON = (signal.SIGTERM, signal.SIGHUP)


def run_dvc(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> None:
    """Runs a command of DVC with the guards of this project; ends this process where it fails.

    Args:
        folder: in which it runs.
        arguments: of the command line, behind `dvc`.
        environment: of it; None: this process's.

    Raises:
        SystemExit: with its status; it has said why.
    """
    process = subprocess.Popen(
        dvc_command(*arguments),
        cwd=folder,
        env=dict(environment or os.environ),
        preexec_fn=functools.partial(end_with_parent, os.getpid()),
    )
    with _passing_on(process):
        status = process.wait()
    if status:
        raise SystemExit(status if status > 0 else 128 - status)


def dvc_command(*arguments: str) -> list[str]:
    """The command line of the guarded DVC, of this very Python."""
    return [sys.executable, "-m", "croquis.commands.guarded_dvc", *arguments]


@contextlib.contextmanager
def _passing_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Within the block signals are the command's affair; a terminal sends it Ctrl-C by itself."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        if number in PASSED_ON:
            process.send_signal(number)

    before = {}
    for number in (*PASSED_ON, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, pass_on)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
