"""Fine-tuning by hand: the schedule, the loss, the average; and prediction without chance."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from croquis.data.pixels import Pixels
from croquis.errors import InputError
from croquis.models.backbones import build, normalised, statistics
from croquis.parts import read_folds, read_index
from croquis.training.augment import Augment
from croquis.training.batches import Pictures
from croquis.training.checkpoints import Checkpoints
from croquis.training.engine import Epoch, Trainer
from croquis.training.gradients import Gradients
from croquis.training.hardware import Hardware
from croquis.training.interrupts import Interrupts
from croquis.training.recipes import ModelParams
from croquis.training.samples import FoldData

CPU = Hardware(torch.device("cpu"), None, False, 0)
SCALED = Hardware(torch.device("cpu"), None, True, 0)  # gradients as fp16 has them


@pytest.fixture
def pictures(drawn: Path) -> Pictures:
    """The six training pictures of fold 0."""
    data = FoldData.of(0, read_folds(drawn / "folds.csv"), read_index(drawn / "index.csv"))
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    return Pictures(pixels, data.train, image_size=32, augment=Augment("flips", 0))


def network(recipe: ModelParams, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    rates = {"drop_rate": recipe.drop_rate, "drop_path_rate": recipe.drop_path_rate}
    return build(recipe.backbone, pretrained=False, num_classes=3, image_size=32, **rates)


def trained(
    recipe: ModelParams,
    pictures: Pictures,
    *,
    lr: float = 1e-3,
    seed: int = 0,
    hardware: Hardware = CPU,
) -> tuple[Trainer, list[Epoch]]:
    model = network(recipe, seed)
    trainer = Trainer(model, recipe, lr=lr, pictures=pictures, hardware=hardware, seed=seed)
    return trainer, list(trainer.epochs())


def test_the_cosine_rises_to_its_peak_and_falls_to_its_floor(
    pictures: Pictures, recipe: Callable[..., ModelParams]
) -> None:
    settings = recipe(epochs=4, warmup_epochs=1.0, schedule="cosine", min_lr=0.1, optimizer="sgd")
    _, epochs = trained(settings, pictures, lr=0.01)
    # Two steps an epoch, so steps 1, 3, 5, 7 end them. Step 1 is halfway up from 1 % to 100 %;
    # from step 2 on a cosine over 6 steps: shares 1/6, 3/6, 5/6 of its way from 1 to .1.
    falling = [0.1 + 0.45 * (1 + math.cos(math.pi * share / 6)) for share in (1, 3, 5)]
    expected = [0.01 * share for share in (0.505, *falling)]
    assert [epoch.lr for epoch in epochs] == pytest.approx(expected)


def test_a_short_run_still_reaches_its_peak(
    pictures: Pictures, recipe: Callable[..., ModelParams]
) -> None:
    """The cosine used to run on under the warm-up: at its end half of the peak was gone."""
    settings = recipe(epochs=1, warmup_epochs=5.0, schedule="cosine", optimizer="sgd")
    _, (epoch,) = trained(settings, pictures, lr=0.01)
    assert epoch.lr == pytest.approx(0.01)  # step 0 warms up, step 1 is the peak


def test_a_constant_schedule_stays_after_the_warm_up(
    pictures: Pictures, recipe: Callable[..., ModelParams]
) -> None:
    _, epochs = trained(recipe(epochs=3, warmup_epochs=1.0), pictures, lr=0.01)
    assert [epoch.lr for epoch in epochs] == pytest.approx([0.00505, 0.01, 0.01])


def test_layer_decay_reaches_the_optimizer(
    pictures: Pictures, recipe: Callable[..., ModelParams]
) -> None:
    """timm only notes `lr_scale`: without its own scheduler all layers would learn alike."""
    settings = recipe(epochs=1, layer_decay=0.5, schedule="cosine")
    trainer, _ = trained(settings, pictures, lr=0.01)
    rates = sorted({group["lr"] for group in trainer._optimizer.param_groups})
    assert len(rates) > 2 and rates[-2] == pytest.approx(rates[-1] / 2)


@pytest.mark.parametrize("backbone", ["test_efficientnet.r160_in1k", "test_vit.r160_in1k"])
def test_the_same_seed_trains_the_same_bits(
    pictures: Pictures, recipe: Callable[..., ModelParams], backbone: str
) -> None:
    settings = recipe(backbone=backbone, drop_rate=0.2, drop_path_rate=0.1, augment="flips")
    (one, curve), (two, again) = (trained(settings, pictures) for _ in range(2))
    assert [epoch.train_loss for epoch in curve] == [epoch.train_loss for epoch in again]
    tensors = two.averaged.state_dict()
    assert all(torch.equal(held, tensors[name]) for name, held in one.averaged.state_dict().items())
    other = trained(settings, pictures, seed=1)[1]
    assert [epoch.train_loss for epoch in other] != [epoch.train_loss for epoch in curve]


def test_dropout_depends_on_the_step_and_not_on_what_ran_between(
    pictures: Pictures, recipe: Callable[..., ModelParams]
) -> None:
    settings = recipe(drop_rate=0.5)
    _, curve = trained(settings, pictures)
    trainer = Trainer(network(settings), settings, lr=1e-3, pictures=pictures, hardware=CPU, seed=0)
    disturbed = []
    for epoch in trainer.epochs():
        disturbed.append(epoch.train_loss)
        torch.rand(7)  # as a val pass or a log might
    assert disturbed == [epoch.train_loss for epoch in curve]


def test_a_set_smaller_than_a_batch_trains_one_step_an_epoch(
    pictures: Pictures, recipe: Callable[..., ModelParams]
) -> None:
    trainer, epochs = trained(recipe(batch_size=64), pictures)
    assert [epoch.number for epoch in epochs] == [0, 1]
    assert all(math.isfinite(epoch.train_loss) for epoch in epochs)
    assert {int(state["step"]) for state in trainer._optimizer.state.values()} == {2}


def test_clipping_bounds_a_step(pictures: Pictures, recipe: Callable[..., ModelParams]) -> None:
    settings = recipe(epochs=1, batch_size=6, optimizer="sgd", clip_grad=1e-3)
    before = [parameter.detach().clone() for parameter in network(settings).parameters()]
    trainer, _ = trained(settings, pictures, lr=1.0)
    after = trainer.model.parameters()
    moved = torch.cat([(a - b).flatten() for a, b in zip(after, before, strict=True)]).norm()
    # timm's sgd is Nesterov's at .9: its first step is 1.9 gradients.
    assert moved.item() == pytest.approx(1.9e-3, rel=1e-3)


def test_the_average_is_what_is_scored(
    pictures: Pictures, recipe: Callable[..., ModelParams]
) -> None:
    plain, _ = trained(recipe(), pictures)
    assert plain.averaged is plain.model
    ema, _ = trained(recipe(ema_decay=0.9), pictures)
    latest, averaged = ema.model.state_dict(), ema.averaged.state_dict()
    assert latest.keys() == averaged.keys()
    assert not torch.equal(latest["conv_stem.weight"], averaged["conv_stem.weight"])


def test_a_loss_that_explodes_stops_the_training(
    pictures: Pictures, recipe: Callable[..., ModelParams]
) -> None:
    with pytest.raises(InputError, match=r"expected a finite loss, received .*; lower lr"):
        trained(recipe(epochs=9, optimizer="sgd"), pictures, lr=1e30)


def test_a_loss_that_explodes_names_its_pictures(
    pictures: Pictures, recipe: Callable[..., ModelParams]
) -> None:
    with pytest.raises(
        InputError, match=r"step \d+: .* received (nan|inf) on train/\w+/\d+\.png, "
    ):
        trained(recipe(epochs=9, optimizer="sgd"), pictures, lr=1e30)


def test_a_group_of_copies_counts_once_if_asked(
    pictures: Pictures, recipe: Callable[..., ModelParams]
) -> None:
    """The mean loss of a batch by hand from each picture's own."""
    shares = np.array([1, 0.5, 0.5, 1, 0.25, 0.25], np.float32)
    pictures._samples = replace(pictures._samples, weights=shares)
    losses = []
    for weighted in (False, True):
        settings = recipe(batch_size=6, epochs=1, drop_rate=0.0, group_weights=weighted)
        trainer, (epoch,) = trained(settings, pictures, lr=1e-12)
        logits = predicted_logits_in_train_mode(trainer.model, pictures)
        truth = torch.tensor(pictures._samples.labels)
        each = nn.functional.cross_entropy(logits, truth, reduction="none")
        weights = torch.tensor(shares.tolist() if weighted else [1.0] * 6)
        losses.append(epoch.train_loss)
        expected = ((each * weights).sum() / weights.sum()).item()
        assert epoch.train_loss == pytest.approx(expected, rel=1e-4)
    assert losses[0] != pytest.approx(losses[1], rel=1e-2)


