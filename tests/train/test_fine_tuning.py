"""One model on one fold, from images to probabilities."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from croquis.heads.training_records import TrainingOutcome
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.networks.networks import build_model
from croquis.networks.predict import predict_logits, softmax
from croquis.recipes.recipes import ModelRecipe
from croquis.runtime.hardware import Hardware
from croquis.scoring.metrics import scores
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.samples import FoldData, Samples
from croquis.train.checkpoints import Checkpoints
from croquis.train.fine_tuning import fine_tune
from croquis.train.throughput import Throughput

CPU = Hardware(torch.device("cpu"), None, False, 0)


@pytest.fixture
def data(drawn: Path) -> FoldData:
    return FoldData.of(
        0, read_folds(drawn / "folds.csv"), read_index(drawn / "index.csv")
    )


@pytest.fixture
def run(drawn: Path) -> Callable[..., TrainingOutcome]:
    """Fine-tunes on the drawings of `drawn`."""
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")

    def run(
        data: FoldData,
        recipe: ModelRecipe,
        log: Callable = lambda row, epoch: None,
        lr: float = 1e-3,
        **changes,
    ):
        recipe = recipe.model_copy(update={"lr": lr})
        options = {"seed": 0, "hardware": CPU} | changes
        return fine_tune(data, pixels, recipe, log=log, **options)

    return run


def test_val_and_test_come_with_their_ids_and_classes(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
) -> None:
    outcome = run(data, recipe())
    assert outcome.val.ids.tolist() == data.val.ids.tolist()
    assert outcome.test.ids.tolist() == ["test/0.png", "test/1.png", "test/2.png"]
    assert outcome.val.classes.tolist() == ["bar", "pole", "spot"]


def test_the_last_row_of_the_curves_is_the_score_of_the_predictions(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
) -> None:
    outcome = run(data, recipe(ema_decay=0.5))
    truth = scores(data.val.labels, outcome.val.probs)
    last = outcome.epochs[-1]
    assert last["val_accuracy"] == truth["accuracy"]
    assert last["val_loss"] == pytest.approx(truth["log_loss"], rel=1e-4)


def test_curves_hold_no_clock_and_the_log_holds_the_speed(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen, reached = [], []
    place = tmp_path / "progress.json"
    monkeypatch.setenv("CROQUIS_PROGRESS", str(place))

    def log(row: dict[str, float], epoch: int) -> None:
        seen.append((epoch, row))
        reached.append(json.loads(place.read_text()))

    outcome = run(data, recipe(), log=log)
    # Another program can say "epoch 1 of 2", though steps and predictions have bars, too.
    assert reached[0] == {"desc": "train", "done": 0, "total": 2, "unit": "epoch"}
    assert reached[1]["desc"] == "train"
    names = {"epoch", "lr", "train_loss", "val_loss", "val_accuracy"}
    assert [set(row) for row in outcome.epochs] == [names, names]
    assert [epoch for epoch, _ in seen] == [0, 1, 1]
    *epochs, (_, last) = seen
    assert all(row["images_per_second"] > 0 for _, row in epochs)
    assert all(0 < row["waiting"] < 1 for _, row in epochs)
    assert all(row["trainable_parameters"] > 1000 for _, row in epochs)
    assert set(last) == {"synthetic_images_per_second", "data_efficiency"}
    assert last["synthetic_images_per_second"] > 0 and last["data_efficiency"] > 0


def test_the_speed_is_measured_when_nothing_can_be_lost_any_more(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    settings, kept = recipe(ema_decay=0.5), Checkpoints("train/a-0", "x")
    measured = run(data, settings)

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(Throughput, "time_updates", killed)
        run(data, settings, checkpoints=kept)
    monkeypatch.setattr(
        "croquis.train.engine.Trainer._update", None
    )  # nothing is left to do
    seen = []
    again = run(
        data, settings, checkpoints=kept, log=lambda row, epoch: seen.append(row)
    )
    assert seen == []  # of updates made elsewhere no speed is known
    np.testing.assert_array_equal(again.test.probs, measured.test.probs)
    for name, held in measured.weights.items():
        assert torch.equal(again.weights[name], held), name


def test_the_kept_weights_predict_what_was_predicted(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
    drawn: Path,
) -> None:
    outcome = run(data, recipe())
    model = timm.create_model(recipe().backbone, num_classes=3).eval()
    model.load_state_dict(outcome.weights, strict=True)
    sheets = torch.from_numpy(np.load(drawn / "pixels.npy")[12:])  # the test images
    own = timm.data.resolve_model_data_config(model)
    mean, std = (torch.tensor(own[name]).view(3, 1, 1) for name in ("mean", "std"))
    with torch.inference_mode():
        probs = model((sheets[:, None] / 255 - mean) / std).softmax(dim=1)
    np.testing.assert_allclose(outcome.test.probs, probs, atol=1e-5)


def test_the_same_seed_gives_the_same_bits(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
) -> None:
    settings = recipe(augment="flips", drop_rate=0.3, epochs=1)
    one, two, other = (
        run(data, settings),
        run(data, settings),
        run(data, settings, seed=1),
    )
    np.testing.assert_array_equal(one.val.probs, two.val.probs)
    assert one.epochs == two.epochs
    assert not np.array_equal(one.val.probs, other.val.probs)


def test_drawings_that_differ_can_be_learned(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
) -> None:
    outcome = run(data, recipe(epochs=12, optimizer="sgd"), lr=0.05)
    assert outcome.epochs[-1]["train_loss"] < outcome.epochs[0]["train_loss"] / 2


def test_an_empty_test_set_and_an_empty_fold_are_fine(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
) -> None:
    nothing = Samples.unlabelled(np.array([], dtype=str))
    outcome = run(replace(data, val=nothing, test=nothing), recipe(epochs=1))
    assert outcome.test.probs.shape == outcome.val.probs.shape == (0, 3)
    assert np.isnan(outcome.epochs[0]["val_loss"])


def test_flipped_val_images_are_predicted_as_if_they_had_come_flipped(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
    drawn: Path,
) -> None:
    outcome = run(data, recipe())
    assert set(outcome.more) == {"val_flip_lr", "val_flip_ud"}
    model = build_model(recipe(), data.classes.tolist())
    model.load_state_dict(outcome.weights)
    sheets = np.load(drawn / "pixels.npy")
    for name, flipped in (("lr", sheets[:, :, ::-1]), ("ud", sheets[:, ::-1])):
        np.save(drawn / "pixels.npy", flipped)
        pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
        images = ImageDataset(pixels, data.val, image_size=32)
        expected = softmax(
            predict_logits(model, images, hardware=CPU, batch_size=6)
        )
        found = outcome.more[f"val_flip_{name}"]
        assert found.ids.tolist() == data.val.ids.tolist()
        np.testing.assert_allclose(found.probs, expected, atol=1e-6)


def test_views_change_predictions_and_neither_weights_nor_curves(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
) -> None:
    plain, both = (
        run(data, recipe()),
        run(data, recipe(tta=["identity", "flip_lr"])),
    )
    assert plain.epochs == both.epochs
    assert all(
        torch.equal(held, both.weights[name])
        for name, held in plain.weights.items()
    )
    mean = (plain.val.probs + plain.more["val_flip_lr"].probs) / 2
    np.testing.assert_allclose(both.val.probs, mean, atol=1e-6)
    np.testing.assert_array_equal(both.more["val_flip_lr"].probs, both.val.probs)
    assert not np.allclose(both.test.probs, plain.test.probs, atol=1e-5)


RESTARTS = {
    "schedule": "restarts",
    "cycle_epochs": 1,
    "drop_rate": 0.2,
    "augment": "flips",
}


@pytest.mark.parametrize("optimizer", ["adamw", "lookahead_adamw"])
def test_a_snapshot_is_what_a_training_of_so_many_cycles_ends_with(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
    optimizer: str,
) -> None:
    options = RESTARTS | {"tta": ["identity", "flip_lr"], "optimizer": optimizer}
    whole = run(data, recipe(epochs=3, **options))
    for number in (1, 2):
        part = run(data, recipe(epochs=number, **options))
        for name, expected in (("val", part.val), ("test", part.test)):
            found = whole.more[f"cycle{number}/{name}"]
            assert found.ids.tolist() == expected.ids.tolist()
            np.testing.assert_array_equal(found.probs, expected.probs)
    assert (
        "cycle3/val" not in whole.more
    )  # the end of the last cycle is the member itself


def test_snapshots_in_mid_epoch_cost_the_training_no_bit(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = recipe(epochs=3, warmup_epochs=0.5, ema_decay=0.9, **RESTARTS)
    kept = run(data, settings)
    assert {"cycle1/val", "cycle2/test"} < set(kept.more) and len(kept.more) == 6
    monkeypatch.setattr("croquis.train.engine.cycle_ends", lambda *settings: [])
    plain = run(data, settings)
    assert plain.epochs == kept.epochs and len(plain.more) == 2
    np.testing.assert_array_equal(plain.val.probs, kept.val.probs)


def test_snapshots_of_adapters_are_merged_copies(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
) -> None:
    outcome = run(data, recipe(epochs=2, **REGIMES["lora"], **RESTARTS), lr=1e-2)
    assert not np.array_equal(outcome.more["cycle1/val"].probs, outcome.val.probs)


def test_a_training_that_goes_on_starts_from_no_probe_again(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    settings, kept = recipe(head_start="probe"), Checkpoints("train/a-0", "x")
    outcome = run(data, settings, checkpoints=kept)
    monkeypatch.setattr("croquis.train.fine_tuning.start_from_probe", None)
    loads, load = [], Checkpoints.load
    monkeypatch.setattr(
        Checkpoints, "load", lambda own: (loads.append(1), load(own))[1]
    )
    again = run(data, settings, checkpoints=kept)
    assert loads == [
        1
    ]  # a state of gigabytes used to be read once more, to ask whether it is there
    np.testing.assert_array_equal(again.val.probs, outcome.val.probs)


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
    "attention only": {
        "backbone": "test_vit.r160_in1k",
        "trainable": ["attn", "^head"],
    },
    "stacked": {"backbone": ["test_efficientnet.r160_in1k", "test_vit.r160_in1k"]},
    "mlp": {
        "head": {"hidden": [16], "act": "gelu", "norm": "batch", "dropout": 0.1}
    },
    "probe start": {"head_start": "probe"},
    "mixing, bce": {
        "batch_size": 4,
        "loss": "bce",
        "mix": {
            "prob": 1.0,
            "mixup": 1.0,
            "cutmix": 1.0,
            "clip": [0.3, 0.7],
            "off_last_epochs": 0,
        },
    },
    "small images first": {
        "backbone": "test_efficientnet.r160_in1k",
        "phases": [
            {
                "from_epoch": 0,
                "augment": "none",
                "lr_factor": 1.0,
                "image_size": 16,
            },
            {"from_epoch": 1, "augment": "none", "lr_factor": 1.0},
        ],
    },
    "checkpointing": {"backbone": "test_vit.r160_in1k", "grad_checkpointing": True},
}


@pytest.mark.parametrize("regime", REGIMES.values(), ids=REGIMES)
def test_every_regime_trains_and_its_weights_predict_what_it_predicted(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
    drawn: Path,
    regime: dict,
) -> None:
    settings = recipe(**regime)
    outcome = run(data, settings, lr=1e-2)
    assert outcome.epochs[1]["train_loss"] != outcome.epochs[0]["train_loss"]
    plain = build_model(
        settings.model_copy(update={"lora": None}), data.classes.tolist()
    )
    plain.load_state_dict(outcome.weights, strict=True)  # no trace of adapters
    images = ImageDataset(
        Pixels.open(drawn / "index.csv", drawn / "pixels.npy"),
        data.val,
        image_size=32,
    )
    again = softmax(predict_logits(plain, images, hardware=CPU, batch_size=4))
    np.testing.assert_allclose(again, outcome.val.probs, atol=1e-5)


def test_the_start_from_a_probe_is_better_than_a_random_one(
    run: Callable[..., TrainingOutcome],
    data: FoldData,
    recipe: Callable[..., ModelRecipe],
) -> None:
    frozen = {"trainable": ["classifier"], "epochs": 1}
    random, probe = (
        run(data, recipe(head_start=start, **frozen), lr=1e-9)
        for start in ("random", "probe")
    )
    assert probe.epochs[0]["train_loss"] < random.epochs[0]["train_loss"]
