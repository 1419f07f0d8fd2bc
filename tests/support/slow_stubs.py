"""Stub trainings that take their time, save where they are when they are ended, and go on."""

from pathlib import Path

from support.stubs import stub_project
from support.tiny import Project

# In place of training: waits, a tick a tenth of a second, and tells where it begins.
WAIT = """import json, os, signal, sys, time
from pathlib import Path

home = Path(os.environ.get("CROQUIS_ROOT", ".")) / ".outside"
home.mkdir(exist_ok=True)
words = sys.argv[1:]
key = "-".join(words[words.index(option) + 1] for option in ("--model", "--fold"))
state = home / f"state-{key}"
at = int(state.read_text()) if state.exists() else 0

def save(*_):
    state.write_text(str(at))
    sys.exit(143)

signal.signal(signal.SIGTERM, save)
with open(home / "starts", "a") as starts:
    starts.write(f"{key} {at} {os.getpid()}" + chr(10))
while at < TICKS:
    time.sleep(.1)
    at += 1

"""


def slow_project(folder: Path, models: int, folds: int, seconds: float) -> Project:
    """A project of stubs without probes, whose trainings take some seconds each.

    Args:
        folder: in which it is made.
        models: how many.
        folds: of each.
        seconds: that a training takes.
    """
    project = stub_project(folder, [f"m{k}" for k in range(models)], [], folds)
    script = folder / "stages" / "train.py"
    wait = WAIT.replace("TICKS", str(round(10 * seconds)))
    script.write_text(wait + script.read_text())
    project.run("git commit -qam slow")
    return project


def starts(project: Project) -> list[tuple[str, int, int]]:
    """Each start of a training: its key, the tick where it began, and its process."""
    path = project.folder / ".outside" / "starts"
    lines = path.read_text().splitlines() if path.exists() else []
    return [
        (key, int(at), int(pid))
        for key, at, pid in (line.split() for line in lines)
    ]
