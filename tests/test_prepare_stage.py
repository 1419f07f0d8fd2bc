"""The stage prepare: what it says of the pictures it took and of those it left out."""

from pathlib import Path

import numpy as np
import pytest
from leftovers import stage
from PIL import Image


def test_pictures_that_cannot_be_read_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`1 quarantined` was all that a user heard of a broken picture."""
    for name in ("bar", "disc"):
        (tmp_path / "raw/train" / name).mkdir(parents=True)
        for number in range(6):
            sheet = np.full((9, 9), 10 * number, np.uint8)
            Image.fromarray(sheet).save(tmp_path / f"raw/train/{name}/{number}.png")
    for number in range(4):
        (tmp_path / f"raw/train/bar/{number}.png").write_bytes(b"")
    names = ("index", "pixels", "gray224", "quarantine", "columns", "sample")
    files = {name: tmp_path / name for name in names}
    stage("prepare").main(raw=tmp_path / "raw", **files)
    told = capsys.readouterr().out
    assert "prepare: 8 train and 0 test pictures of 2 classes, 96 px gray\n" in told
    assert "left out, as they cannot be read: train/bar/0.png (empty file)," in told
    assert f"train/bar/2.png (empty file) and 1 more; {files['quarantine']} has them all" in told
