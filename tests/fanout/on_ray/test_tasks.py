"""One attempt on a node, without a cluster: it tells how far it is, and hears that it is to end."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from croquis.core.cpu_count import cpu_count
from croquis.fanout.on_ray import tasks
from croquis.fanout.on_ray.tasks import Mailbox, StageOrder, run_stage

SAVING = """
import pathlib, signal, sys, time
def save(*_):
    print("saved")
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
print("runs", flush=True)
pathlib.Path(sys.argv[1]).write_text('{"text": "epoch 1 of 2"}')
time.sleep(30)
"""


def order(root: Path) -> StageOrder:
    return StageOrder(
        "train@a-0",
        str(root / "checkouts"),
        str(root),
        str(root / "cache"),
        "",
        1.0,
        2.0,
        {"A_NAME": "x"},
    )


def script(code: str) -> Any:
    def command(stage: str, parcel: Path, home: Path, **more: Any) -> list[str]:
        assert parcel.read_bytes() == b"parcel" and parcel.parent == home
        assert more["parent"] == os.getpid() and more["remote"] is None
        return [sys.executable, "-S", "-c", code, str(more["status"])]

    return command


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "TELL", 0.05)
    monkeypatch.setattr(tasks, "POLL", 0.02)


def test_all_that_an_attempt_says_is_told(tmp_path: Path) -> None:
    box = Mailbox()
    code = "import os; print('a' * 400000, os.environ['A_NAME'], os.environ['OMP_NUM_THREADS'])"
    assert run_stage(order(tmp_path), b"parcel", box.tell, script(code)) == 0
    text = b"".join(word["log"] for word in box.take(0)).decode()
    threads = max(1, cpu_count() // 2)
    assert text == f"{'a' * 400000} x {threads}\n" and box.take(0) == []


def test_asked_to_end_it_saves(tmp_path: Path) -> None:
    box, words = Mailbox(), []

    def tell(word: dict[str, Any]) -> int:
        words.append(word)
        if word["status"]:
            box.take(1)
        return box.tell(word)

    status = run_stage(order(tmp_path), b"parcel", tell, script(SAVING))
    assert status == 128 + signal.SIGTERM
    assert b"".join(word["log"] for word in words) == b"runs\nsaved\n"
    assert {"text": "epoch 1 of 2"} in [word["status"] for word in words]


def test_where_the_driver_cannot_be_told_the_attempt_ends(tmp_path: Path) -> None:
    def tell(word: dict[str, Any]) -> int:
        if word["status"]:
            raise TimeoutError
        return 0

    with pytest.raises(TimeoutError):
        run_stage(order(tmp_path), b"parcel", tell, script(SAVING))
