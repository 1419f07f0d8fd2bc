"""Optimizers and learning rates: timm's, with a factor for the head and for phases."""

import itertools
import math
from collections.abc import Collection, Sequence
from typing import Any

import torch
from timm.optim import (
    create_optimizer_v2,
    list_optimizers,
    param_groups_layer_decay,
    param_groups_weight_decay,
)
from timm.scheduler import create_scheduler_v2
from timm.scheduler.scheduler import Scheduler
from torch import nn

from croquis.backbones.backbones import Network
from croquis.core.errors import InputError
from croquis.core.params import nearest
from croquis.heads.heads import head_names
from croquis.recipes.probe_recipes import HeadRecipe
from croquis.recipes.recipes import ModelParams, ModelRecipe, cycles, spans

# Optimizers of torch that have one kernel for all parameters; timm's own know no such option.
_FUSED = ("adam", "adamw", "sgd")
# Relative: the loss must fall by this share of itself to count as progress, torch's own threshold.
_PROGRESS = 1e-4


def build_optimizer(
    groups: list[dict[str, Any]], recipe: ModelRecipe | HeadRecipe
) -> torch.optim.Optimizer:
    """timm's optimizer over groups of parameters; `Rates` must set its learning rates.

    Args:
        groups: each with its own `weight_decay`, such as `parameter_groups`.
        recipe: the optimizer's name and the peak learning rate.

    Raises:
        InputError: if timm has no such optimizer.
    """
    name = recipe.optimizer
    fused: dict[str, Any] = {"fused": True} if name in _FUSED else {}
    try:
        # The groups carry their own decay; this one is for optimizers that look at no group.
        return create_optimizer_v2(
            groups, opt=name, lr=recipe.lr, weight_decay=0.0, **fused
        )
    except (AssertionError, ValueError) as error:
        names = [str(each) for each in list_optimizers()]
        raise InputError(
            "optimizer",
            expected="a timm optimizer",
            received=repr(name),
            fix=nearest(name, names),
        ) from error


def parameter_groups(model: Network, recipe: ModelParams) -> list[dict[str, Any]]:
    """Groups with `weight_decay` and `lr_scale`: by depth if layers decay, the head apart.

    With `layer_decay`, one-dimensional parameters (biases, norms) and what the network names have
    no weight decay. Without it, the former have none in networks that name some, and the names
    themselves are not asked for.

    Args:
        model: what of it trains requires gradients.
        recipe: `weight_decay`, `layer_decay` and `head_lr_mult`.
    """
    list_exempt = getattr(model, "no_weight_decay", set)
    exempt: Collection[str] = list_exempt()
    decay = recipe.weight_decay
    if recipe.layer_decay is None:
        # The names were meant here. timm takes its third argument for this switch, and trainings
        # have always run so: to correct it would change the weights of each of them.
        groups = param_groups_weight_decay(
            model, decay, weight_decay_exclude_1d=bool(exempt)
        )
    else:
        groups = param_groups_layer_decay(
            model, decay, exempt, layer_decay=recipe.layer_decay
        )
    parts = (_split(group, model, recipe) for group in groups)
    return list(itertools.chain.from_iterable(parts))


def _split(
    group: dict[str, Any], model: Network, recipe: ModelParams
) -> list[dict[str, Any]]:
    """A group as its part in the backbone and its part in the head, whichever there are."""
    head = {id(parameter) for parameter in _head_parameters(model)}
    parts: dict[bool, list[nn.Parameter]] = {False: [], True: []}
    for parameter in group["params"]:
        parts[id(parameter) in head].append(parameter)
    scale = group.get("lr_scale", 1.0)
    scales = {False: scale, True: scale * recipe.head_lr_mult}
    return [
        group | {"params": part, "lr_scale": scales[is_head]}
        for is_head, part in parts.items()
        if part
    ]


def _head_parameters(model: Network) -> list[nn.Parameter]:
    heads = (model.get_submodule(name) for name in head_names(model))
    return [parameter for head in heads for parameter in head.parameters()]


