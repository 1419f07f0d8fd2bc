"""How far a loop is, in a file that another program reads."""

import errno
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from croquis.core import progress as bars
from croquis.core.progress import progress


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that is named; no terminal, and a clock of which each look takes a second."""
    path = tmp_path / "progress.json"
    monkeypatch.setenv("CROQUIS_PROGRESS", str(path))
    clock = iter(range(10**6))
    monkeypatch.setattr(bars.time, "monotonic", lambda: float(next(clock)))
    return path


def read(place: Path) -> dict[str, Any]:
    return json.loads(place.read_text())


def test_the_epochs_are_there_though_no_bar_is_shown(
    place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    done = []
    for _ in progress(iter("abc"), "train", total=5, unit="epoch", initial=2):
        done.append(read(place)["done"])
    assert done == [2, 3, 4]
    assert read(place) == {
        "desc": "train",
        "done": 5,
        "total": 5,
        "unit": "epoch",
    }
    assert place.read_text().count("\n") == 1
    assert os.listdir(place.parent) == [place.name]
    assert capfd.readouterr().err == ""


def test_a_loop_within_another_leaves_the_file_to_it(place: Path) -> None:
    def epochs() -> Iterator[int]:
        for number in range(2):
            for _ in progress(range(3), f"epoch {number}", unit="step"):
                assert read(place)["desc"] == "train"
            yield number

    for number in progress(epochs(), "train", total=2):
        assert list(progress(range(4), "predict")) == [0, 1, 2, 3]
        assert read(place)["done"] == number
    assert list(progress([7], "predict")) == [7]  # the file is free again
    assert read(place) == {"desc": "predict", "done": 1, "total": 1, "unit": "it"}


def test_a_loop_that_is_left_gives_the_file_back(place: Path) -> None:
    for _ in progress(range(3), "train"):
        break
    assert list(progress(range(1), "predict")) == [0]
    assert read(place)["desc"] == "predict"


def test_a_quick_loop_writes_twice_a_second_at_most(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    monkeypatch.setattr(
        bars, "_write", lambda _, state: written.append(state["done"])
    )
    clock = iter(number / 10 for number in range(100))
    monkeypatch.setattr(bars.time, "monotonic", lambda: next(clock))
    for _ in progress(range(9), "train"):
        pass
    # One look to begin with, and one an item; a line takes one more: at 0, .5, 1.1 s.
    assert written == [0, 5, 9]


def test_a_place_that_cannot_be_written_ends_no_work(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROQUIS_PROGRESS", str(place.parent / "gone" / "file"))
    assert list(progress(range(3), "train")) == [0, 1, 2]
    place.mkdir()  # a folder in its place
    monkeypatch.setenv("CROQUIS_PROGRESS", str(place))
    assert list(progress(range(3), "train")) == [0, 1, 2]
    monkeypatch.setenv("CROQUIS_PROGRESS", "..")  # no name at all
    assert list(progress(range(3), "train")) == [0, 1, 2]
    assert os.listdir(place.parent) == [place.name]


def test_a_full_disk_ends_no_work_and_a_device_stays_one(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last of these was made a file, which is there for good."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert list(progress(range(3), "train")) == [0, 1, 2]
    monkeypatch.undo()
    os.mkfifo(place)
    monkeypatch.setenv("CROQUIS_PROGRESS", str(place))
    assert list(progress(range(3), "train")) == [0, 1, 2]
    assert stat.S_ISFIFO(place.stat().st_mode)


def test_without_the_variable_nothing_is_written(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CROQUIS_PROGRESS")
    assert list(progress(range(3), "train")) == [0, 1, 2]
    assert os.listdir(place.parent) == []
