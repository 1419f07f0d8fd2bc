"""Whether a DVC is at work in a folder: a number of a process alone does not tell.

After a kill the number may be another program's, above all when a container starts again and
gives the same small numbers. And a dead process keeps its number until its parent asks for it.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

CLOCK = 2.0  # seconds by which a file's time and a process's start may be off
# Of DVC's queue: they work in folders of their own, .dvc/tmp/exps/tmp...
WORKERS = {"queue-worker", "exec-run"}
PROGRAMS = {"dvc", "guarded_dvc.py", "croquis.commands.guarded_dvc"}


def holds_lock(pid: int, command: str, written: float, folder: Path) -> bool:
    """Whether the process that noted itself in a file of DVC's still lives.

    Args:
        pid: its number.
        command: its command line without Python, as DVC noted it.
        written: when the file was last written; who noted itself there is older.
        folder: of the project.
    """
    if (
        pid == os.getpid()
    ):  # it has noted nothing yet: a dead one had the same number
        return False
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        words = process.cmdline()
        began = process.create_time()
    except psutil.AccessDenied:  # another person's: nothing speaks against it
        return True
    except (psutil.Error, OSError, OverflowError, ValueError):
        return False
    is_here = works_in(process, folder)
    # Whatever the times say: the clock of a server may go behind this one.
    if is_here and _after_dvc(words) is not None:
        return True
    if began > written + CLOCK or not _is_python(words):
        return False
    return is_here or command.endswith(words[-1])


def living_dvcs(folder: Path, *, workers: bool = False) -> list[psutil.Process]:
    """The DVCs that are at work in a folder, but for this process.

    Args:
        folder: of the project.
        workers: whether those of DVC's queue count.
    """
    return [
        process
        for process, words in _dvcs()
        if (workers or not WORKERS & set(words)) and works_in(process, folder)
    ]


def name_process(process: psutil.Process) -> str:
    """`process 123 (dvc repro)`."""
    try:
        words = " ".join(["dvc", *(_after_dvc(process.cmdline()) or [])])
    except psutil.Error:
        words = "dvc"
    return f"process {process.pid} ({words})"


def _dvcs() -> Iterator[tuple[psutil.Process, Sequence[str]]]:
    """All DVCs of this machine with what follows `dvc` on their command lines."""
    for process in psutil.process_iter():
        try:
            words = _after_dvc(process.cmdline())
            alive = process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            continue
        if words is not None and alive and process.pid != os.getpid():
            yield process, words


def _is_python(words: Sequence[str]) -> bool:
    return bool(words) and Path(words[0]).name.startswith(("python", "pypy"))


def _after_dvc(words: Sequence[str]) -> Sequence[str] | None:
    """What follows `dvc` on a command line; None where it is not DVC's."""
    if words and Path(words[0]).name == "dvc":
        return words[1:]
    if not _is_python(words):
        return None
    for place, word in enumerate(words[1:5], start=1):
        path = Path(word)
        is_module = path.parts[-2:] == ("dvc", "__main__.py")
        if path.name in PROGRAMS or is_module:
            return words[place + 1 :]
    return None


def works_in(process: psutil.Process, folder: Path) -> bool:
    """Whether a process works in a folder; true where nobody may know."""
    try:
        place = Path(process.cwd())
    except psutil.AccessDenied:
        return True
    except (psutil.Error, OSError):
        return False
    return place.is_relative_to(folder.resolve())
