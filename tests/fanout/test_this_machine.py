"""Attempts as processes of this machine; a small script stands for `croquis work`."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from croquis.fanout.cards import make_cards
from croquis.fanout.driver import drive
from croquis.fanout.jobs import Attempt, Ending, Job, Progress, Result
from croquis.fanout.this_machine import (
    ThisMachine,
    ending_of,
    share_of_machine,
)
from support.fake_engine import Notes, jobs

# What each stage does; `status` is the file that it keeps its status in.
STAGES = {
    "good": "print('trained', os.environ.get('CUDA_VISIBLE_DEVICES'))",
    "bad": "sys.exit('error: images: expected some, received none')",
    "full": "sys.exit(75)",
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "once": "p = pathlib.Path('once'); p.exists() or (p.touch(), os.kill(os.getpid(), 9))",
    "long": """
said = {"text": "epoch 4 of 10", "done": 4, "total": 10, "unit": "epoch"}
pathlib.Path(status).write_text(json.dumps(said))
try:
    time.sleep(60)
except BaseException:
    pathlib.Path("saved").touch()
    sys.exit(143)
""",
    "deaf": """
asked = []
def hear(*_):
    asked.append(1)
    if len(asked) > 1:
        sys.exit(143)
signal.signal(signal.SIGTERM, hear)
pathlib.Path(status).write_text("{}")
while True:
    time.sleep(.05)
""",
}
HEAD = "import json, os, pathlib, signal, sys, time; status = sys.argv[1]\n"
HEAD += "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"


def command(stage: str, status: Path) -> list[str]:
    code = HEAD + STAGES[stage.partition("@")[0]]
    return [sys.executable, "-S", "-c", code, str(status)]


@pytest.fixture
def engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ThisMachine]:
    monkeypatch.chdir(tmp_path)
    cards = make_cards((), 2, 2)
    made = ThisMachine(command, cards, tmp_path / "logs", cores=2)
    yield made
    made.close()


def until_progress(engine: ThisMachine) -> Progress:
    for _ in range(100):
        for change in engine.changes(0.1):
            if isinstance(change, Progress):
                return change
    raise AssertionError("no progress")


def until_result(engine: ThisMachine) -> Result:
    for _ in range(100):
        for change in engine.changes(0.2):
            if isinstance(change, Result):
                return change
    raise AssertionError("no result")


def results(engine: ThisMachine, *names: str) -> dict[str, Result]:
    return {r.stage: r for r in drive(jobs(*names), engine, Notes())}


def test_what_ends_well_has_a_log(engine: ThisMachine) -> None:
    (result,) = results(engine, "good").values()
    assert result.ending is Ending.DONE and result.seconds < 30
    assert result.log is not None and "trained" in result.log.read_text()


def test_what_fails_is_told_with_its_last_lines(engine: ThisMachine) -> None:
    ended = results(engine, "bad", "good")
    assert ended["bad"].ending is Ending.FAILED
    assert "expected some, received none" in ended["bad"].reason
    assert ended["good"].ending is Ending.DONE


def test_what_is_killed_runs_again(engine: ThisMachine) -> None:
    assert results(engine, "once")["once"].ending is Ending.DONE


def test_what_is_always_killed_is_given_up(engine: ThisMachine) -> None:
    ended = results(engine, "killed", "full")
    assert [r.ending for r in ended.values()] == [Ending.LOST, Ending.LOST]
    assert "ended by SIGKILL" in ended["killed"].reason


def test_progress_is_what_the_stage_says(engine: ThisMachine) -> None:
    engine.submit(Attempt(Job("long")))
    progress = until_progress(engine)
    assert (progress.text, progress.done, progress.total) == (
        "epoch 4 of 10",
        4,
        10,
    )


def test_asked_to_end_it_saves_and_nothing_is_left(
    engine: ThisMachine, tmp_path: Path
) -> None:
    engine.submit(Attempt(Job("long")))
    until_progress(engine)
    pid = engine._running["long"].process.pid
    engine.cancel_all()
    assert until_result(engine).ending is Ending.STOPPED
    assert (tmp_path / "saved").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_asked_twice_it_ends_at_once(engine: ThisMachine) -> None:
    engine.submit(Attempt(Job("deaf")))
    until_progress(engine)
    engine.cancel_all()
    assert engine.changes(0.3) == []
    engine.cancel_all(at_once=True)
    assert until_result(engine).ending is Ending.STOPPED


def test_what_waits_for_room_on_a_card_is_stopped_too(tmp_path: Path) -> None:
    cards = make_cards(("0", "1"), None, 2)
    cards[0].users["other"] = cards[1].users["another"] = 0.25
    engine = ThisMachine(command, cards, tmp_path, cores=2)
    engine.submit(Attempt(Job("good")))
    assert engine.changes(0) == []
    engine.cancel_all()
    assert engine.changes(0) == [Result("good", Ending.STOPPED, 0.0)]


def test_each_job_sees_its_card_alone(tmp_path: Path) -> None:
    cards = make_cards(("0", "1"), None, 2)
    engine = ThisMachine(command, cards, tmp_path / "logs", cores=2)
    drive(jobs("good@0", "good@1"), engine, Notes())
    texts = [(tmp_path / "logs" / f"good@{k}.log").read_text() for k in (0, 1)]
    assert texts == ["trained 0\n", "trained 1\n"]


@pytest.mark.parametrize(
    ("status", "was_asked", "ending"),
    [
        (0, True, Ending.DONE),
        (1, False, Ending.FAILED),
        (75, False, Ending.LOST),
        (143, True, Ending.STOPPED),
        (143, False, Ending.LOST),
        (-signal.SIGSEGV, False, Ending.LOST),
    ],
)
def test_a_status_tells_how_it_ended(
    status: int, was_asked: bool, ending: Ending
) -> None:
    assert ending_of(status, was_asked=was_asked)[0] is ending


def test_cores_are_shared_and_what_a_person_set_stays() -> None:
    assert share_of_machine({}, None, 8, 4) == {"OMP_NUM_THREADS": "2"}
    assert share_of_machine({}, "3", 32, 4) == {
        "OMP_NUM_THREADS": "8",
        "CROQUIS_WORKERS": "7",
        "CUDA_VISIBLE_DEVICES": "3",
    }
    set_by_a_person = {"OMP_NUM_THREADS": "3", "CROQUIS_WORKERS": "0"}
    assert share_of_machine(set_by_a_person, "3", 32, 4) == {
        "CUDA_VISIBLE_DEVICES": "3"
    }


def test_close_leaves_nothing_alive(engine: ThisMachine) -> None:
    engine.submit(Attempt(Job("long")))
    until_progress(engine)
    pid = engine._running["long"].process.pid
    engine.close()
    time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
