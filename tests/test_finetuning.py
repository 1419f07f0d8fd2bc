"""One model on one fold, from pictures to probabilities."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from croquis.data.pixels import Pixels
from croquis.metrics import scores
from croquis.parts import read_folds, read_index
from croquis.training.batches import Pictures
from croquis.training.finetuning import fine_tuned
from croquis.training.hardware import Hardware
from croquis.training.networks import network
from croquis.training.predicting import predicted_logits, softmax
from croquis.training.recipes import ModelParams
from croquis.training.records import Outcome
from croquis.training.samples import FoldData, Samples

CPU = Hardware(torch.device("cpu"), None, False, 0)


@pytest.fixture
def data(drawn: Path) -> FoldData:
    return FoldData.of(0, read_folds(drawn / "folds.csv"), read_index(drawn / "index.csv"))


@pytest.fixture
def run(drawn: Path) -> Callable[..., Outcome]:
    """Fine-tunes on the drawings of `drawn`."""
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")

    def run(
        data: FoldData, recipe: ModelParams, log: Callable = lambda row, epoch: None, **changes
    ):
        options = {"lr": 1e-3, "seed": 0, "hardware": CPU} | changes
        return fine_tuned(data, pixels, recipe, log=log, **options)

    return run


def test_val_and_test_come_with_their_ids_and_classes(
    run: Callable[..., Outcome], data: FoldData, recipe: Callable[..., ModelParams]
) -> None:
    outcome = run(data, recipe())
    assert outcome.val.ids.tolist() == data.val.ids.tolist()
    assert outcome.test.ids.tolist() == ["test/0.png", "test/1.png", "test/2.png"]
    assert outcome.val.classes.tolist() == ["bar", "pole", "spot"]


def test_the_last_row_of_the_curves_is_the_score_of_the_predictions(
    run: Callable[..., Outcome], data: FoldData, recipe: Callable[..., ModelParams]
) -> None:
    outcome = run(data, recipe(ema_decay=0.5))
    truth = scores(data.val.labels, outcome.val.probs)
    last = outcome.epochs[-1]
    assert last["val_accuracy"] == truth["accuracy"]
    assert last["val_loss"] == pytest.approx(truth["log_loss"], rel=1e-4)


def test_curves_hold_no_clock_and_the_log_holds_the_speed(
    run: Callable[..., Outcome], data: FoldData, recipe: Callable[..., ModelParams]
) -> None:
    seen = []
    outcome = run(data, recipe(), log=lambda row, epoch: seen.append((epoch, row)))
    names = {"epoch", "lr", "train_loss", "val_loss", "val_accuracy"}
    assert [set(row) for row in outcome.epochs] == [names, names]
    assert [epoch for epoch, _ in seen] == [0, 1]
    assert all(row["images_per_second"] > 0 for _, row in seen)
    assert all(0 < row["data_efficiency"] < 1 for _, row in seen)
    assert all(row["trainable_parameters"] > 1000 for _, row in seen)


def test_the_kept_weights_predict_what_was_predicted(
    run: Callable[..., Outcome], data: FoldData, recipe: Callable[..., ModelParams], drawn: Path
) -> None:
    outcome = run(data, recipe())
    model = timm.create_model(recipe().backbone, num_classes=3).eval()
    model.load_state_dict(outcome.weights, strict=True)
    sheets = torch.from_numpy(np.load(drawn / "pixels.npy")[12:])  # the test pictures
    own = timm.data.resolve_model_data_config(model)
    mean, std = (torch.tensor(own[name]).view(3, 1, 1) for name in ("mean", "std"))
    with torch.inference_mode():
        probs = model((sheets[:, None] / 255 - mean) / std).softmax(dim=1)
    np.testing.assert_allclose(outcome.test.probs, probs, atol=1e-5)


def test_the_same_seed_gives_the_same_bits(
    run: Callable[..., Outcome], data: FoldData, recipe: Callable[..., ModelParams]
) -> None:
    settings = recipe(augment="flips", drop_rate=0.3, epochs=1)
    one, two, other = run(data, settings), run(data, settings), run(data, settings, seed=1)
    np.testing.assert_array_equal(one.val.probs, two.val.probs)
    assert one.epochs == two.epochs
    assert not np.array_equal(one.val.probs, other.val.probs)


def test_drawings_that_differ_can_be_learned(
    run: Callable[..., Outcome], data: FoldData, recipe: Callable[..., ModelParams]
) -> None:
    outcome = run(data, recipe(epochs=12, optimizer="sgd"), lr=0.05)
    assert outcome.epochs[-1]["train_loss"] < outcome.epochs[0]["train_loss"] / 2


def test_an_empty_test_set_and_an_empty_fold_are_fine(
    run: Callable[..., Outcome], data: FoldData, recipe: Callable[..., ModelParams]
) -> None:
    nothing = Samples.unlabelled(np.array([], dtype=str))
    outcome = run(replace(data, val=nothing, test=nothing), recipe(epochs=1))
    assert outcome.test.probs.shape == outcome.val.probs.shape == (0, 3)
    assert np.isnan(outcome.epochs[0]["val_loss"])


REGIMES = {
    "lora": {
        "backbone": "test_vit.r160_in1k",
        "lora": {
            "rank": 2,
            "alpha": 2.0,
            "dropout": 0.0,
            "targets": r"blocks\.\d+\.attn\.(qkv|proj)",
        },
    },
    "attention only": {"backbone": "test_vit.r160_in1k", "trainable": ["attn", "^head"]},
    "stacked": {"backbone": ["test_efficientnet.r160_in1k", "test_vit.r160_in1k"]},
    "mlp": {"head": {"hidden": [16], "act": "gelu", "norm": "batch", "dropout": 0.1}},
    "probe start": {"head_start": "probe"},
    "mixing, bce": {
        "batch_size": 4,
        "loss": "bce",
        "mix": {"prob": 1.0, "mixup": 1.0, "cutmix": 1.0, "clip": [0.3, 0.7], "off_last_epochs": 0},
    },
    "checkpointing": {"backbone": "test_vit.r160_in1k", "grad_checkpointing": True},
}


@pytest.mark.parametrize("regime", REGIMES.values(), ids=REGIMES)
def test_every_regime_trains_and_its_weights_predict_what_it_predicted(
    run: Callable[..., Outcome],
    data: FoldData,
    recipe: Callable[..., ModelParams],
    drawn: Path,
    regime: dict,
) -> None:
    settings = recipe(**regime)
    outcome = run(data, settings, lr=1e-2)
    assert outcome.epochs[1]["train_loss"] != outcome.epochs[0]["train_loss"]
    plain = network(settings.model_copy(update={"lora": None}), data.classes.tolist())
    plain.load_state_dict(outcome.weights, strict=True)  # no trace of adapters
    pictures = Pictures(
        Pixels.open(drawn / "index.csv", drawn / "pixels.npy"), data.val, image_size=32
    )
    again = softmax(predicted_logits(plain, pictures, hardware=CPU, batch_size=4))
    np.testing.assert_allclose(again, outcome.val.probs, atol=1e-5)


def test_the_start_from_a_probe_is_better_than_a_random_one(
    run: Callable[..., Outcome], data: FoldData, recipe: Callable[..., ModelParams]
) -> None:
    frozen = {"trainable": ["classifier"], "epochs": 1}
    random, probe = (
        run(data, recipe(head_start=start, **frozen), lr=1e-9) for start in ("random", "probe")
    )
    assert probe.epochs[0]["train_loss"] < random.epochs[0]["train_loss"]
