"""Signals end DVC whole: its stage first, and not while it moves HEAD or edits."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from croquis.restore import stop_signals

PROGRAM = """
import atexit, pathlib, subprocess, sys, time
from croquis.restore import stop_signals
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


# The modules stand for DVC's and for those of git below it: the places of the files count.
MOVES = """
import contextlib, time
def checkout(seconds):
    print("moves", flush=True)
    end = time.monotonic() + seconds
    while time.monotonic() < end: time.sleep(.01)
@contextlib.contextmanager
def detach_head(seconds):
    checkout(seconds)
    try:
        print("moved", flush=True)
        yield
    finally:
        print("back", flush=True)
"""
WITH_MOVED_HEAD = """
import git_moves
from croquis_test_waits import wait
def stash(seconds):
    with git_moves.detach_head(seconds):
        wait()
"""


def start_moving(
    folder: Path, seconds: float, before: str = ""
) -> subprocess.Popen[str]:
    """A program in the midst of what `dvc exp run` has git do before it runs anything."""
    places = folder / "scmrepo" / "git", folder / "dvc" / "repo" / "experiments"
    for place, name, text in zip(
        places,
        ("git_moves", "queue_moves"),
        (MOVES, WITH_MOVED_HEAD),
        strict=True,
    ):
        place.mkdir(parents=True)
        (place / f"{name}.py").write_text(text)
    waits = folder / "croquis_test_waits.py"
    waits.write_text("import time\ndef wait(): time.sleep(60)\n")
    text = (
        f"import sys; sys.path += {[str(place) for place in (*places, folder)]!r}\n"
        "from croquis.restore.stop_signals import end_whole\n"
        f"end_whole(); {before}\nimport queue_moves; queue_moves.stash({seconds})\n"
    )
    process = start(folder, text)
    assert process.stdout is not None
    assert process.stdout.readline() == "moves\n"
    return process


def test_ctrl_c_waits_while_git_moves_head(tmp_path: Path) -> None:
    """HEAD was left detached: DVC puts it back only once it has been moved."""
    process = start_moving(tmp_path, 0.5)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=30)
    assert out == "moved\nback\n" and process.returncode == -signal.SIGINT
    assert said.rstrip().endswith("KeyboardInterrupt")


def test_ctrl_c_waits_no_longer_than_said(tmp_path: Path) -> None:
    """Whoever asks wants the prompt back, whatever git waits for."""
    before = "import croquis.restore.stop_signals as s; s.HELD = .2"
    process = start_moving(tmp_path, 20, before)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=15)
    assert out == "" and process.returncode == -signal.SIGINT


def test_ctrl_c_elsewhere_is_what_it_was(tmp_path: Path) -> None:
    process = start(tmp_path, PROGRAM)
    assert process.stdout is not None
    stage = int(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait(timeout=30) == -signal.SIGINT
        assert (tmp_path / "ended").exists()
    finally:
        os.kill(stage, signal.SIGKILL)  # a terminal would have asked it, too
        process.communicate()


def test_ctrl_c_that_is_ignored_stays_so() -> None:
    """As in the background of a shell, and while DVC runs a stage."""
    before = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stop_signals.end_whole()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


# DVC's own function that runs a stage's command, under a shell that waits for it.
SHELL_PROGRAM = """
import sys
from croquis.restore import stop_signals
stop_signals.end_shells_too()
from dvc.stage import run
class Stage:
    wdir = "."
    addressing = "train"
    def __getattr__(self, name): return None
Stage.repo = Stage()
Stage.repo.root_dir = "."
options = run.prepare_kwargs(Stage())
command = f"{sys.executable} -c '{code}'; true"
run._run("/bin/sh", command, **options)
"""
STAGE_CODE = (
    "import time; from croquis.core import ending; ending.end_with_parent();"
    ' print("ready", flush=True); time.sleep(60)'
)


def test_a_stage_under_a_shell_that_waits_ends_with_a_killed_dvc(
    tmp_path: Path,
) -> None:
    """`SHELL` is not set in many containers, and then DVC's shell is /bin/sh."""
    process = start(tmp_path, f"code = {STAGE_CODE!r}\n{SHELL_PROGRAM}")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    below = psutil.Process(process.pid).children(recursive=True)
    assert len(below) == 2  # the shell and the stage
    process.kill()
    process.communicate(timeout=30)
    _, alive = psutil.wait_procs(below, timeout=10)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []


# A training that takes seconds to save its state, and ends at once if it is asked again later.
SAVING_STAGE = """
import time
from pathlib import Path
from croquis.runtime.interrupts import interrupts
with interrupts() as asked:
    print(flush=True)
    while asked.received is None:
        time.sleep(.01)
    time.sleep(4)
    Path("saved").touch()
"""
SAVING_PROGRAM = """
import subprocess, sys, time
from croquis.restore import stop_signals
stop_signals.end_whole()
subprocess.Popen([sys.executable, "stage.py"]).wait()
time.sleep(60)
"""


@pytest.mark.parametrize("whole_group", [True, False])
def test_a_training_has_time_to_save_its_state(
    tmp_path: Path, whole_group: bool
) -> None:
    """It was asked again after three seconds, and ended without."""
    (tmp_path / "stage.py").write_text(SAVING_STAGE)
    source = Path(stop_signals.__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", SAVING_PROGRAM],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(source)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    if whole_group:
        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 143 and (tmp_path / "saved").exists()
