"""timm networks, built with the weights and the input statistics that belong to them."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import timm
import torch
from timm.data import resolve_model_data_config
from timm.models import PretrainedCfg
from torch import nn

from croquis.backbones import weights
from croquis.backbones.fitting import Weights, fit_file, unavailable, unfit
from croquis.core.errors import InputError


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of the inputs a network was trained on, in units of 0..1; RGB."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class Network(nn.Module):
    """What timm's networks have beside torch's modules: the type of all networks here.

    timm has no such class, so its networks are cast to this one; ours inherit from it.

    Attributes:
        num_classes: outputs of the head; 0: the features come out.
        num_features: D, the width of the features.
        pretrained_cfg: timm's config, which names the classifier.
    """

    num_classes: int
    num_features: int
    pretrained_cfg: dict[str, Any]

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Trades computing for memory in the backward pass."""
        raise NotImplementedError


M = TypeVar("M", bound=nn.Module)


def build_backbone(
    backbone: str,
    *,
    pretrained: bool | str,
    num_classes: int,
    image_size: int,
    **settings: float,
) -> Network:
    """A timm model with a fresh head of `num_classes` (0: none, the embeddings come out).

    Args:
        backbone: full timm name.
        pretrained: False, True for timm's hub, "bundled", or a path.
        num_classes: outputs of the head.
        image_size: side of the square input in pixels, for networks that must know it.
        settings: drop_rate, drop_path_rate.

    Raises:
        InputError: if the weights cannot be had, or do not fit.
    """
    # Zeros are left out: not every network of timm takes each of the settings.
    chosen = {name: value for name, value in settings.items() if value}
    options: dict[str, Any] = {"num_classes": num_classes, **chosen}
    if pretrained_cfg(backbone).fixed_input_size:
        options["img_size"] = image_size
    if not isinstance(pretrained, str):
        return _create(backbone, pretrained, options, chosen)
    if pretrained != "bundled":
        start = start_of_file(backbone, pretrained, options, chosen)
        return with_start(
            backbone, pretrained, options, chosen, start, start.tensors
        )
    tensors = weights.state_dict(pretrained, backbone)
    options["pretrained_cfg_overlay"] = {"state_dict": tensors}
    model = _create(backbone, pretrained, options, chosen)
    # timm's config would keep a second copy of all weights.
    model.pretrained_cfg.pop("state_dict", None)
    _check_fit(model, set(tensors), backbone, pretrained)
    return model


def start_of_file(
    backbone: str,
    pretrained: str,
    options: dict[str, Any],
    chosen: Mapping[str, float],
) -> Weights:
    """The weights of a file that a network starts from.

    Args:
        backbone: full timm name.
        pretrained: the path.
        options: of timm; num_classes among them.
        chosen: those of them that the network need not take.

    Raises:
        InputError: if the weights cannot be read, or do not fit.
    """
    outline = _outline(backbone, options, chosen)
    heads = heads_of(outline)
    start = fit_file(pretrained, backbone, outline, heads)
    classes = outline.pretrained_cfg.get("num_classes")
    if classes == options["num_classes"] and heads and not start.has_head:
        # timm keeps a head of as many outputs as its own weights have.
        received = f"none with a head of {classes:,} outputs"
        raise unfit(backbone, pretrained, received)
    return start


def _outline(
    backbone: str, options: dict[str, Any], chosen: Mapping[str, float]
) -> Network:
    """The network without numbers: its names and shapes. No random number is drawn for it."""
    with torch.random.fork_rng(devices=[]):
        try:
            with torch.device("meta"):
                return _create(backbone, False, options, chosen)
        except NotImplementedError:  # it computes while it is built
            with torch.device("cpu"):
                return _create(backbone, False, options, chosen)


def with_start(
    backbone: str,
    pretrained: str,
    options: dict[str, Any],
    chosen: Mapping[str, float],
    start: Weights,
    tensors: dict[str, torch.Tensor],
) -> Network:
    """The network of `start_of_file` with its weights.

    Args:
        backbone: full timm name.
        pretrained: the path.
        options: of timm.
        chosen: those of them that the network need not take.
        start: what it starts from.
        tensors: those of the start, on the device where the network is built.

    Raises:
        InputError: if the weights do not fit.
    """
    settings = {**options, "pretrained_cfg_overlay": {"state_dict": tensors}}
    try:
        model = _create(backbone, pretrained, settings, chosen)
    except InputError as error:
        if not start.wrong_shapes:
            raise
        other = unfit(backbone, pretrained, start.wrong_shapes)
        raise other from error.__cause__
    # timm's config would keep a second copy of all weights.
    model.pretrained_cfg.pop("state_dict", None)
    return model


