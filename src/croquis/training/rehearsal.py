"""What fails only when it is tried, tried for an instant: it would cost hours to find out later."""

from timm.optim import list_optimizers

from croquis import params
from croquis.errors import InputError
from croquis.training.recipes import ModelParams

# In front of any timm name: an average of weights every few steps (arXiv:1907.08610).
_LOOKAHEAD = "lookahead_"


def check_optimizer(where: str, name: str) -> None:
    """Raises InputError unless timm has an optimizer of that name.

    Args:
        where: the block's key, such as "models.eva_giant".
        name: a name, with "lookahead_" before it or without.
    """
    known = list_optimizers()
    if name.removeprefix(_LOOKAHEAD) not in known:
        hint, expected = params.nearest(name, known), "a timm optimizer"
        raise InputError(f"{where}.optimizer", expected=expected, received=repr(name), fix=hint)


def rehearse_optimizer(where: str, name: str) -> None:
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
    expected, fix = "an optimizer that can take a step on this machine", "adamw works everywhere"
    raise InputError(f"{where}.optimizer", expected=expected, received=received, fix=fix)


def _step(name: str, device: str) -> None:
    from timm.optim import create_optimizer_v2
    from torch import nn, ones

    layer = nn.Linear(2, 2, device=device)
    optimizer = create_optimizer_v2(layer, opt=name, lr=1e-3, weight_decay=0.0)
    layer(ones(1, 2, device=device)).sum().backward()
    optimizer.step()


def rehearse(where: str, recipe: ModelParams) -> None:
    """Raises InputError if a pattern of `lora` or `trainable` does not fit the network's names.

    Or if it does not take pictures of the size that a phase wants.

    Args:
        where: the block's key, such as "models.eva_giant".
        recipe: the resolved settings.
    """
    sizes = sorted({phase.image_size for phase in recipe.phases} - {None, recipe.image_size})
    if recipe.lora is None and recipe.trainable is None and not sizes:
        return
    import torch  # with peft some seconds, which others need not wait for

    from croquis.training.networks import network

    bare = recipe.model_copy(update={"pretrained": False, "head_start": "random"})
    try:
        with torch.device("meta"):
            model = network(bare, ["one", "other"])
    except InputError as error:
        raise error.within(where) from None
    if sizes and isinstance(recipe.backbone, list):
        fix = "leave image_size out: a stack scales pictures to the size of each of its networks"
        raise _unfit(where, sizes, fix)
    for size in sizes:
        try:
            with torch.inference_mode():
                model.eval()(torch.empty(1, 3, size, size, device="meta"))
        except Exception as error:  # of any network, in any way
            raise _unfit(where, size, "convolutional networks take most sizes") from error


def _unfit(where: str, received: object, fix: str) -> InputError:
    expected = "an image_size that the network takes"
    return InputError(f"{where}.phases", expected=expected, received=str(received), fix=fix)
