"""Learning rates by hand, step by step, and who gets which."""

import math
from collections.abc import Callable
from typing import get_args

import pytest
import timm
import torch
from torch import nn

from croquis.heads.optimization import (
    Rates,
    build_optimizer,
    cycle_ends,
    parameter_groups,
    plateaus,
)
from croquis.recipes.probe_recipes import HeadParams
from croquis.recipes.recipes import ModelRecipe, TrainParams

Recipe = Callable[..., ModelRecipe]


def curve(
    recipe: ModelRecipe, *, steps: int, per_epoch: int = 2, lr: float = 1.0
) -> list[float]:
    """The lr of each step of one parameter under a recipe."""
    sgd = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr)
    recipe = recipe.model_copy(update={"lr": lr})
    rates = Rates(sgd, recipe, per_epoch=per_epoch)
    found = []
    for step in range(steps):
        rates.set(step)
        found.append(rates.highest)
    return found


def test_cosine_falls_from_the_peak_to_the_floor(recipe: Recipe) -> None:
    found = curve(recipe(epochs=2, schedule="cosine", min_lr=0.1), steps=4)
    expected = [
        0.1 + 0.45 * (1 + math.cos(math.pi * step / 4)) for step in range(4)
    ]
    assert found == pytest.approx(expected)


def test_the_warm_up_comes_before_and_ends_at_the_peak(recipe: Recipe) -> None:
    found = curve(recipe(epochs=3, schedule="cosine", warmup_epochs=1.0), steps=3)
    assert found == pytest.approx([0.01, 0.505, 1.0])


def test_constant_stays(recipe: Recipe) -> None:
    assert curve(recipe(epochs=2), steps=4) == pytest.approx([1, 1, 1, 1])


def test_step_falls_by_its_factor(recipe: Recipe) -> None:
    settings = recipe(epochs=6, schedule="step", cycle_epochs=2, cycle_factor=0.1)
    assert curve(settings, steps=6, per_epoch=1) == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01]
    )


def test_restarts_begin_anew_each_cycle_a_little_lower(recipe: Recipe) -> None:
    settings = recipe(
        epochs=4, schedule="restarts", cycle_epochs=2, cycle_factor=0.5
    )
    # Cosines over two steps: the peak and half of it; then both halved.
    assert curve(settings, steps=4, per_epoch=1) == pytest.approx(
        [1, 0.5, 0.5, 0.25]
    )


def test_restarts_go_on_after_the_last_whole_cycle(recipe: Recipe) -> None:
    settings = recipe(epochs=5, schedule="restarts", cycle_epochs=2)
    assert curve(settings, steps=5, per_epoch=1) == pytest.approx(
        [1, 0.5, 1, 0.5, 1]
    )


def test_cyclic_is_triangles_between_floor_and_peak(recipe: Recipe) -> None:
    settings = recipe(
        epochs=8, schedule="cyclic", cycle_epochs=4, cycle_factor=0.5, min_lr=0.2
    )
    found = curve(settings, steps=8, per_epoch=1)
    assert found == pytest.approx([0.2, 0.6, 1.0, 0.6, 0.2, 0.35, 0.5, 0.35])


@pytest.mark.parametrize("per_epoch", [1, 2, 7])
@pytest.mark.parametrize("warmup", [0.0, 0.5, 1.0])
def test_a_cycle_of_restarts_ends_where_the_lr_rises_again(
    recipe: Recipe, per_epoch: int, warmup: float
) -> None:
    options = {"epochs": 8, "warmup_epochs": warmup, "cycle_epochs": 2}
    settings = recipe(schedule="restarts", **options)
    found = curve(settings, steps=8 * per_epoch, per_epoch=per_epoch)
    begin = math.ceil(warmup * per_epoch)
    rises = [
        step
        for step in range(begin + 1, len(found))
        if found[step] > found[step - 1] + 1e-9
    ]
    if 2 * per_epoch > 1:
        assert cycle_ends(settings, per_epoch) == rises and len(rises) == 3


def test_a_cycle_of_triangles_ends_at_the_floor(recipe: Recipe) -> None:
    settings = recipe(
        epochs=9, schedule="cyclic", cycle_epochs=2, warmup_epochs=1.0
    )
    found = curve(settings, steps=18)
    assert (
        cycle_ends(settings, 2)
        == [4, 8, 12, 16]
        == [k for k in range(1, 18) if found[k] == 0]
    )
    assert cycle_ends(settings, 1) == [2, 4, 6, 8]


def test_other_schedules_have_no_cycles(recipe: Recipe) -> None:
    assert cycle_ends(recipe(epochs=9, schedule="cosine", cycle_epochs=2), 3) == []


