"""DVC's notes on who reads and writes what: a kill leaves them so that no DVC can go on."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from croquis.core.errors import InputError
from croquis.restore.dvc_locks import (
    EXPERIMENT_LOCK,
    RUN_LOCK,
    check_idle,
    free_locks,
    read_holders,
)

DAMAGED = [
    "",
    "{",
    '{"write": {"a": {"pid": 1,',
    "\x00\x00\x00",
    "[]",
    "null",
    "7",
    "[" * 100_000,
    '{"write": []}',
    '{"write": {"a": 5}}',
    '{"write": {"a": {"pid": "1", "cmd": "dvc"}}}',
    '{"write": {"a": {"pid": 1}}}',
    '{"read": {"a": {"pid": 1, "cmd": "dvc"}}}',
    '{"other": {}}',
]
SLEEP = "import time; print(flush=True); time.sleep(60)"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    EXPERIMENT_LOCK.parent.mkdir(parents=True)


@pytest.fixture
def living(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that looks like `dvc repro` in this folder."""
    program = tmp_path / "dvc"
    program.write_text(SLEEP)
    yield from started(sys.executable, str(program), "repro")


def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def note(pid: int, command: str = "dvc repro", path: Path = RUN_LOCK) -> None:
    holder = {"pid": pid, "cmd": command}
    notes = {"write": {"data": holder}, "read": {"src": [holder]}}
    path.write_text(json.dumps(notes))


def noted() -> set[int]:
    return {holder.pid for holder in read_holders(RUN_LOCK) or []}


@pytest.mark.parametrize("path", [RUN_LOCK, EXPERIMENT_LOCK])
@pytest.mark.parametrize("text", DAMAGED)
def test_damaged_notes_go_with_a_line(text: str, path: Path) -> None:
    path.write_text(text)
    (line,) = free_locks()
    assert line.startswith(
        f"dvc: {path} was cut by a kill or a full disk, and no DVC"
    )
    assert not path.exists() and free_locks() == []


def test_bytes_that_are_no_text_are_damage() -> None:
    RUN_LOCK.write_bytes(b"\xff\xfe\x80")
    assert len(free_locks()) == 1


def test_damaged_notes_stay_while_a_dvc_is_at_work(
    living: subprocess.Popen[str],
) -> None:
    RUN_LOCK.write_text("")
    with pytest.raises(InputError, match=rf"process {living.pid} \(dvc repro\)"):
        free_locks()
    assert RUN_LOCK.exists()


def test_a_dvc_that_lives_keeps_its_note(living: subprocess.Popen[str]) -> None:
    """Also where the clock of the disk goes behind, and the file looks older than the process."""
    note(living.pid)
    for written in (time.time(), time.time() - 3600):
        os.utime(RUN_LOCK, (written, written))
        assert free_locks() == [] and noted() == {living.pid}
    with pytest.raises(InputError, match=rf"one that is \(process {living.pid}\)"):
        check_idle()


def test_another_program_of_that_number_does_not_block() -> None:
    (process,) = [psutil.Process(os.getppid())]
    note(process.pid)
    os.utime(RUN_LOCK, (1, 1))  # written before that program began
    (line,) = free_locks()
    assert f"(process {process.pid}, dvc repro); another program" in line
    assert noted() == set()


def test_a_program_that_is_no_python_is_no_dvc() -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        note(process.pid)
        assert len(free_locks()) == 1
    finally:
        process.kill()
        process.wait()


def test_the_number_of_this_very_process_is_a_dead_ones() -> None:
    """A container that starts again gives the same numbers to the same commands."""
    note(os.getpid())
    assert len(free_locks()) == 1


def test_a_dead_process_whose_parent_does_not_ask_for_it_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", "", "repro"])
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    note(process.pid)
    assert len(free_locks()) == 1  # to DVC its number lives
    process.wait()


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1, 10**30])
def test_numbers_that_no_process_can_have_are_forgotten(pid: int) -> None:
    note(pid)
    free_locks()
    assert noted() == set()


def test_only_the_dead_are_forgotten(living: subprocess.Popen[str]) -> None:
    holders = [
        {"pid": pid, "cmd": "dvc repro"} for pid in (living.pid, os.getpid())
    ]
    RUN_LOCK.write_text(json.dumps({"read": {"src": holders}, "write": {}}))
    assert len(free_locks()) == 1 and noted() == {living.pid}


def test_without_notes_there_is_nothing_to_do() -> None:
    assert free_locks() == []
    check_idle()
