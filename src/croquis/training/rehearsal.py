"""A network built without memory or weights: a pattern that fits nothing costs no hours."""

from croquis.errors import InputError
from croquis.training.recipes import ModelParams


def rehearse(where: str, recipe: ModelParams) -> None:
    """Raises InputError if a pattern of `lora` or `trainable` does not fit the network's names.

    Args:
        where: the block's key, such as "models.eva_giant".
        recipe: the resolved settings.
    """
    if recipe.lora is None and recipe.trainable is None:
        return
    import torch  # with peft some seconds, which others need not wait for

    from croquis.training.networks import network

    bare = recipe.model_copy(update={"pretrained": False, "head_start": "random"})
    try:
        with torch.device("meta"):
            network(bare, ["one", "other"])
    except InputError as error:
        raise error.within(where) from None