def pretrained_cfg(backbone: str) -> PretrainedCfg:
    """timm's config of a backbone's pretrained weights: input size, classes, interpolation.

    Args:
        backbone: full timm name.

    Raises:
        ValueError: if timm has no such network.
    """
    config = timm.get_pretrained_cfg(backbone)
    if config is None:
        raise ValueError(f"timm has no config of {backbone}")
    return config


def place(model: M, device: torch.device) -> M:
    """The model on a device, channels innermost in memory, where convolutions are fastest.

    Moved outside of inference mode: parameters made inside of it could not be trained again.
    """
    return model.to(device).to(memory_format=torch.channels_last)


def statistics(model: nn.Module) -> Statistics:
    """The network's own input statistics, from timm's config: never a constant of ours.

    A network that normalises for itself says so by `input_statistics`.
    """
    stated = getattr(model, "input_statistics", None)
    if stated is not None:
        return stated
    config = resolve_model_data_config(model)
    return Statistics(config["mean"], config["std"])


def interpolation(backbone: str | list[str]) -> str:
    """The filter of timm's config by which images come to the network's size.

    That of the first in a stack, which gets its images at one size.
    """
    first = backbone if isinstance(backbone, str) else backbone[0]
    return pretrained_cfg(first).interpolation


def normalise(images: torch.Tensor, inputs: Statistics) -> torch.Tensor:
    """Network input from stored pixels: uint8 (B, S, S) or (B, S, S, 3) to float (B, 3, S, S).

    Gray is spread over three channels before mean and std act, as they differ by channel.

    Args:
        images: stored pixels, gray or RGB.
        inputs: mean and deviation of the network's inputs.
    """
    images = (
        images.unsqueeze(-1).expand(-1, -1, -1, 3) if images.ndim == 3 else images
    )
    mean, std = _on_device(inputs, images.device)
    # Channels stay innermost in memory: convolutions are fastest so, and nothing is copied.
    return (images / (255 * std) - mean / std).permute(0, 3, 1, 2)


@functools.cache
def _on_device(
    inputs: Statistics, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and deviation on a device, made once: each copy to a GPU would wait for it."""
    with torch.inference_mode(False):
        mean = torch.tensor(inputs.mean, device=device)
        std = torch.tensor(inputs.std, device=device)
    return mean, std


def _create(
    backbone: str,
    pretrained: bool | str,
    options: Mapping[str, Any],
    chosen: Mapping[str, float],
) -> Network:
    """The network by timm; `chosen` are those of its options that it need not take."""
    try:
        model = timm.create_model(backbone, pretrained=bool(pretrained), **options)
    except TypeError as error:
        if not any(f"'{name}'" in str(error) for name in chosen):
            raise
        raise _unsettable(backbone, chosen, error) from error
    except Exception as error:
        if not pretrained:
            raise
        raise unavailable(backbone, pretrained, error) from error
    return cast(Network, model)


def _unsettable(
    backbone: str, settings: Mapping[str, float], error: TypeError
) -> InputError:
    expected = f"settings that {backbone} takes"
    fix = f"set {' and '.join(settings)} to 0"
    return InputError(
        "params.yaml: models", expected=expected, received=str(error), fix=fix
    )


def heads_of(model: Network) -> tuple[str, ...]:
    """How the names of a network's classifier begin, or of both that a distilled one has."""
    head = model.pretrained_cfg.get("classifier") or ()
    return tuple(f"{part}." for part in ([head] if isinstance(head, str) else head))


def _check_fit(
    model: Network, names: set[str], backbone: str, pretrained: str
) -> None:
    """Raises InputError unless `names` has all parameters but the head's.

    timm loads leniently where the head differs: a file of another network would change nothing.
    """
    heads = heads_of(model)
    needed = [
        name for name, _ in model.named_parameters() if not name.startswith(heads)
    ]
    missing = [name for name in needed if name not in names]
    if missing:
        loaded = len(needed) - len(missing)
        received = f"{loaded} of its {len(needed)} parameters, no {missing[0]}"
        raise unfit(backbone, pretrained, received)


def stated_licence(backbone: str) -> str:
    """The licence of a backbone's weights as timm states it, or "not stated"."""
    config = timm.get_pretrained_cfg(backbone)
    return (config.license if config else None) or "not stated"
