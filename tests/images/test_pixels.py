"""The packed images: opened without reading, found by id."""

from pathlib import Path

import numpy as np
import pytest

from croquis.core.errors import InputError
from croquis.images.pixels import Pixels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.csv").write_text(
        "id,split\ntrain/a.png,train\ntrain/b.png,train\nNA,test\n"
    )
    np.save(tmp_path / "pixels.npy", np.arange(12, dtype=np.uint8).reshape(3, 2, 2))
    return tmp_path


def opened(folder: Path) -> Pixels:
    return Pixels.open(folder / "index.csv", folder / "pixels.npy")


def test_images_are_found_by_id_in_the_order_asked_for(folder: Path) -> None:
    pixels = opened(folder)
    rows = pixels.rows(np.array(["NA", "train/a.png", "NA"]))
    assert rows.tolist() == [2, 0, 2]
    assert pixels.array[rows][:, 0, 0].tolist() == [8, 0, 8]
    assert pixels.rows([]).tolist() == []


def test_nothing_is_read_when_opened(folder: Path) -> None:
    assert isinstance(opened(folder).array, np.memmap)


def test_an_id_without_an_image_is_named(folder: Path) -> None:
    with pytest.raises(
        InputError, match=r"ids of its images, received 1 others \(train/c.png\)"
    ):
        opened(folder).rows(["train/a.png", "train/c.png"])


def test_an_array_of_another_run_is_refused(folder: Path) -> None:
    np.save(folder / "pixels.npy", np.zeros((2, 2, 2), np.uint8))
    with pytest.raises(
        InputError, match=r"pixels.npy: expected 3 rows, as .*, received 2; rerun"
    ):
        opened(folder)
