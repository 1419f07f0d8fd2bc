"""Fine-tuning by hand: the schedule, the loss, the average; and prediction without chance."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from croquis.data.pixels import Pixels
from croquis.errors import InputError
from croquis.models.backbones import build
from croquis.parts import read_folds, read_index
from croquis.training.augment import Augment
from croquis.training.batches import Batch, Pictures
from croquis.training.engine import Epoch, Trainer, predicted_logits, softmax, weighted_loss
from croquis.training.hardware import Hardware
from croquis.training.recipes import ModelParams
from croquis.training.samples import FoldData, Samples

CPU = Hardware(torch.device("cpu"), None, False, 0)


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
    recipe: ModelParams, pictures: Pictures, *, lr: float = 1e-3, seed: int = 0
) -> tuple[Trainer, list[Epoch]]:
    model = network(recipe, seed)
    trainer = Trainer(model, recipe, lr=lr, pictures=pictures, hardware=CPU, seed=seed)
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


def test_the_loss_counts_a_group_of_copies_once_if_asked(
    recipe: Callable[..., ModelParams],
) -> None:
    logits = torch.tensor([[0.0, 0.0], [0.0, math.log(3)]])  # -log p: log 2 and log 4
    batch = Batch(torch.empty(2), torch.tensor([0, 0]), torch.tensor([1.0, 0.5]))
    plain = weighted_loss(logits, batch, recipe()).item()
    assert plain == pytest.approx((math.log(2) + math.log(4)) / 2)
    weighted = weighted_loss(logits, batch, recipe(group_weights=True)).item()
    assert weighted == pytest.approx((math.log(2) + math.log(4) / 2) / 1.5)


def test_label_smoothing_by_hand(recipe: Callable[..., ModelParams]) -> None:
    logits = torch.tensor([[0.0, math.log(3)]])  # p = 1/4, 3/4
    batch = Batch(torch.empty(1), torch.tensor([1]), torch.tensor([1.0]))
    found = weighted_loss(logits, batch, recipe(label_smoothing=0.2)).item()
    assert found == pytest.approx(-(0.9 * math.log(3 / 4) + 0.1 * math.log(1 / 4)))


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


def test_dropout_depends_on_the_epoch_and_not_on_what_ran_between(
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


@pytest.fixture
def held_out(drawn: Path) -> Pictures:
    """All fifteen pictures, not augmented."""
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    return Pictures(pixels, Samples.unlabelled(pixels.ids.to_numpy(dtype=str)), image_size=32)


@pytest.mark.parametrize("backbone", ["test_efficientnet.r160_in1k", "test_vit.r160_in1k"])
def test_predicting_twice_gives_the_same_bits(
    held_out: Pictures, recipe: Callable[..., ModelParams], backbone: str
) -> None:
    model = network(recipe(backbone=backbone, drop_rate=0.5, drop_path_rate=0.5)).train()
    once, twice = (predicted_logits(model, held_out, hardware=CPU, batch_size=4) for _ in range(2))
    assert once.shape == (15, 3) and once.dtype == np.float32
    np.testing.assert_array_equal(once, twice)


def test_the_batch_size_does_not_change_predictions(
    held_out: Pictures, recipe: Callable[..., ModelParams]
) -> None:
    model = network(recipe())
    single, all_at_once = (
        predicted_logits(model, held_out, hardware=CPU, batch_size=size) for size in (1, 64)
    )
    np.testing.assert_allclose(single, all_at_once, atol=1e-5)


def test_nothing_to_predict_gives_no_rows(drawn: Path, recipe: Callable[..., ModelParams]) -> None:
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    empty = Pictures(pixels, Samples.unlabelled(np.array([], dtype=str)), image_size=32)
    found = predicted_logits(network(recipe()), empty, hardware=CPU, batch_size=4)
    assert found.shape == (0, 3) and softmax(found).shape == (0, 3)


def test_softmax_by_hand() -> None:
    found = softmax(np.array([[0.0, math.log(3)], [1000.0, 0.0]], np.float32))
    np.testing.assert_allclose(found, [[0.25, 0.75], [1, 0]], atol=1e-7)
    assert found.dtype == np.float32
