"""Signals to `dvc exp run` while git moves HEAD and a person's edits: both are where they were."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from faults.outcomes import Outcome
from faults.tiny_run import TinyRun

COMMAND = "dvc exp run -S seed=7 check"  # HEAD leaves its branch twice, and stages are short
EDIT = "\nAn edit that is not committed.\n"
EDITED = "README.md"  # git has it, and no stage reads it
SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM}
TIMES = 4  # of each signal
LATER = 0.05  # seconds after HEAD has moved, at most
LONGEST = 120.0  # seconds of a command


def disturb_moved_head(
    committed: TinyRun, folder: Path, seed: int, tell: Callable[[str], None]
) -> list[Outcome]:
    """Signals within milliseconds of each move; nothing is left for a person to put back.

    Args:
        committed: a project at its last commit, which is copied.
        folder: where the copies go.
        seed: of the moments.
        tell: takes a line for each.
    """
    rng = random.Random(seed)
    outcomes = []
    for number in range(TIMES):
        for name in SIGNALS:
            run = committed.copied(folder / f"moved{number}-{name}")
            wrong = _disturb(run, name, rng)
            outcomes.append(
                Outcome(f"{name} as git moves HEAD", "dvc exp run", wrong)
            )
            tell(str(outcomes[-1]))
            if not wrong:
                shutil.rmtree(run.folder, ignore_errors=True)
    return outcomes


def _disturb(run: TinyRun, name: str, rng: random.Random) -> str:
    edited = run.folder / EDITED
    text = edited.read_text() + EDIT
    edited.write_text(text)
    child = run.begin(COMMAND, run.folder / ".outside/printed")
    began = time.monotonic()
    for detached in rng.choice([(True,), (True, False), (True, False, True)]):
        while child.poll() is None and _is_detached(run.folder) != detached:
            if time.monotonic() - began > LONGEST:
                break
            time.sleep(0.0005)
    time.sleep(rng.choice([0, rng.uniform(0, LATER)]))
    if child.poll() is None:
        os.killpg(child.pid, SIGNALS[name])
    child.wait(timeout=LONGEST)
    wrong = []
    if _is_detached(run.folder):
        wrong.append("HEAD is on no branch")
    if edited.read_text() != text:
        wrong.append("the edit is gone")
    if run.call("git stash list")[1].strip():
        wrong.append("an edit is in `git stash`")
    return "; ".join(wrong)


def _is_detached(folder: Path) -> bool:
    return not (folder / ".git/HEAD").read_text().startswith("ref:")
