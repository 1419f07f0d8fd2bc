"""SIGTERM and SIGHUP end DVC whole: its stage first, and not while it moves HEAD or edits."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from croquis.restore import stop_signals

PROGRAM = """
import atexit, pathlib, subprocess, sys, time
from croquis.restore import stop_signals
stop_signals.TOGETHER = 0.2
stop_signals.end_whole()
atexit.register(lambda: pathlib.Path("ended").touch())
stage = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(stage.pid, flush=True)
stage.wait()
time.sleep(60)
"""


def start(folder: Path, text: str) -> subprocess.Popen[str]:
    source = Path(stop_signals.__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", text],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(source)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_it_ends_with_its_stage_and_cleans_up(
    number: signal.Signals, tmp_path: Path
) -> None:
    process = start(tmp_path, PROGRAM)
    assert process.stdout is not None
    stage = int(process.stdout.readline())
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert said == (
        f"dvc: ended by {number.name}; the same command goes on where it was\n"
    )
    assert (tmp_path / "ended").exists() and not Path(f"/proc/{stage}").exists()


def test_a_signal_that_is_ignored_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `nohup` has it."""
    before = [signal.getsignal(number) for number in stop_signals.SIGNALS]
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        stop_signals.end_whole()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is stop_signals._end
    finally:
        for number, handler in zip(stop_signals.SIGNALS, before, strict=True):
            signal.signal(number, handler)


def test_it_waits_while_dvc_moves_edits(tmp_path: Path) -> None:
    """The module stands for one of DVC's, of which the place of the file is what counts."""
    folder = tmp_path / "dvc" / "repo" / "experiments"
    folder.mkdir(parents=True)
    (folder / "moves.py").write_text(
        "import time\n"
        "def move():\n"
        "    print(flush=True)\n"
        "    end = time.monotonic() + .5\n"
        "    while time.monotonic() < end: time.sleep(.01)\n"
        "    open('moved', 'w')\n"
    )
    text = (
        f"import sys, time; sys.path.append({str(folder)!r}); import moves\n"
        "from croquis.restore.stop_signals import end_whole\n"
        "end_whole(); moves.move(); time.sleep(60)\n"
    )
    process = start(tmp_path, text)
    assert process.stdout is not None
    process.stdout.readline()
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143 and (tmp_path / "moved").exists()
    assert time.monotonic() - began < 30
