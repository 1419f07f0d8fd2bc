"""Stacked pairs: two or more backbones whose concatenated features share one head."""

from collections.abc import Callable
from typing import cast

import torch
from timm.models import group_parameters
from timm.optim import auto_group_layers
from torch import nn

from croquis.backbones import backbones
from croquis.backbones.backbones import Network, Statistics
from croquis.core.errors import InputError


def build_network(
    backbone: str | list[str],
    *,
    pretrained: bool | str | list[bool | str],
    num_classes: int,
    image_size: int,
    drop_rate: float = 0.0,
    drop_path_rate: float = 0.0,
) -> Network:
    """One timm model, or several stacked, with a linear head of `num_classes` (0: none).

    Args:
        backbone: full timm name, or several.
        pretrained: as for one backbone; one for all of several, or one for each.
        num_classes: outputs of the head.
        image_size: side of the square input in pixels.
        drop_rate: dropout before the head.
        drop_path_rate: stochastic depth of each backbone.

    Raises:
        InputError: if the weights cannot be had, or do not fit.
    """
    if isinstance(backbone, str):
        if isinstance(pretrained, list):
            expected = "one value for one backbone"
            fix = "write the value without brackets"
            raise InputError(
                "pretrained", expected=expected, received=repr(pretrained), fix=fix
            )
        return backbones.build_backbone(
            backbone,
            pretrained=pretrained,
            num_classes=num_classes,
            image_size=image_size,
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
        )
    sizes = [branch_size(name, image_size) for name in backbone]
    each = (
        pretrained if isinstance(pretrained, list) else [pretrained] * len(backbone)
    )
    branches = [
        backbones.build_backbone(
            name,
            pretrained=weights,
            num_classes=0,
            image_size=size,
            drop_path_rate=drop_path_rate,
        )
        for name, size, weights in zip(backbone, sizes, each, strict=True)
    ]
    filters = [backbones.interpolation(name) for name in backbone]
    return Stacked(
        branches, sizes, filters, num_classes=num_classes, drop_rate=drop_rate
    )


def build_frozen(
    backbone: str | list[str], *, pretrained: bool | str, image_size: int
) -> Network:
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
    return min(image_size, backbones.pretrained_cfg(backbone).input_size[-1])


class Stacked(Network):
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
        branches: list[Network],
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
            nn.Linear(self.num_features, num_classes)
            if num_classes
            else nn.Identity()
        )
        self.pretrained_cfg = {"classifier": "head"}
        self._sizes = sizes
        self._filters = filters
        for number, branch in enumerate(branches):
            inputs = backbones.statistics(branch)
            for name, values in (("mean", inputs.mean), ("std", inputs.std)):
                tensor = torch.tensor(values).view(1, 3, 1, 1)
                self.register_buffer(f"{name}{number}", tensor, persistent=False)

    @property
    def _networks(self) -> list[Network]:
        """The branches by their type, which a ModuleList forgets."""
        return [cast(Network, branch) for branch in self.branches]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = [
            branch(self._input_of(number, images))
            for number, branch in enumerate(self.branches)
        ]
        return self.head(self.drop(torch.cat(features, dim=1)))

    def _input_of(self, number: int, images: torch.Tensor) -> torch.Tensor:
        """The images at the size and with the statistics of one branch."""
        size = self._sizes[number]
        if images.shape[-1] != size:
            # Only ever smaller; without antialias thin strokes vanish.
            smaller = nn.functional.interpolate(
                images, (size, size), mode=self._filters[number], antialias=True
            )
            # A bicubic overshoots at edges, where an image of uint8 cannot.
            images = smaller.clamp(0, 1)
        return (images - getattr(self, f"mean{number}")) / getattr(
            self, f"std{number}"
        )

    def get_classifier(self) -> nn.Module:
        return self.head

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        for branch in self._networks:
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
        layers = [_layers(branch, coarse) for branch in self._networks]
        top = 1 + max(max(of_branch.values()) for of_branch in layers)
        depths = {
            f"branches.{number}.{name}": top - 1 - max(of_branch.values()) + layer
            for number, of_branch in enumerate(layers)
            for name, layer in of_branch.items()
        }
        return lambda name: depths.get(name, top)


def _layers(branch: Network, coarse: bool) -> dict[str, int]:
    """The layer of each parameter by name, 0 the lowest, as timm itself would number them."""
    matcher = getattr(branch, "group_matcher", None)
    if matcher is None:
        return auto_group_layers(branch)
    return group_parameters(branch, matcher(coarse), reverse=True)
