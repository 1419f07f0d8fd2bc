"""What a training leaves behind, and that it would be the same tomorrow."""

import math
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from croquis.heads import training_records
from croquis.runtime.hardware import Hardware
from croquis.tables.predictions import Predictions, load_predictions
from croquis.tracking import tracking

EPOCHS = [
    {"epoch": 0, "lr": 1e-05, "train_loss": 1.23456789, "val_loss": math.nan},
    {"epoch": 1, "lr": 0.0, "train_loss": 0.5, "val_loss": 2.0},
]


def test_curves_are_one_row_an_epoch_without_a_clock(tmp_path: Path) -> None:
    training_records.write_curves(tmp_path / "c.csv", "swin", 3, EPOCHS)
    assert (tmp_path / "c.csv").read_text() == (
        "member,fold,epoch,lr,train_loss,val_loss\nswin,3,0,1e-05,1.23457,\nswin,3,1,0,0.5,2\n"
    )


def test_predictions_are_kept_under_their_names(tmp_path: Path) -> None:
    one, two, three = (Predictions([name], [[1.0]], ["cup"]) for name in "abc")
    training_records.TrainingOutcome(
        one, two, {}, [], {"val_flip_lr": two, "cycle1/val": three}
    ).save(tmp_path)
    found = {
        path.relative_to(tmp_path).as_posix(): path
        for path in tmp_path.rglob("*.npz")
    }
    ids = {name: load_predictions(path).ids[0] for name, path in found.items()}
    assert ids == {
        "val.npz": "a",
        "test.npz": "b",
        "val_flip_lr.npz": "b",
        "cycle1/val.npz": "c",
    }


def test_weights_are_tensors_alone_in_their_plain_layout(tmp_path: Path) -> None:
    kernel = torch.arange(16.0).reshape(1, 4, 2, 2)
    layer = torch.nn.Parameter(kernel.to(memory_format=torch.channels_last))
    training_records.write_weights(
        tmp_path / "w.safetensors", {"a": layer, "count": torch.tensor(3)}
    )
    found = safetensors.torch.load_file(tmp_path / "w.safetensors")
    assert torch.equal(found["a"], kernel) and found["count"].item() == 3


def test_val_scores_by_hand() -> None:
    logits = np.array([[0.0, 0.0], [0.0, math.log(3)]], np.float32)
    found = training_records.val_scores(logits, np.array([0, 0]))
    assert found["val_loss"] == pytest.approx((math.log(2) + math.log(4)) / 2)
    assert found["val_accuracy"] == 0.5  # a tie goes to the lowest


def test_an_empty_fold_has_no_score() -> None:
    found = training_records.val_scores(
        np.empty((0, 2), np.float32), np.array([], dtype=int)
    )
    assert math.isnan(found["val_loss"]) and math.isnan(found["val_accuracy"])


def test_a_run_is_tagged_with_all_it_rests_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    monkeypatch.setattr(
        tracking, "tracked_run", lambda *names, **rest: begun.append((names, rest))
    )
    table = tmp_path / "index.csv"
    table.write_text("id\n")
    cpu = Hardware(torch.device("cpu"), None, False, 0)

    def rests_on(
        fold: int = 0, hardware: Hardware = cpu, **settings: object
    ) -> training_records.Provenance:
        options = {
            "settings": {"lr": 1.0} | settings,
            "files": (table,),
            "hardware": hardware,
        }
        return training_records.trace_provenance("swin", fold, **options)

    first = rests_on()
    training_records.track_training(first, index=table, settings={"lr": 1.0})
    assert begun[0][0] == (tracking.pipeline_of(table), "swin-fold0") and begun[0][
        1
    ]["params"] == {"lr": 1.0}
    assert (
        begun[0][1]["tags"] == first.tags
        and first.tags["fingerprint"] == first.fingerprint
    )
    names = {
        "member",
        "fold",
        "device",
        "data",
        "code",
        "torch",
        "timm",
        "fingerprint",
        "threads",
    }
    assert set(first.tags) == names and first.tags["device"] == "cpu float32"
    assert rests_on() == first
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    # A state is none the worse for it: only the tag says so.
    assert rests_on().tags == first.tags | {"threads": "7"}
    assert rests_on().fingerprint == first.fingerprint
    half = Hardware(torch.device("cpu"), torch.bfloat16, False, 0)
    others = [rests_on(fold=1), rests_on(lr=2.0), rests_on(hardware=half)]
    table.write_text("id\na\n")
    others.append(rests_on())
    assert len({first.fingerprint, *(other.fingerprint for other in others)}) == 5
