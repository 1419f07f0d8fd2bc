"""What a training is resumed from: a state of the same pixels, or none."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from leftovers import stage

from croquis import params

TRAIN = stage("train")


class Begun(Exception):
    """The training would begin now."""


def folder_of_states(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stage would keep its states."""
    seen = {}

    def begin(*given: Any, checkpoints: Any, **more: Any) -> None:
        seen["folder"] = checkpoints.folder
        raise Begun

    monkeypatch.setattr(TRAIN, "fine_tuned", begin)
    out = {name: drawn / name for name in ("predictions", "weights", "curves")}
    tables = {name: drawn / f"{name}.csv" for name in ("index", "folds")}
    with pytest.raises(Begun):
        TRAIN.main("resnet18_96", 0, pixels=drawn / "pixels.npy", **tables, **out)
    return seen["folder"]


def test_a_training_does_not_go_on_with_other_pixels(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a change of prepare.fit a killed training went on with the same tables' new pixels."""
    shutil.copy(params.PARAMS, drawn)
    monkeypatch.setenv("DVC_ROOT", str(drawn))
    monkeypatch.chdir(drawn)
    before = folder_of_states(drawn, monkeypatch)
    assert folder_of_states(drawn, monkeypatch) == before
    np.save(drawn / "pixels.npy", 255 - np.load(drawn / "pixels.npy"))
    assert folder_of_states(drawn, monkeypatch) != before
