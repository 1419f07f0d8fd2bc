"""A file of weights tried on the meta device, where nothing is computed: before any training."""

from typing import Any

import torch

from croquis.backbones.backbones import pretrained_cfg, start_of_file, with_start
from croquis.core.errors import InputError


def try_file(
    backbone: str, pretrained: str, *, num_classes: int, image_size: int
) -> list[str]:
    """What to say about a file of weights, tried on the meta device, where nothing is computed.

    Args:
        backbone: full timm name.
        pretrained: the path.
        num_classes: outputs of the head.
        image_size: side of the square input in pixels.

    Raises:
        InputError: if the weights cannot be read, or do not fit.
    """
    options: dict[str, Any] = {"num_classes": num_classes}
    if pretrained_cfg(backbone).fixed_input_size:
        options["img_size"] = image_size
    start = start_of_file(backbone, pretrained, options, {})
    if start.wrong_shapes:  # which timm may scale, as positions of another size
        with torch.device("meta"):
            tensors = {
                name: each.to("meta") for name, each in start.tensors.items()
            }
        try:
            with torch.device("meta"):
                with_start(backbone, pretrained, options, {}, start, tensors)
        except InputError as error:
            if "size mismatch" in str(error.__cause__):
                raise
    return start.notes