def test_plateau_falls_when_the_train_loss_stands_still(recipe: Recipe) -> None:
    settings = recipe(
        epochs=9, schedule="plateau", cycle_epochs=1, cycle_factor=0.1, lr=1.0
    )
    sgd = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    rates = Rates(sgd, settings, per_epoch=1)
    losses = [3.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0]
    found = []
    for step in range(8):
        rates.set(step, losses=losses[:step])
        found.append(rates.highest)
    assert found == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.1, 0.01])


def test_plateaus_are_counted_as_torch_counts_them() -> None:
    losses = [1.0, 0.9, 0.95, 0.93, 0.91, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8]
    sgd = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(sgd, factor=0.5, patience=2)
    for done, loss in enumerate(losses, start=1):
        theirs.step(loss)
        ours = 0.5 ** plateaus(losses[:done], patience=2)
        assert sgd.param_groups[0]["lr"] == pytest.approx(ours)


def test_a_loss_that_falls_by_less_than_a_ten_thousandth_stands_still() -> None:
    assert plateaus([1.0, 0.99995, 0.9999], patience=1) == 1
    assert plateaus([1.0, 0.9998, 0.9996], patience=1) == 0


def test_a_phases_factor_acts_on_every_step_once(recipe: Recipe) -> None:
    sgd = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    rates = Rates(sgd, recipe(epochs=4, lr=1.0), per_epoch=1)
    for step in range(3):
        rates.set(step, factor=0.5)
        assert rates.highest == pytest.approx(0.5)


def network() -> nn.Module:
    return timm.create_model("test_vit", num_classes=3)


def test_layer_decay_gives_each_depth_its_rate(recipe: Recipe) -> None:
    """timm only notes `lr_scale`: without its own scheduler all layers would learn alike."""
    settings = recipe(layer_decay=0.5, lr=1.0)
    model = network()
    made = build_optimizer(parameter_groups(model, settings), settings)
    Rates(made, settings, per_epoch=1).set(0)
    rates = sorted({group["lr"] for group in made.param_groups}, reverse=True)
    # Head, the last norm and six blocks, embedding: each half of the one above.
    assert len(rates) > 3 and rates == pytest.approx(
        [0.5**depth for depth in range(len(rates))]
    )


def test_the_head_has_a_rate_of_its_own(recipe: Recipe) -> None:
    settings, model = recipe(head_lr_mult=10.0, layer_decay=0.5), network()
    head = {id(parameter) for parameter in model.get_classifier().parameters()}
    for group in parameter_groups(model, settings):
        inside = {id(parameter) in head for parameter in group["params"]}
        assert len(inside) == 1
        assert (group["lr_scale"] == 10) == inside.pop()


def test_every_parameter_is_in_one_group_and_norms_have_no_decay(
    recipe: Recipe,
) -> None:
    model = network()
    groups = parameter_groups(model, recipe(weight_decay=0.1, head_lr_mult=3.0))
    placed = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(placed) == sorted(
        id(parameter) for parameter in model.parameters()
    )
    for group in groups:
        flat = {parameter.ndim <= 1 for parameter in group["params"]}
        assert True not in flat or group["weight_decay"] == 0


def test_frozen_parameters_are_left_out(recipe: Recipe) -> None:
    model = network()
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith("head")
    for settings in (recipe(), recipe(layer_decay=0.5)):
        groups = parameter_groups(model, settings)
        assert sum(len(group["params"]) for group in groups) == 2


@pytest.mark.parametrize(
    "name", ["adam", "radam", "sgd", "lookahead_adamw", "adamw", "lamb"]
)
def test_optimizers_by_timm_name_train_and_can_be_saved(
    recipe: Recipe, name: str
) -> None:
    settings, model = recipe(optimizer=name, lr=0.01), network()
    made = build_optimizer(parameter_groups(model, settings), settings)
    Rates(made, settings, per_epoch=1).set(0)
    before = model.head.weight.detach().clone()
    model(torch.randn(2, 3, 160, 160)).square().sum().backward()
    made.step()
    assert not torch.equal(before, model.head.weight)
    again = build_optimizer(parameter_groups(model, settings), settings)
    again.load_state_dict(made.state_dict())
    assert len(again.state_dict()["state"]) == len(made.state_dict()["state"])


SCHEDULES = get_args(TrainParams.model_fields["schedule"].annotation)


def test_heads_and_models_know_the_same_schedules() -> None:
    assert get_args(HeadParams.model_fields["schedule"].annotation) == SCHEDULES


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_reaches_the_peak_and_never_passes_it(
    recipe: Recipe, schedule: str
) -> None:
    settings = recipe(epochs=4, schedule=schedule, cycle_epochs=2, cycle_factor=0.5)
    rates = curve(settings, steps=8)
    assert max(rates) == pytest.approx(1.0) and min(rates) >= 0
