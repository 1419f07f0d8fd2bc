"""A head that has learned its classes: rows of the 1000-class head, where classes are wnids."""

from collections.abc import Sequence

import torch
from timm.data import ImageNetInfo
from torch import nn

from croquis.backbones.backbones import Network
from croquis.core.errors import InputError
from croquis.heads.heads import head_names

IMAGENET_CLASSES = 1000


def keep_rows(model: Network, classes: Sequence[str]) -> None:
    """Replaces the 1000-class head of `model` by its rows of `classes`, in their order.

    Args:
        model: with its pretrained head; changed in place.
        classes: wnids, such as "n02119789", in the order of the labels.

    Raises:
        InputError: if a class is no ImageNet-1k wnid, or the head is not linear with 1000 classes.
    """
    rows = torch.tensor(_rows(classes))
    for name in head_names(model):
        layer = model.get_submodule(name)
        outputs = getattr(layer, "out_features", None)
        if not isinstance(layer, nn.Linear) or outputs != IMAGENET_CLASSES:
            received = f"{type(layer).__name__} of {outputs} outputs at {name}"
            raise _unusable("a linear head of 1000 classes", received)
        head = nn.Linear(layer.in_features, len(rows), bias=layer.bias is not None)
        tensors = {key: tensor[rows] for key, tensor in layer.state_dict().items()}
        head.load_state_dict(tensors)
        model.set_submodule(name, head)
    model.num_classes = len(rows)


def _rows(classes: Sequence[str]) -> list[int]:
    wnids = {wnid: row for row, wnid in enumerate(ImageNetInfo().label_names())}
    unknown = [name for name in classes if name not in wnids]
    if unknown:
        received = (
            f"{len(unknown):,} of {len(classes):,} others, {unknown[0]!r} first"
        )
        raise _unusable("wnids of ImageNet-1k as class names", received)
    return [wnids[name] for name in classes]


def _unusable(expected: str, received: str) -> InputError:
    fix = "say head_start: probe or random"
    return InputError(
        "head_start: imagenet", expected=expected, received=received, fix=fix
    )
