"""Puts DVC's notes on who reads and writes what right again: `.dvc/tmp/rwlock`.

DVC writes them in place. So a kill or a full disk leaves them empty or cut, and then every later
command of DVC ends in "JSON structure is corrupted". And DVC asks of a process that is noted there
only whether its number lives, so another program of that number blocks it.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from croquis.core.errors import InputError
from croquis.restore.living_dvc import holds_lock, living_dvcs, name_process

RUN_LOCK = Path(".dvc/tmp/rwlock")
EXPERIMENT_LOCK = Path(".dvc/tmp/exps/rwlock")


@dataclass(frozen=True)
class Holder:
    """A process that is noted to read or write something.

    Attributes:
        place: what it reads or writes: a path, or a reference of git.
        writes: whether it writes.
        pid: its number.
        command: its command line.
    """

    place: str
    writes: bool
    pid: int
    command: str


def free_locks(*, experiments: bool = True) -> list[str]:
    """Removes what dead processes left in DVC's notes of this folder; a line for what it did.

    Args:
        experiments: whether the notes of experiments, too.

    Raises:
        InputError: if notes are damaged and a DVC is at work here.
    """
    lines = []
    for path in (RUN_LOCK, EXPERIMENT_LOCK) if experiments else (RUN_LOCK,):
        if path.is_file() and _wants_repair(path):
            with _guard(path) as alone:
                lines += _repair(path) if alone and path.is_file() else []
    return lines


def check_idle() -> None:
    """Raises InputError if a run is at work here.

    DVC frees its own lock while a stage runs, but notes who reads and writes what.
    """
    free_locks(experiments=False)
    for holder in living_holders(RUN_LOCK):
        raise InputError(
            "dvc",
            expected="no run at work here",
            received=f"one that is (process {holder.pid})",
            fix="wait for it, or end it",
        )


def living_holders(path: Path) -> list[Holder]:
    """Those that are noted in a file and live; none where it is damaged or absent."""
    return [holder for holder in read_holders(path) or [] if _lives(holder, path)]


def dead_holders(path: Path) -> list[Holder]:
    """Those that are noted in a file and do not live any more."""
    return [
        holder for holder in read_holders(path) or [] if not _lives(holder, path)
    ]


def read_holders(path: Path) -> list[Holder] | None:
    """Those that are noted in a file of DVC's; None where it is damaged."""
    try:
        notes = json.loads(path.read_bytes().decode())
    except FileNotFoundError:
        return []
    except (ValueError, RecursionError):
        return None
    try:
        return [*_writers(notes), *_readers(notes)]
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _writers(notes: dict[str, Any]) -> Iterator[Holder]:
    _only(notes, {"write", "read"})
    for place, note in notes.get("write", {}).items():
        yield _holder(place, note, writes=True)


def _readers(notes: dict[str, Any]) -> Iterator[Holder]:
    for place, readers in notes.get("read", {}).items():
        if not isinstance(readers, list):
            raise TypeError(readers)
        for note in readers:
            yield _holder(place, note, writes=False)


def _holder(place: str, note: dict[str, Any], *, writes: bool) -> Holder:
    """One note, as strict as DVC is."""
    _only(note, {"pid", "cmd"})
    if not isinstance(note["pid"], int) or not isinstance(note["cmd"], str):
        raise TypeError(note)
    return Holder(place, writes, note["pid"], note["cmd"])


def _only(notes: dict[str, Any], keys: set[str]) -> None:
    if set(notes.keys()) - keys:
        raise KeyError(*notes)


def _lives(holder: Holder, path: Path) -> bool:
    written = path.stat().st_mtime
    return holds_lock(holder.pid, holder.command, written, Path.cwd())


def _wants_repair(path: Path) -> bool:
    return read_holders(path) is None or bool(dead_holders(path))


def _repair(path: Path) -> list[str]:
    if read_holders(path) is None:
        return [_remove_damaged(path)]
    dead = dead_holders(path)
    living = living_holders(path)
    # DVC forgets by itself those whose numbers nobody has.
    others = [holder for holder in dead if _number_lives(holder.pid)]
    _write(path, living)
    if not others:
        return []
    first = f"process {others[0].pid}, {_short(others[0].command)}"
    return [
        f"dvc: {path} named a run that was killed ({first}); another program has"
        " its number now, so it is forgotten"
    ]


def _remove_damaged(path: Path) -> str:
    # Workers of the queue note themselves in the file of experiments alone.
    living = living_dvcs(Path.cwd(), workers=path == EXPERIMENT_LOCK)
    if living:
        raise InputError(
            path,
            expected="DVC's notes on who reads and writes what",
            received="what a kill or a full disk cut, and a DVC is at work here:"
            f" {name_process(living[0])}",
            fix="wait until it has ended, or end it; then the same command puts it right",
        )
    path.unlink()
    return (
        f"dvc: {path} was cut by a kill or a full disk, and no DVC is at work here;"
        " it is removed"
    )


def _short(command: str) -> str:
    """Without the folder of the program."""
    program, _, rest = command.partition(" ")
    return f"{Path(program).name} {rest}".strip()


def _number_lives(pid: int) -> bool:
    try:
        return psutil.pid_exists(pid)
    except (OverflowError, ValueError):  # DVC would end in an error of Python's
        return True


def _write(path: Path, holders: list[Holder]) -> None:
    """The notes with these alone; whole or not at all."""
    notes: dict[str, dict[str, Any]] = {"write": {}, "read": {}}
    for holder in holders:
        note = {"pid": holder.pid, "cmd": holder.command}
        if holder.writes:
            notes["write"][holder.place] = note
        else:
            notes["read"].setdefault(holder.place, []).append(note)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(notes), encoding="utf-8")
    os.replace(draft, path)


@contextmanager
def _guard(path: Path) -> Iterator[bool]:
    """The lock that DVC takes to edit a file of notes; false if another has it."""
    import zc.lockfile

    try:
        lock = zc.lockfile.LockFile(str(path.with_name(f"{path.name}.lock")))
    except zc.lockfile.LockError:
        yield False
        return
    try:
        yield True
    finally:
        lock.close()
