"""Disks that fill up while a stage is at work."""

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from faults.kills import LOOK, last_words
from faults.outcomes import Outcome
from faults.processes import family, stage_of
from faults.stale import make_stale
from faults.tiny_run import REPRO, STAGES, Reference, TinyRun

SIZE = 400  # MiB of the disk
LEFT = (0, 4096, 65536)  # bytes that are free once a stage has begun
KIND = "a disk that fills up"
TRACEBACK = "Traceback (most recent call last)"


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A disk of `SIZE` at a folder; False where this user may not make one."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(["mount", *options], capture_output=True)
    except FileNotFoundError:
        yield False
        return
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_disks(
    finished: TinyRun,
    reference: Reference,
    folder: Path,
    seed: int,
    tell: Callable[[str], None],
) -> list[Outcome]:
    """Fills the disk at each stage, and runs again once there is room."""
    with small_disk(folder) as mounted:
        if not mounted:
            return [Outcome(KIND, "", skipped=True)]
        rng = random.Random(seed)
        run = finished.copied(folder / "run")
        outcomes = []
        for stage in STAGES[1:]:
            left = rng.choice(LEFT)
            make_stale(run, stage, rng)
            wrong = _fill_once(run, stage, left) or _go_on(run, reference)
            outcomes.append(Outcome(KIND, stage, wrong))
            tell(str(outcomes[-1]))
        return outcomes


def _fill_once(run: TinyRun, stage: str, left: int) -> str:
    """Runs with a disk that is full once the stage has begun; what was wrong."""
    printed = Path(run.folder / ".outside/printed")
    filler = run.folder / ".outside/filler"
    child = run.begin(REPRO, printed)
    try:
        while child.poll() is None:
            now = stage_of(family(child))
            if now is not None and now.name == stage and not filler.exists():
                _fill(filler, left)
            time.sleep(LOOK)
    finally:
        filler.unlink(missing_ok=True)
    words = printed.read_text(errors="replace")
    if TRACEBACK in words:
        return f"a traceback: {last_words(words)}"
    if child.returncode != 0 and "error" not in words.lower():
        return f"no word about it: {last_words(words)}"
    return ""


def _fill(filler: Path, left: int) -> None:
    free = os.statvfs(filler.parent)
    size = free.f_bavail * free.f_frsize - left
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(size, 1))


def _go_on(run: TinyRun, reference: Reference) -> str:
    status, words = run.call(REPRO)
    if status:
        return f"`make repro` needs a hand: {last_words(words)}"
    return "; ".join(run.differences(reference, tracked=False))
