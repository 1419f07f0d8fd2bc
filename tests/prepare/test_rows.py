"""The growing array: numpy reads it as if it had been saved at once."""

from pathlib import Path

import numpy as np
import pytest

from croquis.prepare.rows import RowWriter


def test_rows_come_back_as_a_memory_map(tmp_path: Path) -> None:
    rows = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4)
    with RowWriter(tmp_path / "a.npy") as writer:
        for row in rows:
            writer.append(row)
    array = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array, rows)


@pytest.mark.parametrize("count", [1, 10, 1000, 100_000])
def test_the_header_has_room_for_any_count(tmp_path: Path, count: int) -> None:
    with RowWriter(tmp_path / "a.npy") as writer:
        for number in range(count):
            writer.append(np.full((1, 1), number % 256, np.uint8))
    array = np.load(tmp_path / "a.npy")[:, 0, 0]
    np.testing.assert_array_equal(array, np.arange(count) % 256)


def test_colour_after_gray_widens_what_was_written(tmp_path: Path) -> None:
    with RowWriter(tmp_path / "a.npy") as writer:
        writer.append(np.full((2, 2), 7, np.uint8))
        writer.append(np.full((2, 2, 3), [1, 2, 3], np.uint8))
        writer.append(np.full((2, 2), 8, np.uint8))
    array = np.load(tmp_path / "a.npy")
    assert array.shape == (3, 2, 2, 3)
    assert array[:, 1, 1].tolist() == [[7, 7, 7], [1, 2, 3], [8, 8, 8]]
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]


def test_a_full_disk_raises(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    with pytest.raises(OSError, match="No space left"), RowWriter(full) as writer:
        for _ in range(10):
            writer.append(np.zeros((999, 999), np.uint8))
