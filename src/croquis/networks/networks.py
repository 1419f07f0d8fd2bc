"""The network of a recipe: backbones, head, its first weights, and which part of it trains."""

from collections.abc import Sequence

import torch
from torch import nn

from croquis.backbones import stacked
from croquis.heads.heads import head_names, put_head
from croquis.networks.freezing import freeze
from croquis.networks.imagenet_head import IMAGENET_CLASSES, keep_rows
from croquis.recipes.recipes import ModelParams


def network(recipe: ModelParams, classes: Sequence[str]) -> nn.Module:
    """A network ready to be trained, with a head for `classes`.

    A head that starts from a probe is random here: the probe needs the fold's images.

    Raises:
        InputError: if weights, head, adapters or patterns do not fit the backbone.
    """
    from_imagenet = recipe.head_start == "imagenet"
    model = stacked.build_network(
        recipe.backbone,
        pretrained=recipe.pretrained,
        num_classes=IMAGENET_CLASSES if from_imagenet else len(classes),
        image_size=recipe.image_size,
        drop_rate=recipe.drop_rate,
        drop_path_rate=recipe.drop_path_rate,
    )
    if from_imagenet:
        keep_rows(model, classes)
    put_head(model, recipe.head)
    if recipe.grad_checkpointing:
        model.set_grad_checkpointing()
    if recipe.trainable is not None:
        freeze(model, recipe.trainable)
    if recipe.lora is not None:
        from croquis.networks.lora import (
            with_lora,
        )  # peft imports transformers: seconds

        with_lora(model, recipe.lora, head_names(model))
    return model


def on_meta(recipe: ModelParams, num_classes: int) -> nn.Module:
    """The network of a recipe as it trains, on the meta device: nothing is loaded or allocated.

    Raises:
        InputError: if head, adapters or patterns do not fit the backbone.
    """
    bare = recipe.model_copy(update={"pretrained": False, "head_start": "random"})
    with torch.device("meta"):
        return network(bare, [str(number) for number in range(num_classes)])
