"""What a kill leaves alive of a run side by side, and from where its trainings go on.

    PYTHONPATH=src:tests python benchmarks/fanout_kills.py [--kills supervisor dvc ...]

Trainings that only wait, two at a time, with the project's own dvc.yaml. In mid-training one
process is ended: the training, its dvc, its `croquis work` (the supervisor), or the command itself
(the driver, by SIGKILL, SIGTERM or SIGINT). Printed: after how many seconds no training that had to
end was alive, and at which tenth of a second it went on. Wrong is an exit with an error: a training
that lives longer than 5 s, any process at the end, a lost result, a training of `dvc repro`.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from support.slow_stubs import slow_project, starts
from support.tiny import Project

COMMAND = "croquis fanout --jobs 2"
SECONDS = 6.0  # of a training
LONGEST = 5.0  # seconds that anything may live
KILLS = {
    "training": signal.SIGKILL,
    "dvc": signal.SIGKILL,
    "supervisor": signal.SIGKILL,
    "driver": signal.SIGKILL,
    "driver-term": signal.SIGTERM,
    "driver-int": signal.SIGINT,
}


def main() -> None:
    """Prints a line a kill."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", nargs="+", choices=KILLS, default=list(KILLS))
    for name in parser.parse_args().kills:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{name:12} {measure(Path(folder), name)}", flush=True)


def measure(folder: Path, name: str) -> str:
    """What became of a run of which a process was ended."""
    project = slow_project(folder, 1, 2, SECONDS)
    project.run("dvc repro -q split")
    driver = begin(project)
    until(lambda: len(starts(project)) == 2, 120)
    time.sleep(1.5)  # in mid-training
    began = starts(project)
    is_driver = name.startswith("driver")
    victim = driver.pid if is_driver else process_of(name, began[0][2])
    ended = [pid for _, _, pid in began] if is_driver else [began[0][2]]
    os.kill(victim, KILLS[name])
    seconds = until(lambda: not any(map(is_alive, ended)), LONGEST)
    if is_driver:
        driver.wait(60)
        seconds += until(lambda: not alive_of(folder), LONGEST)
        project.run(COMMAND)
    else:
        assert driver.wait(120) == 0, (folder / ".outside" / "said").read_text()
    left = alive_of(folder)
    assert not left, left
    again = [at for key, at, pid in starts(project)[2:]]
    assert len(again) == len(ended), starts(project)
    project.run("dvc repro -q")
    assert len(starts(project)) == 2 + len(again), "dvc repro trained"
    goes_on = ", ".join(map(str, again))
    return f"nothing alive after {seconds:.1f} s; goes on at {goes_on} of {10 * SECONDS:.0f}"


def begin(project: Project) -> subprocess.Popen[bytes]:
    """The command, in a session of its own."""
    with (project.folder / ".outside" / "said").open("wb") as said:
        return subprocess.Popen(
            COMMAND.split(),
            cwd=project.folder,
            env=project.env,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def process_of(name: str, training: int) -> int:
    """The training itself, or the process above it of that name."""
    if name == "training":
        return training
    word = {"dvc": "guarded_dvc", "supervisor": "work"}[name]
    for parent in psutil.Process(training).parents():
        if any(word == part.rpartition(".")[2] for part in parent.cmdline()):
            return parent.pid
    raise LookupError(name)


def is_alive(pid: int) -> bool:
    """Whether a process is there, and more than not yet waited for."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def alive_of(folder: Path) -> list[str]:
    """All processes that work in a folder or are told of it."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = " ".join([process.cwd(), *process.cmdline()])
            if str(folder) in words and is_alive(process.pid):
                found.append(words)
    return found


def until(is_so: Callable[[], bool], longest: float) -> float:
    """Seconds until something is so; an error if it takes too long."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < longest, f"more than {longest} s"
        time.sleep(0.05)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
