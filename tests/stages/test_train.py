"""What a training is resumed from: a state of the same pixels, or none."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from croquis.core import cli, params
from croquis.backbones.lineage import lineage_metadata
from croquis.core.errors import InputError
from croquis.heads.training_records import TrainingOutcome, write_weights
from croquis.tables.fold_tables import read_folds, read_index, training_rows
from croquis.tables.predictions import Predictions
from croquis.train import fold_training
from support.leftovers import stage

TRAIN = stage("train")


class Begun(Exception):
    """The training would begin now."""


def folder_of_states(
    drawn: Path, monkeypatch: pytest.MonkeyPatch, fold: int = 0
) -> Path:
    """Where the stage would keep its states."""
    seen = {}

    def begin(*given: Any, checkpoints: Any, **more: Any) -> None:
        seen["folder"] = checkpoints.folder
        raise Begun

    monkeypatch.setattr(fold_training, "fine_tune", begin)
    out = {name: drawn / name for name in ("predictions", "weights", "curves")}
    tables = {name: drawn / f"{name}.csv" for name in ("index", "folds")}
    with pytest.raises(Begun):
        TRAIN.main(
            "resnet18_96", fold, pixels=drawn / "pixels.npy", **tables, **out
        )
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


def test_an_edit_while_it_trains_leaves_the_state_and_a_failed_run(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DVC recorded the edited lr for weights of the old one, and nothing was left to go on from."""
    from mlflow.tracking import MlflowClient

    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(name, drawn)
    monkeypatch.chdir(drawn)
    monkeypatch.setenv("DVC_ROOT", str(drawn))
    monkeypatch.setenv("DVC_STAGE", "train@resnet18_96-0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{drawn / 'mlflow.db'}")

    def edited(
        data: Any, *given: Any, checkpoints: Any, **more: Any
    ) -> TrainingOutcome:
        checkpoints.save(1, {"step": 1})
        text = Path("params.yaml").read_text()
        Path("params.yaml").write_text(text.replace("lr: 1.0e-3", "lr: 2.0e-3", 1))
        scored = Predictions(
            data.val.ids, np.eye(3)[[0] * len(data.val)], ["bar", "pole", "spot"]
        )
        return TrainingOutcome(
            scored, scored, {}, [{"epoch": 0, "val_accuracy": 1.0, "val_loss": 0.0}]
        )

    monkeypatch.setattr(fold_training, "fine_tune", edited)
    files = {"index": "index.csv", "pixels": "pixels.npy", "folds": "folds.csv"}
    outs = {
        kind: f"data/{kind}/resnet18_96/fold0" for kind in ("predictions", "curves")
    }
    outs |= {
        "curves": f"{outs['curves']}.csv",
        "weights": "data/checkpoints/x.safetensors",
    }
    words = [f"--{name}={value}" for name, value in (files | outs).items()]
    command = ["stages/train.py", "--model=resnet18_96", "--fold=0", *words]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as caught:
        cli.run(TRAIN.main)
    said = "lr: 0.001 -> 0.002; nothing is recorded: put it back and give `dvc repro` again"
    assert said in str(caught.value)
    assert not list(drawn.glob("data/*/*/*.npz"))
    assert list(drawn.glob(".resume/train/resnet18_96-0/*/*/state.pt"))
    client = MlflowClient(f"sqlite:///{drawn / 'mlflow.db'}")
    (run,) = client.search_runs(["1"], "tags.member = 'resnet18_96'")
    assert (
        run.info.status == "FAILED"
        and "lr: 0.001 -> 0.002" in run.data.tags["failure"]
    )


def test_weights_that_saw_the_fold_are_refused_before_the_training(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = params.read(params.PARAMS)
    tree["models"]["resnet18_96"]["pretrained"] = "w/fold{fold}.safetensors"
    (drawn / "params.yaml").write_text(json.dumps(tree))
    monkeypatch.setenv("DVC_ROOT", str(drawn))
    monkeypatch.chdir(drawn)
    index, folds = read_index(drawn / "index.csv"), read_folds(drawn / "folds.csv")
    options = {"settings": {}, "data": "", "index": index, "parents": []}
    for fold, held in ((0, 0), (1, 0)):  # both files are of fold 0
        ids = training_rows(folds, held)["id"].to_numpy()
        own = lineage_metadata("other", held, train=ids, **options)
        write_weights(drawn / "w" / f"fold{fold}.safetensors", {}, own)
    before = folder_of_states(drawn, monkeypatch, fold=0)
    with pytest.raises(
        InputError, match=r"w/fold1\.safetensors: expected weights that never saw"
    ):
        folder_of_states(drawn, monkeypatch, fold=1)
    write_weights(drawn / "w" / "fold0.safetensors", {"a": torch.ones(1)})
    assert (
        folder_of_states(drawn, monkeypatch, fold=0) != before
    )  # the file is in the fingerprint
