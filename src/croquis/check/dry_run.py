"""What fails only when it is tried, tried for an instant: it would cost hours to find out later."""

import warnings
from collections.abc import Mapping

from timm.optim import list_optimizers

from croquis.core import params
from croquis.core.errors import InputError
from croquis.recipes.probe_recipes import ProbeParams
from croquis.recipes.recipes import ModelParams

# What a network, its sizes and the groups of its optimizer depend on.
_SHAPES = {
    "backbone",
    "image_size",
    "phases",
    "head",
    "head_start",
    "lora",
    "trainable",
    "grad_checkpointing",
    "layer_decay",
    "drop_rate",
    "drop_path_rate",
    "average_epochs",
}
# In front of any timm name: an average of weights every few steps (arXiv:1907.08610).
_LOOKAHEAD = "lookahead_"


def check_optimizer(where: str, name: str) -> None:
    """Raises InputError unless timm has an optimizer of that name.

    Args:
        where: the block's key, such as "models.eva_giant".
        name: a name, with "lookahead_" before it or without.
    """
    optimizers = [str(each) for each in list_optimizers()]
    if name.removeprefix(_LOOKAHEAD) not in optimizers:
        hint = params.nearest(name, optimizers)
        expected = "a timm optimizer"
        raise InputError(
            f"{where}.optimizer", expected=expected, received=repr(name), fix=hint
        )


def dry_run_optimizer(where: str, name: str) -> None:
    """Raises InputError unless one step of the optimizer works on this machine.

    Some of timm's need CUDA, a library that is not installed, or gradients of gradients.
    """
    import torch

    failed: Exception | None = None
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        try:
            return _step(name, device)
        except Exception as error:  # of any library, in any way
            failed = error
    received = f"{name!r} ({str(failed).splitlines()[0] if str(failed) else type(failed).__name__})"
    expected = "an optimizer that can take a step on this machine"
    fix = "adamw works everywhere"
    raise InputError(
        f"{where}.optimizer", expected=expected, received=received, fix=fix
    )


def _step(name: str, device: str) -> None:
    from timm.optim import create_optimizer_v2
    from torch import nn, ones

    layer = nn.Linear(2, 2, device=device)
    optimizer = create_optimizer_v2(layer, opt=name, lr=1e-3, weight_decay=0.0)
    layer(ones(1, 2, device=device)).sum().backward()
    optimizer.step()


def dry_run(
    models: Mapping[str, ModelParams],
    probes: Mapping[str, ProbeParams],
    num_classes: int = 2,
) -> None:
    """Raises InputError unless each member can be built, trained and explained.

    On the meta device: each network is built, goes forward at all its sizes and takes a step, its
    optimizer's groups are made and its work is counted, as the stages will do. Members that differ
    in none of this are tried once.

    Args:
        models: the models of the run.
        probes: its probes.
        num_classes: of the head; any number serves.
    """
    tried: set[str] = set()
    for section, members in (("models", models), ("probes", probes)):
        for key, recipe in members.items():
            if (kind := _kind(recipe)) not in tried:
                _try_member(f"{section}.{key}", recipe, num_classes)
            tried.add(kind)


def _kind(recipe: ModelParams | ProbeParams) -> str:
    """All that a dry run depends on; most numbers of a training do not matter to it."""
    if isinstance(recipe, ModelParams):
        return recipe.model_dump_json(include=_SHAPES)
    shape = {"embed": {"backbone", "image_size"}, "head": {"shape"}}
    return recipe.model_dump_json(include=shape)


def _try_member(
    where: str, recipe: ModelParams | ProbeParams, num_classes: int
) -> None:
    from croquis.costs import trial  # torch and networks: seconds

    try:
        if isinstance(recipe, ModelParams):
            trial.try_model(recipe, num_classes)
        else:
            trial.try_probe(recipe, num_classes)
    except InputError as error:
        raise error.within(where) from None
    except trial.Unanswered as error:
        text = f"{where} cannot be tried before its training: {error}"
        warnings.warn(text, stacklevel=2)
