"""A command in a group of its own, of which nothing is alive afterwards."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from croquis.fanout.supervisor.ends import EndRequests, heard
from croquis.fanout.supervisor.group import GroupEnd, run_group

BASH = ("bash", "-c")


def run(text: str, folder: Path, requests: EndRequests, **more: float) -> GroupEnd:
    return run_group([*BASH, text], folder, os.environ, requests, **more)


def ask_once_there(path: Path, requests: EndRequests) -> threading.Thread:
    def ask() -> None:
        while not path.exists():
            time.sleep(0.01)
        requests.ask(signal.SIGTERM)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_what_it_prints_is_passed_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    end = run("echo one; echo two >&2; exit 3", tmp_path, EndRequests())
    assert end == GroupEnd(3, None, "one\ntwo\n")
    assert capfd.readouterr().out == "one\ntwo\n"


def test_whoever_is_asked_saves_and_all_of_the_group_is_waited_for(
    tmp_path: Path,
) -> None:
    """DVC ends at once; a training beside it saves first."""
    requests = EndRequests()
    save = "trap 'sleep .3; echo saved > state; exit' TERM"
    training = f"{save}; touch on; while :; do sleep .05; done"
    thread = ask_once_there(tmp_path / "on", requests)
    end = run(f"({training}) & wait", tmp_path, requests)
    thread.join()
    assert (tmp_path / "state").read_text() == "saved\n"
    assert (end.asked, end.signal) == (signal.SIGTERM, signal.SIGTERM)


def test_what_a_killed_first_process_leaves_is_ended_too(tmp_path: Path) -> None:
    end = run("sleep 600 & echo $! > child; kill -9 $$", tmp_path, EndRequests())
    assert end.status == -signal.SIGKILL and end.asked is None
    child = int((tmp_path / "child").read_text())
    assert (
        not psutil.pid_exists(child)
        or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    )


def test_what_does_not_end_is_killed_after_the_grace(tmp_path: Path) -> None:
    requests = EndRequests()
    thread = ask_once_there(tmp_path / "on", requests)
    end = run(
        "trap '' TERM; touch on; while :; do sleep .05; done",
        tmp_path,
        requests,
        grace=0.3,
    )
    thread.join()
    assert end.status == -signal.SIGKILL


def test_a_parent_that_is_gone_asks_once() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as parent:
        requests = EndRequests(parent.pid)
        assert requests.look() is None
        parent.kill()
    assert requests.look() == signal.SIGTERM and not requests.at_once
    assert EndRequests(parent.pid).look() == signal.SIGTERM


def test_a_second_signal_at_once_is_the_first_one_and_a_later_one_wants_no_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests, clock = EndRequests(), [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    with heard(requests):
        os.kill(os.getpid(), signal.SIGUSR1)
        clock[0] = 100.5
        os.kill(os.getpid(), signal.SIGTERM)
        assert (requests.number, requests.at_once) == (signal.SIGUSR1, False)
        clock[0] = 101.5
        os.kill(os.getpid(), signal.SIGINT)
    assert (requests.number, requests.at_once) == (signal.SIGUSR1, True)