def predicted_logits_in_train_mode(model: nn.Module, pictures: Pictures) -> torch.Tensor:
    """Of all pictures as one batch, in their order and as epoch 0 augments them."""
    batch = pictures[0, np.arange(len(pictures))]
    with torch.no_grad():
        return model.train()(normalised(batch.images, statistics(model)))


def weights_after(
    pictures: Pictures, recipe: ModelParams, **options: object
) -> dict[str, torch.Tensor]:
    trainer, _ = trained(recipe, pictures, **options)
    return {name: held.clone() for name, held in trainer.averaged.state_dict().items()}


def test_micro_batches_add_up_to_the_batch(
    pictures: Pictures, recipe: Callable[..., ModelParams]
) -> None:
    settings = {"backbone": "test_vit.r160_in1k", "batch_size": 6, "optimizer": "sgd"}
    whole = weights_after(pictures, recipe(**settings), lr=0.1)
    parts = weights_after(pictures, recipe(**settings, micro_batch=4), lr=0.1)
    for name, held in whole.items():
        torch.testing.assert_close(parts[name], held, atol=1e-5, rtol=1e-5)


def test_out_of_memory_halves_the_micro_batch_and_keeps_the_batch(
    pictures: Pictures, recipe: Callable[..., ModelParams], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second part of the batch does not fit: the gradients of the first must not stay."""
    options = {"backbone": "test_vit.r160_in1k", "batch_size": 6, "optimizer": "sgd", "epochs": 1}
    roomy = weights_after(pictures, recipe(**options), lr=0.1)
    settings = recipe(**options, micro_batch=3)
    seen, losses = [], Gradients._losses

    def tight(own: Gradients, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        seen.append(len(images))
        if len(seen) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return losses(own, images, targets)

    monkeypatch.setattr(Gradients, "_losses", tight)
    with pytest.warns(UserWarning, match="out of memory: now"):
        tightly = weights_after(pictures, settings, lr=0.1)
    assert seen == [3, 3, 2, 2, 2]
    for name, held in roomy.items():
        torch.testing.assert_close(tightly[name], held, atol=1e-5, rtol=1e-5)


def test_no_room_for_one_picture_is_an_error(
    pictures: Pictures, recipe: Callable[..., ModelParams], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Gradients, "_losses", full)
    with (
        pytest.warns(UserWarning, match="out of memory"),
        pytest.raises(InputError, match=r"room for 1 of a batch's pictures.*grad_checkpointing"),
    ):
        trained(recipe(), pictures)


def test_the_mean_of_the_last_epochs_by_hand(
    pictures: Pictures, recipe: Callable[..., ModelParams]
) -> None:
    settings = recipe(epochs=3, average_epochs=2)
    trainer = Trainer(network(settings), settings, lr=1e-3, pictures=pictures, hardware=CPU, seed=0)
    after = []
    for _ in trainer.epochs():
        after.append(trainer.model.conv_stem.weight.detach().clone())
        if len(after) == 1:
            assert trainer.averaged is trainer.model  # there is no mean yet
    found = trainer.averaged.conv_stem.weight
    torch.testing.assert_close(found, (after[1] + after[2]) / 2)


def test_waiting_for_batches_is_what_efficiency_lacks(
    pictures: Pictures, recipe: Callable[..., ModelParams], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(100))
    monkeypatch.setattr("croquis.training.engine.time.perf_counter", lambda: next(clock))
    _, (epoch,) = trained(recipe(epochs=1), pictures)
    # Two batches of three: 0 begins, 1-2 and 3-4 fetch, 5 finds no more, 6 ends.
    assert epoch.images_per_second == 1.0
    assert epoch.data_efficiency == pytest.approx(1 - 2 / 6)


def test_a_scaler_changes_no_step(pictures: Pictures, recipe: Callable[..., ModelParams]) -> None:
    """As on a V100, but in float32: gradients are clipped at their true size."""
    settings = recipe(backbone="test_vit.r160_in1k", optimizer="sgd", clip_grad=0.5, ema_decay=0.5)
    plain = weights_after(pictures, settings, lr=0.1)
    scaled = weights_after(pictures, settings, lr=0.1, hardware=SCALED)
    for name, held in plain.items():
        torch.testing.assert_close(scaled[name], held, atol=1e-4, rtol=1e-4)


def overflowing(monkeypatch: pytest.MonkeyPatch, calls: set[int]) -> list[int]:
    """The calls of the loss so far, of which some give infinity."""
    seen, losses = [], Gradients._losses

    def found(own: Gradients, *given: torch.Tensor) -> torch.Tensor:
        seen.append(len(seen))
        return losses(own, *given) * (math.inf if seen[-1] in calls else 1.0)

    monkeypatch.setattr(Gradients, "_losses", found)
    return seen


def test_a_step_that_overflows_is_skipped_and_counts_for_no_loss(
    pictures: Pictures, recipe: Callable[..., ModelParams], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An infinity in one micro-batch counted as one in each after it, and its loss was kept."""
    settings = recipe(epochs=1, micro_batch=1, backbone="test_vit.r160_in1k")
    overflowing(monkeypatch, {0, 3, 4, 5})  # in both of the epoch's batches of three
    trainer, (epoch,) = trained(settings, pictures, hardware=SCALED)
    assert epoch.train_loss == 0.0
    before = network(settings).state_dict()
    assert all(torch.equal(held, before[name]) for name, held in trainer.model.state_dict().items())


def test_what_overflows_for_ever_stops(
    pictures: Pictures, recipe: Callable[..., ModelParams], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = overflowing(monkeypatch, set(range(100)))
    with pytest.raises(InputError, match="a finite loss"):
        trained(recipe(epochs=9), pictures, hardware=SCALED)
    assert len(seen) == 8


def test_a_head_with_batch_norm_never_sees_a_lone_picture(
    recipe: Callable[..., ModelParams],
) -> None:
    head = {"hidden": [4], "act": "relu", "norm": "batch", "dropout": 0.0}
    sizes = []
    for changes in ({"head": head}, {}):
        settings = recipe(batch_size=5, micro_batch=2, **changes)
        scaler = torch.amp.GradScaler("cpu", enabled=False)
        parts = Gradients(network(settings), settings, CPU, scaler)._parts(5)
        sizes.append([part.stop - part.start for part in parts])
    assert sizes == [[2, 3], [1, 2, 2]]


def test_the_mean_of_weights_takes_counters_as_cuda_would(
    pictures: Pictures, recipe: Callable[..., ModelParams], monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch's default divided whole numbers on CUDA, and failed at the second epoch of the mean."""
    devices = "torch.optim.swa_utils._get_foreach_kernels_supported_devices"
    monkeypatch.setattr(devices, lambda: ["cpu"])
    trainer, _ = trained(recipe(epochs=3, average_epochs=3), pictures)
    assert trainer.averaged is not trainer.model


EXTRAS = {
    "plain": {},
    "ema, dropout": {"ema_decay": 0.9, "drop_rate": 0.3, "drop_path_rate": 0.1},
    "mean": {"average_epochs": 2},
    "mixing, lookahead": {
        "mix": {"prob": 1.0, "mixup": 1.0, "cutmix": 1.0, "clip": None, "off_last_epochs": 1},
        "batch_size": 2,
        "optimizer": "lookahead_adamw",
    },
    "plateau": {"schedule": "plateau", "cycle_epochs": 1, "cycle_factor": 0.5},
}


@pytest.mark.parametrize("extras", EXTRAS.values(), ids=EXTRAS)
@pytest.mark.parametrize("stop", range(1, 6))
def test_a_training_stopped_after_any_step_ends_with_the_same_bits(
    pictures: Pictures,
    recipe: Callable[..., ModelParams],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    extras: dict,
    stop: int,
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    settings = recipe(epochs=3, augment="flips") if not extras else recipe(epochs=3, **extras)

    def begun() -> Trainer:
        kept = Checkpoints("train/a-0", "x")
        return Trainer(
            network(settings), settings, lr=1e-2, pictures=pictures, hardware=CPU, seed=0, kept=kept
        )

    def run(trainer: Trainer, interrupts: Interrupts | None = None) -> Trainer:
        for epoch in trainer.epochs(interrupts):
            trainer.record({"epoch": epoch.number, "train_loss": epoch.train_loss})
        return trainer

    steps, update = [], Trainer._update

    def counted(trainer: Trainer, *args: object) -> float:
        steps.append(trainer._step)
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
