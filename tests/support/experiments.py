"""A small repository of git and DVC in which `dvc exp run` can be killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from support.standing_files import commit, dvc, environment, run

PIPELINE = """
stages:
  one:
    cmd: mkdir -p data && cp params.yaml data/one.txt && sleep ${wait}
    params: [lr, wait]
    outs: [data/one.txt]
"""
EDIT = "my uncommitted edit\n"


def make_experiments(folder: Path, wait: float = 0) -> Path:
    """The repository after a run, all committed."""
    (folder / "stages").mkdir(parents=True)
    texts = {
        "dvc.yaml": PIPELINE,
        "params.yaml": f"lr: 0.5\nwait: {wait}\n",
        "code.py": "# as committed\n",
        "stages/check.py": "",
        ".gitignore": "/data/\n/.resume/\n/.outside/\n/.undo/\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    run(folder, "git", "init", "-q", "-b", "main", ".")
    for role in ("name", "email"):
        run(folder, "git", "config", f"user.{role}", "a@b")
    dvc(folder, "init", "-q")
    commit(folder)
    dvc(folder, "repro", "-q")
    commit(folder)
    return folder


def edit(folder: Path) -> None:
    """What a person has not committed: an edit, and a new file that git was told of."""
    (folder / "code.py").write_text(EDIT)
    (folder / "new.py").write_text(EDIT)
    run(folder, "git", "add", "new.py")


def is_edited(folder: Path) -> bool:
    """Whether both are there."""
    files = [folder / name for name in ("code.py", "new.py")]
    return all(path.is_file() and path.read_text() == EDIT for path in files)


def on_main(folder: Path) -> bool:
    return (folder / ".git/HEAD").read_text() == "ref: refs/heads/main\n"


def kill_experiment(
    folder: Path,
    number: signal.Signals,
    moment: Callable[[], bool],
    pause: float = 0,
) -> int:
    """The status of a `dvc exp run` that got a signal at a moment, with all it started."""
    words = (sys.executable, "-m", "dvc", "exp", "run", "-S", "lr=0.7")
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=os.environ | environment(folder),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    while not moment() and process.poll() is None and time.monotonic() < end:
        pass
    time.sleep(pause)
    if process.poll() is None:
        os.killpg(process.pid, number)
    return process.wait()
