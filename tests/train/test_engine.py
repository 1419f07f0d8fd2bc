"""Fine-tuning by hand: the schedule, the loss, the average; and prediction without chance."""

import functools
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from croquis.backbones.backbones import normalise, statistics
from croquis.images.batches import ImageDataset
from croquis.recipes.recipes import ModelParams
from croquis.runtime.interrupts import Interrupts
from croquis.train.checkpoints import Checkpoints
from croquis.train.engine import Trainer
from support.trainings import CPU, begun, network, trained


def test_the_cosine_rises_to_its_peak_and_falls_to_its_floor(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    settings = recipe(
        epochs=4, warmup_epochs=1.0, schedule="cosine", min_lr=0.1, optimizer="sgd"
    )
    _, epochs = trained(settings, dataset, lr=0.01)
    # Two steps an epoch, so steps 1, 3, 5, 7 end them. Step 1 is halfway up from 1 % to 100 %;
    # from step 2 on a cosine over 6 steps: shares 1/6, 3/6, 5/6 of its way from 1 to .1.
    falling = [
        0.1 + 0.45 * (1 + math.cos(math.pi * share / 6)) for share in (1, 3, 5)
    ]
    expected = [0.01 * share for share in (0.505, *falling)]
    assert [epoch.lr for epoch in epochs] == pytest.approx(expected)


def test_a_short_run_still_reaches_its_peak(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    """The cosine used to run on under the warm-up: at its end half of the peak was gone."""
    settings = recipe(
        epochs=1, warmup_epochs=5.0, schedule="cosine", optimizer="sgd"
    )
    _, (epoch,) = trained(settings, dataset, lr=0.01)
    assert epoch.lr == pytest.approx(0.01)  # step 0 warms up, step 1 is the peak


def test_a_constant_schedule_stays_after_the_warm_up(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    _, epochs = trained(recipe(epochs=3, warmup_epochs=1.0), dataset, lr=0.01)
    assert [epoch.lr for epoch in epochs] == pytest.approx([0.00505, 0.01, 0.01])


def test_layer_decay_reaches_the_optimizer(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    """timm only notes `lr_scale`: without its own scheduler all layers would learn alike."""
    settings = recipe(epochs=1, layer_decay=0.5, schedule="cosine")
    trainer, _ = trained(settings, dataset, lr=0.01)
    rates = sorted(
        {group["lr"] for group in trainer._state.updates.optimizer.param_groups}
    )
    assert len(rates) > 2 and rates[-2] == pytest.approx(rates[-1] / 2)


@pytest.mark.parametrize(
    "backbone", ["test_efficientnet.r160_in1k", "test_vit.r160_in1k"]
)
def test_the_same_seed_trains_the_same_bits(
    dataset: ImageDataset, recipe: Callable[..., ModelParams], backbone: str
) -> None:
    settings = recipe(
        backbone=backbone, drop_rate=0.2, drop_path_rate=0.1, augment="flips"
    )
    (one, curve), (two, again) = (trained(settings, dataset) for _ in range(2))
    assert [epoch.train_loss for epoch in curve] == [
        epoch.train_loss for epoch in again
    ]
    tensors = two.averaged.state_dict()
    assert all(
        torch.equal(held, tensors[name])
        for name, held in one.averaged.state_dict().items()
    )
    other = trained(settings, dataset, seed=1)[1]
    assert [epoch.train_loss for epoch in other] != [
        epoch.train_loss for epoch in curve
    ]


def test_dropout_depends_on_the_step_and_not_on_what_ran_between(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    settings = recipe(drop_rate=0.5)
    _, curve = trained(settings, dataset)
    trainer = Trainer(
        network(settings), settings, dataset=dataset, hardware=CPU, seed=0
    )
    disturbed = []
    for epoch in trainer.epochs():
        disturbed.append(epoch.train_loss)
        torch.rand(7)  # as a val pass or a log might
    assert disturbed == [epoch.train_loss for epoch in curve]


def test_a_set_smaller_than_a_batch_trains_one_step_an_epoch(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    trainer, epochs = trained(recipe(batch_size=64), dataset)
    assert [epoch.number for epoch in epochs] == [0, 1]
    assert all(math.isfinite(epoch.train_loss) for epoch in epochs)
    assert {
        int(state["step"])
        for state in trainer._state.updates.optimizer.state.values()
    } == {2}


def test_a_group_of_copies_counts_once_if_asked(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    """The mean loss of a batch by hand from each image's own."""
    shares = np.array([1, 0.5, 0.5, 1, 0.25, 0.25], np.float32)
    dataset._samples = replace(dataset._samples, weights=shares)
    losses = []
    for weighted in (False, True):
        settings = recipe(
            batch_size=6, epochs=1, drop_rate=0.0, group_weights=weighted
        )
        trainer, (epoch,) = trained(settings, dataset, lr=1e-12)
        logits = predicted_logits_in_train_mode(trainer.model, dataset)
        truth = torch.tensor(dataset._samples.labels)
        each = nn.functional.cross_entropy(logits, truth, reduction="none")
        weights = torch.tensor(shares.tolist() if weighted else [1.0] * 6)
        losses.append(epoch.train_loss)
        expected = ((each * weights).sum() / weights.sum()).item()
        assert epoch.train_loss == pytest.approx(expected, rel=1e-4)
    assert losses[0] != pytest.approx(losses[1], rel=1e-2)


def predicted_logits_in_train_mode(
    model: nn.Module, dataset: ImageDataset
) -> torch.Tensor:
    """Of all images as one batch, in their order and as epoch 0 augments them."""
    batch = dataset[0, np.arange(len(dataset))]
    with torch.no_grad():
        return model.train()(normalise(batch.images, statistics(model)))


EXTRAS = {
    "plain": {},
    "ema, dropout": {"ema_decay": 0.9, "drop_rate": 0.3, "drop_path_rate": 0.1},
    "mean": {"average_epochs": 2},
    "mixing, lookahead": {
        "mix": {
            "prob": 1.0,
            "mixup": 1.0,
            "cutmix": 1.0,
            "clip": None,
            "off_last_epochs": 1,
        },
        "batch_size": 2,
        "optimizer": "lookahead_adamw",
    },
    "plateau": {"schedule": "plateau", "cycle_epochs": 1, "cycle_factor": 0.5},
}


@pytest.mark.parametrize("extras", EXTRAS.values(), ids=EXTRAS)
@pytest.mark.parametrize("stop", range(1, 6))
def test_a_training_stopped_after_any_step_ends_with_the_same_bits(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    extras: dict,
    stop: int,
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    settings = (
        recipe(epochs=3, augment="flips", lr=1e-2)
        if not extras
        else recipe(epochs=3, lr=1e-2, **extras)
    )

    def begun() -> Trainer:
        kept = Checkpoints("train/a-0", "x")
        return Trainer(
            network(settings),
            settings,
            dataset=dataset,
            hardware=CPU,
            seed=0,
            checkpoints=kept,
        )

    def run(trainer: Trainer, interrupts: Interrupts | None = None) -> Trainer:
        for epoch in trainer.epochs(interrupts):
            trainer.record({"epoch": epoch.number, "train_loss": epoch.train_loss})
        return trainer

    steps, update = [], Trainer._update

    def counted(trainer: Trainer, *args: object) -> float:
        steps.append(trainer._state.step)
        if len(steps) == stop:
            asked(15, None)
        return update(trainer, *args)

    monkeypatch.setattr(Trainer, "_update", counted)
    asked = Interrupts()
    with pytest.raises(SystemExit, match="143"):
        run(begun(), asked)
    torch.rand(3)  # another process would have another state
    resumed = run(begun())
    total = 3 * resumed._per_epoch
    assert steps == list(range(total))  # no step was made twice
    Checkpoints("train/a-0", "x").clear()
    straight = run(begun())
    assert resumed.history == straight.history and len(straight.history) == 3
    tensors = straight.averaged.state_dict()
    for name, held in resumed.averaged.state_dict().items():
        assert torch.equal(held, tensors[name]), name


def test_a_compiled_training_that_was_stopped_ends_with_the_same_bits_and_names(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`torch.compile` puts `_orig_mod.` before all names of the network that it returns."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    traced = functools.partial(
        torch.compile, backend="eager"
    )  # all but the making of kernels
    monkeypatch.setattr(torch, "compile", traced)
    settings, compiled = (
        recipe(ema_decay=0.9, drop_rate=0.2),
        replace(CPU, compiled=True),
    )

    def run(kept: Checkpoints, interrupts: Interrupts | None = None) -> Trainer:
        trainer = begun(settings, dataset, hardware=compiled, checkpoints=kept)
        for epoch in trainer.epochs(interrupts):
            trainer.record({"train_loss": epoch.train_loss})
        return trainer

    straight, asked = run(Checkpoints("train/a-0", "straight")), Interrupts()
    asked(15, None)
    with pytest.raises(SystemExit, match="143"):
        run(Checkpoints("train/a-0", "stopped"), asked)
    state = Checkpoints("train/a-0", "stopped").load()
    plain = network(settings).state_dict()
    assert state["step"] == 1 and state["model"].keys() == plain.keys()
    resumed = run(Checkpoints("train/a-0", "stopped"))
    assert resumed.history == straight.history
    expected = straight.averaged.state_dict()
    assert expected.keys() == plain.keys()
    for name, held in resumed.averaged.state_dict().items():
        assert torch.equal(held, expected[name]), name
