"""One model on one fold, from params.yaml and files to the files that it leaves."""

import json
from pathlib import Path

import pandas as pd
import pytest
import safetensors

from croquis.core import params
from croquis.recipes.recipes import TrainParams
from croquis.train.fold_training import fine_tune_fold
from support.plain import PLAIN


@pytest.fixture
def project(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The images of `drawn` with a params.yaml of one tiny model."""
    tree = params.read(params.PARAMS) | {"lr": 0.1, "seed": 7}
    tree["train"] = {name: PLAIN[name] for name in TrainParams.model_fields}
    names = ("backbone", "pretrained", "image_size")
    tree["models"] = {
        "tiny": {name: PLAIN[name] for name in names} | {"lr_mult": 0.05}
    }
    (drawn / "params.yaml").write_text(json.dumps(tree))
    monkeypatch.chdir(drawn)
    monkeypatch.setenv("DVC_ROOT", str(drawn))
    monkeypatch.setenv("CROQUIS_DEVICE", "cpu")
    return drawn


def test_a_training_leaves_its_files_and_no_state_to_resume(project: Path) -> None:
    with fine_tune_fold(
        "tiny",
        0,
        index=Path("index.csv"),
        pixels=Path("pixels.npy"),
        folds=Path("folds.csv"),
    ) as training:
        states = list(project.glob(".resume/train/tiny-0/*/*/state.pt"))
        training.save(
            predictions=project / "p",
            weights=project / "w",
            curves=project / "c.csv",
        )
    assert len(states) == 2  # one of each epoch, until the outputs are written
    assert not list(project.glob(".resume/train/*"))
    assert training.images == 6
    assert {path.name for path in (project / "p").iterdir()} == {
        "val.npz",
        "test.npz",
        "val_flip_lr.npz",
        "val_flip_ud.npz",
    }
    assert pd.read_csv(project / "c.csv")["lr"].tolist() == pytest.approx(
        [0.005] * 2
    )
    with safetensors.safe_open(project / "w", framework="numpy") as file:
        recipe = json.loads(file.metadata()["croquis"])["recipe"]
    # The base rate times the model's factor, and the factor beside it.
    assert recipe["lr"] == 0.1 * 0.05 and recipe["lr_mult"] == 0.05
    assert recipe["seed"] == 7 and recipe["weights_blake2b"] == ""


def test_a_training_that_cannot_be_saved_keeps_its_state(project: Path) -> None:
    with (
        pytest.raises(OSError, match="full"),
        fine_tune_fold(
            "tiny",
            0,
            index=Path("index.csv"),
            pixels=Path("pixels.npy"),
            folds=Path("folds.csv"),
        ),
    ):
        raise OSError("the disk is full")
    assert list(project.glob(".resume/train/tiny-0/*/*/state.pt"))
