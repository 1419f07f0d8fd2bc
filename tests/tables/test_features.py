"""Stored embeddings are looked up by id."""

from pathlib import Path

import numpy as np
import pytest

from croquis.core.errors import InputError
from croquis.tables.features import Features, save

STORED = np.arange(12, dtype=np.float32).reshape(2, 3, 2)  # two views, three images


def test_features_come_in_the_order_asked(tmp_path: Path) -> None:
    save(tmp_path / "probe" / "f.npz", np.array(["a", "b", "c"]), STORED)
    features = Features(tmp_path / "probe" / "f.npz").of(np.array(["c", "a"]))
    np.testing.assert_array_equal(features, [[[4, 5], [0, 1]], [[10, 11], [6, 7]]])


def test_no_images_have_no_features(tmp_path: Path) -> None:
    save(tmp_path / "f.npz", np.array(["a", "b", "c"]), STORED)
    assert Features(tmp_path / "f.npz").of(np.array([], dtype=str)).shape == (
        2,
        0,
        2,
    )


def test_an_image_that_was_not_embedded_is_named(tmp_path: Path) -> None:
    save(tmp_path / "f.npz", np.array(["a", "b", "c"]), STORED)
    with pytest.raises(
        InputError, match="features of 2 images, received none of x; rerun the em"
    ):
        Features(tmp_path / "f.npz").of(np.array(["a", "x"]))
