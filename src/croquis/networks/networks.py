"""The network of a recipe: backbones, head, its first weights, and which part of it trains."""

from collections.abc import Sequence

import torch

from croquis.backbones import stacked
from croquis.backbones.backbones import Network
from croquis.heads.heads import head_names, put_head
from croquis.networks.freezing import freeze
from croquis.networks.imagenet_head import IMAGENET_CLASSES, keep_rows
from croquis.recipes.recipes import ModelParams


def build_model(recipe: ModelParams, classes: Sequence[str]) -> Network:
    """A network ready to be trained, with a head for `classes`.

    A head that starts from a probe is random here: the probe needs the fold's images.

    Args:
        recipe: backbone, weights, head, adapters, and which parts train.
        classes: names in the order of the labels.

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
            add_lora,
        )  # peft imports transformers: seconds

        add_lora(model, recipe.lora, head_names(model))
    return model


def on_meta(recipe: ModelParams, num_classes: int) -> Network:
    """The network of a recipe as it trains, on the meta device: nothing is loaded or allocated.

    Args:
        recipe: its weights are not asked for.
        num_classes: of the head.

    Raises:
        InputError: if head, adapters or patterns do not fit the backbone.
    """
    bare = recipe.model_copy(update={"pretrained": False, "head_start": "random"})
    with torch.device("meta"):
        return build_model(bare, [str(number) for number in range(num_classes)])