class Rates:
    """Learning rates as a function of the step and the epochs' losses, so a resume needs no state.

    timm's schedulers set them, as torch's own would not act on `lr_scale`.

    Args:
        optimizer: from `build_optimizer`.
        recipe: peak, schedule, warm-up, cycles and floor.
        per_epoch: updates an epoch.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        recipe: ModelRecipe | HeadRecipe,
        *,
        per_epoch: int,
    ) -> None:
        self._optimizer = optimizer
        self._recipe = recipe
        self._scheduler = _build_scheduler(optimizer, recipe, per_epoch)

    def set(
        self, step: int, *, factor: float = 1.0, losses: Sequence[float] = ()
    ) -> None:
        """Sets the rates of update number `step`.

        Args:
            step: from 0.
            factor: of the phase.
            losses: train loss of each whole epoch so far; "plateau" alone looks at it.
        """
        self._scheduler.step_update(step)
        if self._recipe.schedule == "plateau":
            drops = plateaus(losses, patience=round(self._recipe.cycle_epochs))
            # Never below the floor, and above the rates of a warm-up that is still going on.
            factor *= max(self._recipe.min_lr, self._recipe.cycle_factor**drops)
        for group in self._optimizer.param_groups:
            group["lr"] *= factor

    @property
    def highest(self) -> float:
        """The highest rate of a group now."""
        return max(group["lr"] for group in self._optimizer.param_groups)


def plateaus(losses: Sequence[float], *, patience: int) -> int:
    """How often `losses` have not fallen for more than `patience` epochs in a row.

    The rule of torch's ReduceLROnPlateau; on train losses, as a fold that is scored steers nothing.
    """
    best = float("inf")
    waited = 0
    count = 0
    for loss in losses:
        waited += 1
        if loss < best * (1 - _PROGRESS):
            best = loss
            waited = 0
        if waited > patience:
            count += 1
            waited = 0
    return count


def cycle_ends(recipe: ModelParams, per_epoch: int) -> list[int]:
    """How many updates there were when each cycle of the lr ended, but for the last one."""
    warmup, cycle = spans(recipe)
    numbers = range(1, cycles(recipe) + 1)
    if recipe.schedule == "cyclic":
        return [number * _period(cycle, per_epoch) for number in numbers]
    ends = [(warmup + number * cycle) * per_epoch for number in numbers]
    return [math.ceil(end - 1e-9) for end in ends]


def _period(cycle: float, per_epoch: int) -> int:
    """Updates of a triangle: at least one up and one down."""
    return max(2, round(cycle * per_epoch))


def _build_scheduler(
    optimizer: torch.optim.Optimizer,
    recipe: ModelRecipe | HeadRecipe,
    per_epoch: int,
) -> Scheduler:
    """timm's scheduler of the recipe, by updates; "plateau" is constant here."""
    warmup, cycle = spans(recipe)
    rest = recipe.epochs - warmup
    if recipe.schedule == "cyclic":
        return _Triangles(
            optimizer,
            period=_period(cycle, per_epoch),
            floor=recipe.lr * recipe.min_lr,
            factor=recipe.cycle_factor,
        )
    restarts = recipe.schedule == "restarts"
    names = {"restarts": "cosine", "plateau": "constant"}
    scheduler, _ = create_scheduler_v2(
        optimizer,
        sched=names.get(recipe.schedule, recipe.schedule),
        # timm asks for whole epochs and works with fractions of them.
        num_epochs=cycle if restarts else rest,  # type: ignore[arg-type]
        decay_epochs=cycle,
        decay_rate=recipe.cycle_factor,
        min_lr=recipe.lr * recipe.min_lr,
        warmup_epochs=warmup,  # type: ignore[arg-type]  # the same
        warmup_prefix=True,  # else the cosine runs on beneath the warm-up and starts below its peak
        warmup_lr=recipe.lr / 100,
        step_on_epochs=False,
        updates_per_epoch=per_epoch,
        # Others are one cycle, in which `cycle_decay` does not act.
        cycle_limit=math.ceil(rest / cycle) + 1 if restarts else 1,
        cycle_decay=recipe.cycle_factor,
    )
    assert scheduler is not None  # timm has none for names it does not know
    return scheduler


class _Triangles(Scheduler):
    """From floor to peak and back in straight lines, Smith 2015 (arXiv:1506.01186).

    timm has no such schedule and torch's ignores `lr_scale`. It rises by itself, without a warm-up.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        *,
        period: int,
        floor: float,
        factor: float,
    ) -> None:
        super().__init__(optimizer, "lr", t_in_epochs=False)
        self._period = period
        self._floor = floor
        self._factor = factor

    def _get_lr(self, t: int) -> list[float]:
        cycle, place = divmod(t, self._period)
        share = 1 - abs(2 * place / self._period - 1)
        heights = (
            max(0.0, peak * self._factor**cycle - self._floor)
            for peak in self.base_values
        )
        return [self._floor + share * height for height in heights]
