"""A member tried on the meta device, where nothing is computed: seconds before hours are spent.

What is tried is what the stages do: the network is built, goes forward at all of its sizes and
takes a training step; its optimizer's groups are made, and its work is counted as `explain` does.
"""

import itertools
from collections.abc import Callable

import torch
from torch import nn

from croquis.backbones import stacked
from croquis.backbones.backbones import Network, pretrained_cfg
from croquis.core.errors import InputError
from croquis.costs.work import model_work, probe_work
from croquis.heads.heads import head_names
from croquis.heads.optimization import parameter_groups
from croquis.networks.macs import forward_macs
from croquis.networks.networks import on_meta
from croquis.recipes.probe_recipes import ProbeParams
from croquis.recipes.recipes import ModelParams

_MULTIPLES = (8, 14, 16, 32)  # of patches and strides: the sizes that networks take


class Unanswered(Exception):
    """The meta device cannot do what the network asks, which says nothing about the network."""


def try_model(recipe: ModelParams, num_classes: int) -> None:
    """Raises InputError at what would fail in a training or in `explain`, named by its key.

    Args:
        recipe: the resolved settings; weights are neither loaded nor fetched.
        num_classes: of the head.

    Raises:
        Unanswered: if the meta device cannot say.
    """

    def build(size: int) -> Network:
        return on_meta(recipe.model_copy(update={"image_size": size}), num_classes)

    try:
        _try_model(recipe, num_classes)
    except InputError:
        raise
    except Exception as error:  # of any network, in any way
        plain = recipe.model_copy(update={"grad_checkpointing": False})
        if recipe.grad_checkpointing and _passes(
            lambda: _try_model(plain, num_classes)
        ):
            raise _refuse(
                "grad_checkpointing",
                expected="false for this backbone",
                received="true",
                error=error,
                fix="set it to false, and micro_batch to fewer images",
            ) from error
        raise _explain(error, recipe.backbone, recipe.image_size, build) from error


def try_probe(recipe: ProbeParams, num_classes: int) -> None:
    """The same for a probe, which takes no step through its backbone.

    Args:
        recipe: the resolved settings.
        num_classes: of the head.

    Raises:
        Unanswered: if the meta device cannot say.
    """
    embed = recipe.embed

    def build(size: int) -> Network:
        with torch.device("meta"):
            return stacked.build_network(
                embed.backbone, pretrained=False, num_classes=0, image_size=size
            )

    try:
        model = build(embed.image_size)
        features = _count_outputs(model, embed.image_size)
        forward = forward_macs(model, embed.image_size)
        probe_work(recipe, num_classes, features, forward)
    except Exception as error:  # of any network, in any way
        reason = _explain(error, embed.backbone, embed.image_size, build)
        if isinstance(reason, InputError):
            reason = reason.within("embed")
        raise reason from error


def _try_model(recipe: ModelParams, num_classes: int) -> None:
    model = on_meta(recipe, num_classes)
    _count_outputs(model, recipe.image_size)
    _check_phases(model, recipe)
    if recipe.head_start == "probe":
        _check_start(model)
    parameter_groups(model, recipe)
    model_work(recipe, num_classes, forward_macs(model, recipe.image_size))


def _count_outputs(model: nn.Module, size: int) -> int:
    """Runs a network on one image; C, how many numbers it returns.

    Raises:
        ValueError: if they are no vector.
    """
    with torch.inference_mode():
        output = model.eval()(torch.empty(1, 3, size, size, device="meta"))
    if not isinstance(output, torch.Tensor):
        kind = type(output).__name__
        raise ValueError(f"gives {kind} for an image instead of one vector")
    if output.ndim != 2:
        shape = tuple(output.shape)
        raise ValueError(f"gives {shape} for an image instead of one vector")
    return output.shape[1]


def _check_phases(model: nn.Module, recipe: ModelParams) -> None:
    of_phases = {phase.image_size for phase in recipe.phases if phase.image_size}
    sizes = sorted(of_phases - {recipe.image_size})
    if sizes and isinstance(recipe.backbone, list):
        fix = "leave image_size out: a stack scales images to the size of each of its networks"
        raise _unfit_phase(sizes, fix)
    for size in sizes:
        try:
            _count_outputs(model, size)
        except Exception as error:  # of any network, in any way
            raise _unfit_phase(
                size, "convolutional networks take most sizes"
            ) from error


def _unfit_phase(received: object, fix: str) -> InputError:
    expected = "an image_size that the network takes"
    return InputError("phases", expected=expected, received=str(received), fix=fix)


def _check_start(model: Network) -> None:
    """A probe's head takes the place of linear layers, alone or in a row."""
    for name in head_names(model):
        head = model.get_submodule(name)
        if not isinstance(head, nn.Linear | nn.Sequential):
            raise InputError(
                "head_start",
                expected="a linear head for probe",
                received=f"{type(head).__name__} at {name}",
                fix="say head_start: random",
            )


def _explain(
    error: Exception,
    backbone: str | list[str],
    size: int,
    build: Callable[[int], Network],
) -> Exception:
    """What is wrong with a backbone, or with the size of its images."""
    if isinstance(error, InputError):
        return error
    # The meta device has no values: what asks for one, or has no such kernel, stays open.
    if isinstance(error, NotImplementedError) or "meta" in str(error).lower():
        return Unanswered(failure_reason(error))
    names = backbone if isinstance(backbone, str) else " + ".join(backbone)
    sizes = _sizes_that_fit(backbone, size, build)
    if sizes:
        return _refuse(
            "image_size",
            expected=f"a size that {names} takes",
            received=str(size),
            error=error,
            fix=f"say {' or '.join(map(str, sizes))}",
        )
    return _refuse(
        "backbone",
        expected="a network that can be built and trained",
        received=names,
        error=error,
        fix="take another backbone",
    )


def _sizes_that_fit(
    backbone: str | list[str], size: int, build: Callable[[int], Network]
) -> list[int]:
    """Up to two other sizes that the network takes, the nearest first."""
    names = [backbone] if isinstance(backbone, str) else backbone
    sizes = {pretrained_cfg(name).input_size[-1] for name in names}
    sizes |= {size // by * by for by in _MULTIPLES}
    sizes |= {-(-size // by) * by for by in _MULTIPLES}

    def fits(other: int) -> bool:
        return _passes(lambda: _count_outputs(build(other), other))

    nearest = sorted(
        sizes - {0, size}, key=lambda other: (abs(other - size), other)
    )
    return list(itertools.islice(filter(fits, nearest), 2))


def _passes(call: Callable[[], object]) -> bool:
    try:
        call()
    except Exception:  # of any network, in any way
        return False
    return True


def _refuse(
    key: str, *, expected: str, received: str, error: Exception, fix: str
) -> InputError:
    return InputError(
        key,
        expected=expected,
        received=f"{received} ({failure_reason(error)})",
        fix=fix,
    )


def failure_reason(error: Exception) -> str:
    """The first line of an error with its kind; some have no text."""
    first = next(iter(str(error).strip().splitlines()), "")[:200].rstrip(" .")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
