"""How much of a disk uploads take: the oldest go, the youngest stay, small ones have a room."""

import os
from pathlib import Path

import pytest

from croquis.demo import uploads
from croquis.demo.uploads import SMALL, YOUNG_SECONDS, make_room

NOW = 1_000_000.0


@pytest.fixture(autouse=True)
def _little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOADS", 10 * SMALL)


def upload(folder: Path, name: str, size: int, age: float) -> Path:
    """A file as Gradio leaves it, in a folder of its own."""
    path = folder / name / "a.png"
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(size)
    os.utime(path, (NOW - age, NOW - age))
    return path


def test_the_oldest_go_until_a_new_one_fits(tmp_path: Path) -> None:
    first, second, third = (
        upload(tmp_path, name, 3 * SMALL, age)
        for name, age in (("a", 300), ("b", 200), ("c", 100))
    )
    assert make_room(tmp_path, 4 * SMALL, NOW)
    assert not first.parent.exists() and second.exists() and third.exists()


def test_young_ones_stay_and_a_new_one_is_refused(tmp_path: Path) -> None:
    files = [
        upload(tmp_path, name, 5 * SMALL, YOUNG_SECONDS - 1) for name in ("a", "b")
    ]
    assert not make_room(tmp_path, 4 * SMALL, NOW)
    assert all(file.exists() for file in files)


def test_large_ones_never_push_out_drawings(tmp_path: Path) -> None:
    drawing = upload(tmp_path, "drawing", 1000, 3000)
    large = upload(tmp_path, "large", 9 * SMALL, YOUNG_SECONDS - 1)
    assert not make_room(tmp_path, 4 * SMALL, NOW)
    assert make_room(tmp_path, 1000, NOW)
    assert drawing.exists() and large.exists()


def test_a_thousand_tiny_files_are_bounded_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_FILES", 5)
    for number in range(8):
        upload(tmp_path, str(number), 0, 100 + number)
    assert make_room(tmp_path, 10, NOW)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "2", "3"]


def test_without_uploads_there_is_room(tmp_path: Path) -> None:
    assert make_room(tmp_path / "none", 10, NOW)
