"""Processes that are killed while they write, as a stage is by a person or for want of memory."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def killed_while(code: str, folder: Path, number: int = signal.SIGKILL) -> int:
    """The status of a Python program that `number` hits where it prints `ready`, in `folder`."""
    with begun(code, folder) as child:
        child.send_signal(number)
        child.communicate()
    return child.returncode


def begun(code: str, folder: Path) -> subprocess.Popen[str]:
    """A Python program in `folder` that has printed `ready`."""
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None and child.stderr is not None
    if child.stdout.readline() != "ready\n":
        raise AssertionError(child.stderr.read())
    return child
