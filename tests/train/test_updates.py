"""Updates that would spoil the weights are not made, and leave no trace."""

import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from timm.optim import Lookahead
from timm.utils import ModelEmaV3

from croquis.core.errors import InputError
from croquis.images.batches import ImageDataset, Shuffled
from croquis.recipes.recipes import ModelParams
from croquis.train import gradients
from croquis.train.checkpoints import Checkpoints
from croquis.train.gradients import Gradients
from support.trainings import SCALED, begun, network, trained, weights_after


def test_clipping_bounds_a_step(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    settings = recipe(epochs=1, batch_size=6, optimizer="sgd", clip_grad=1e-3)
    before = [
        parameter.detach().clone() for parameter in network(settings).parameters()
    ]
    trainer, _ = trained(settings, dataset, lr=1.0)
    after = trainer.model.parameters()
    moved = torch.cat(
        [(a - b).flatten() for a, b in zip(after, before, strict=True)]
    ).norm()
    # timm's sgd is Nesterov's at .9: its first step is 1.9 gradients.
    assert moved.item() == pytest.approx(1.9e-3, rel=1e-3)


def test_a_loss_that_explodes_stops_the_training(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    with pytest.raises(
        InputError, match=r"expected a finite loss, received .*; lower lr"
    ):
        trained(recipe(epochs=9, optimizer="sgd"), dataset, lr=1e30)


def test_a_loss_that_explodes_names_its_images(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    with pytest.raises(
        InputError, match=r"step \d+: .* received (nan|inf) on train/\w+/\d+\.png, "
    ):
        trained(recipe(epochs=9, optimizer="sgd"), dataset, lr=1e30)


def test_a_scaler_changes_no_step(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    """As on a V100, but in float32: gradients are clipped at their true size."""
    settings = recipe(
        backbone="test_vit.r160_in1k", optimizer="sgd", clip_grad=0.5, ema_decay=0.5
    )
    plain = weights_after(dataset, settings, lr=0.1)
    scaled = weights_after(dataset, settings, lr=0.1, hardware=SCALED)
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
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An infinity in one micro-batch counted as one in each after it, and its loss was kept."""
    settings = recipe(epochs=1, micro_batch=1, backbone="test_vit.r160_in1k")
    overflowing(
        monkeypatch, {0, 3, 4, 5}
    )  # in both of the epoch's batches of three
    trainer, (epoch,) = trained(settings, dataset, hardware=SCALED)
    assert epoch.train_loss == 0.0
    before = network(settings).state_dict()
    assert all(
        torch.equal(held, before[name])
        for name, held in trainer.model.state_dict().items()
    )


def test_what_overflows_for_ever_stops(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = overflowing(monkeypatch, set(range(100)))
    with pytest.raises(InputError, match="a finite loss"):
        trained(recipe(epochs=9), dataset, hardware=SCALED)
    assert len(seen) == 8


def spoiling(monkeypatch: pytest.MonkeyPatch, calls: set[int]) -> None:
    """Makes the gradient, and not the loss, no number at some calls of the loss."""
    seen, losses = [], Gradients._losses

    def found(own: Gradients, *given: torch.Tensor) -> torch.Tensor:
        seen.append(len(seen))
        nothing = 0 * next(own._model.parameters()).sum()
        return losses(own, *given) + (
            nothing.sqrt() if seen[-1] in calls else 0
        )  # 0 / 0 backward

    monkeypatch.setattr(Gradients, "_losses", found)


def test_an_overflow_leaves_no_trace_in_batch_norms(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The update was skipped, but running means stayed infinite, and the average took them over."""
    normalised, seen = gradients.normalise, []

    def infinite_once(*given: object) -> torch.Tensor:
        seen.append(1)
        return normalised(*given) * (math.inf if len(seen) == 1 else 1.0)

    monkeypatch.setattr(gradients, "normalise", infinite_once)
    trainer, epochs = trained(recipe(ema_decay=0.9), dataset, hardware=SCALED)
    assert len(seen) == 4 and trainer.model.bn1.num_batches_tracked == 3
    for model in (trainer.model, trainer.averaged):
        assert all(held.isfinite().all() for held in model.state_dict().values())
    assert all(math.isfinite(epoch.train_loss) for epoch in epochs)


def test_a_gradient_that_is_no_number_stops_before_it_reaches_the_weights(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """It used to be saved as the newest state, and the error named the images of a step later."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("CROQUIS_SAVE_MINUTES", "0")  # after each update
    spoiling(monkeypatch, {2})
    kept = Checkpoints("train/a-0", "x")
    trainer = begun(recipe(), dataset, checkpoints=kept)
    batch = next(
        Shuffled(dataset, batch_size=3, seed=0, workers=0).epoch(1)
    )  # the third
    named = ", ".join(dataset.names(batch.positions))
    what = r"step 2: expected a finite gradient, received one of norm nan at a loss of \d.* on "
    with pytest.raises(InputError, match=what + re.escape(named)):
        for epoch in trainer.epochs():
            trainer.record({"train_loss": epoch.train_loss})
    state = kept.load()
    assert state["step"] == 2
    assert all(held.isfinite().all() for held in state["model"].values())


def test_gradients_that_overflow_for_ever_stop(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Their losses are finite: two hundred epochs used to end with the weights they began with."""
    spoiling(monkeypatch, set(range(100)))
    with pytest.raises(InputError, match=r"step 7: expected a finite gradient"):
        trained(recipe(epochs=9), dataset, hardware=SCALED)


def test_overflows_are_counted_in_a_row(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoiling(monkeypatch, {*range(7), *range(8, 15)})
    trainer, _ = trained(
        recipe(epochs=8), dataset, hardware=SCALED
    )  # 16 updates, two are made
    assert {
        int(state["step"])
        for state in trainer._state.updates.optimizer.state.values()
    } == {2}


def test_a_skipped_update_does_not_reach_the_average(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoiling(monkeypatch, {3})
    trainer = begun(recipe(ema_decay=0.9), dataset, hardware=SCALED)
    steps, update = [], ModelEmaV3.update
    monkeypatch.setattr(
        ModelEmaV3,
        "update",
        lambda *given, step: (steps.append(step), update(*given, step=step)),
    )
    list(trainer.epochs())
    assert steps == [0, 1, 2]


def test_lookahead_ends_on_its_slow_weights(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Eight updates are no multiple of six: the fast weights of the last two used to be kept."""
    settings = recipe(epochs=4, optimizer="lookahead_sgd")
    found = weights_after(dataset, settings, lr=0.1)["conv_stem.weight"]
    monkeypatch.setattr(Lookahead, "sync_lookahead", lambda own: None)
    trainer, _ = trained(settings, dataset, lr=0.1)
    fast = trainer.model.conv_stem.weight
    slow = trainer._state.updates.optimizer.state_dict()["state"][0][
        "lookahead_slow_buff"
    ]
    assert not torch.equal(fast, slow)
    torch.testing.assert_close(found, (fast + slow) / 2)
