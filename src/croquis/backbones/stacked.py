"""Stacked pairs: two or more backbones whose concatenated features share one head."""

from collections.abc import Callable
from typing import Any

import timm
import torch
from timm.models import group_parameters
from timm.optim import auto_group_layers
from torch import nn

from croquis.backbones import backbones
from croquis.backbones.backbones import Statistics


def build_network(
    backbone: str | list[str],
    *,
    pretrained: bool | str | list[bool | str],
    num_classes: int,
    image_size: int,
    drop_rate: float = 0.0,
    **settings: Any,
) -> nn.Module:
    """One timm model, or several stacked, with a linear head of `num_classes` (0: none).

    Args:
        backbone: full timm name, or several.
        pretrained: as for one backbone; one for all of several, or one for each.
        num_classes: outputs of the head.
        image_size: side of the square input in pixels.
        drop_rate: dropout before the head.
        settings: of each backbone.

    Raises:
        InputError: if the weights cannot be had, or do not fit.
    """
    if isinstance(backbone, str):
        settings |= {
            "num_classes": num_classes,
            "drop_rate": drop_rate,
            "pretrained": pretrained,
        }
        return backbones.build_backbone(backbone, image_size=image_size, **settings)
    sizes = [branch_size(name, image_size) for name in backbone]
    each = pretrained if isinstance(pretrained, list) else [pretrained] * len(backbone)
    branches = [
        backbones.build_backbone(
            name, image_size=size, num_classes=0, pretrained=weights, **settings
        )
        for name, size, weights in zip(backbone, sizes, each, strict=True)
    ]
    filters = [backbones.interpolation(name) for name in backbone]
    return Stacked(
        branches, sizes, filters, num_classes=num_classes, drop_rate=drop_rate
    )


def build_frozen(
    backbone: str | list[str], *, pretrained: bool | str, image_size: int
) -> nn.Module:
    """The network whose features a probe takes, without a head; in eval mode.

    Untrained weights (pretrained: false) are the same ones each time: features are computed in
    parts, maybe of several processes, and served long after.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build_network(
            backbone, pretrained=pretrained, num_classes=0, image_size=image_size
        )
    return model.eval()


def branch_size(backbone: str, image_size: int) -> int:
    """Pixels a side that one backbone of a stack gets: never more than it was trained on.

    In a stack of a 448 px and a 224 px network the smaller one would else pay four times its price.
    """
    return min(image_size, timm.get_pretrained_cfg(backbone).input_size[-1])


class Stacked(nn.Module):
    """Backbones side by side: RGB in 0..1 (B, 3, S, S) to logits (B, C), or to features (B, D).

    Images come raw, as each backbone has a size, a mean and a deviation of its own. The methods
    are those that timm's networks have, and that timm's optimizers ask for.

    Args:
        branches: networks without heads.
        sizes: pixels a side that each of them gets.
        filters: the interpolation of each, from the size of the stack to its own.
        num_classes: C; 0: no head, the D concatenated features come out.
        drop_rate: dropout before the head.
    """

    input_statistics = Statistics((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

    def __init__(
        self,
        branches: list[nn.Module],
        sizes: list[int],
        filters: list[str],
        *,
        num_classes: int,
        drop_rate: float,
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.num_features = sum(branch.num_features for branch in branches)
        self.num_classes = num_classes
        self.drop = nn.Dropout(drop_rate)
        self.head = (
            nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()
        )
        self.pretrained_cfg = {"classifier": "head"}
        self._sizes = sizes
        self._filters = filters
        for number, branch in enumerate(branches):
            own = backbones.statistics(branch)
            for name, values in (("mean", own.mean), ("std", own.std)):
                tensor = torch.tensor(values).view(1, 3, 1, 1)
                self.register_buffer(f"{name}{number}", tensor, persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = [
            branch(self._input_of(number, images))
            for number, branch in enumerate(self.branches)
        ]
        return self.head(self.drop(torch.cat(features, dim=1)))

    def _input_of(self, number: int, images: torch.Tensor) -> torch.Tensor:
        """The images at the size and with the statistics of one branch."""
        size = self._sizes[number]
        if (
            images.shape[-1] != size
        ):  # only ever smaller; without antialias thin strokes vanish
            images = nn.functional.interpolate(
                images, (size, size), mode=self._filters[number], antialias=True
            ).clamp(
                0, 1
            )  # a bicubic overshoots at edges, where an image of uint8 cannot
        return (images - getattr(self, f"mean{number}")) / getattr(self, f"std{number}")

    def get_classifier(self) -> nn.Module:
        return self.head

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        for branch in self.branches:
            branch.set_grad_checkpointing(enable)

    def no_weight_decay(self) -> set[str]:
        """Names of the parameters that no branch wants decayed."""
        return {
            f"branches.{number}.{name}"
            for number, branch in enumerate(self.branches)
            for name in getattr(branch, "no_weight_decay", set)()
        }

    def group_matcher(self, coarse: bool = False) -> Callable[[str], int]:
        """A function from a parameter's name to its layer, for layer-wise lr decay.

        Layers are counted from the head down, so that the last block of each branch is one step
        below the head, however many blocks the other branches have.
        """
        layers = [_layers(branch, coarse) for branch in self.branches]
        top = 1 + max(max(own.values()) for own in layers)
        depths = {
            f"branches.{number}.{name}": top - 1 - max(own.values()) + layer
            for number, own in enumerate(layers)
            for name, layer in own.items()
        }
        return lambda name: depths.get(name, top)


def _layers(branch: nn.Module, coarse: bool) -> dict[str, int]:
    """The layer of each parameter by name, 0 the lowest, as timm itself would number them."""
    if hasattr(branch, "group_matcher"):
        return group_parameters(branch, branch.group_matcher(coarse), reverse=True)
    return auto_group_layers(branch)
