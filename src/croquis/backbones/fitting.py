"""A network and the file of weights that it starts from: all must fit; what is left out is said."""

import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import nn

from croquis.backbones.checkpoints import Tensors, fit, read_parts
from croquis.backbones.weights import path_of
from croquis.core.errors import InputError

# What wrappers write before names; those of any other are found where names are timm's.
WRAPPERS = (
    "module.", "_orig_mod.", "model.", "net.", "network.", "backbone.", "encoder.", "visual.",
    "trunk.",
)  # fmt: skip
STATISTICS = (
    "running_mean",
    "running_var",
)  # no gradient, but no network without them


class Weights(NamedTuple):
    """What a network starts from."""

    tensors: Tensors
    has_head: bool  # one that fits
    wrong_shapes: (
        str  # the first tensor of another shape, for an error; empty: none
    )
    notes: list[str]


def needed_names(model: nn.Module, heads: tuple[str, ...]) -> list[str]:
    """The parameters and running statistics of a network without its head."""
    names = [name for name, _ in model.named_parameters()]
    names += [
        name for name in model.state_dict() if name.split(".")[-1] in STATISTICS
    ]
    return [name for name in names if not name.startswith(heads)]


def fit_file(
    pretrained: str, backbone: str, outline: nn.Module, heads: tuple[str, ...]
) -> Weights:
    """The weights in the file `pretrained` that are those of a network.

    Args:
        pretrained: the path.
        backbone: full timm name.
        outline: the network, on any device: its names and shapes count.
        heads: how the names of its classifier begin.

    Raises:
        InputError: if the file cannot be read, or its weights do not fit.
    """
    parts = read_parts(path_of(pretrained))
    where = f"pretrained: {pretrained}"
    expected = f"weights that fit {backbone}"
    needed = needed_names(outline, heads)
    notes = []
    try:
        fitting = fit(parts, needed, where, expected, heads)
    except InputError:
        renamed = dict(_renamed(parts, outline, set(needed)))
        if not renamed:
            raise
        fitting = fit(renamed, needed, where, expected)
        notes.append("with the names of the network's authors")
    notes = [*fitting.notes, *notes]
    _refuse_other_numbers(fitting.tensors, needed, where, expected)
    shapes = {name: value.shape for name, value in outline.state_dict().items()}
    tensors, has_head, more = _with_head(fitting.tensors, shapes, heads)
    wrong = [name for name in needed if tensors[name].shape != shapes[name]]
    words = ""
    if wrong:
        words = _other_shapes(wrong, tensors, shapes, len(needed))
    return Weights(tensors, has_head, words, [*notes, *more, *_halves(tensors)])


def _with_head(
    tensors: Tensors, shapes: Mapping[str, torch.Size], heads: tuple[str, ...]
) -> tuple[Tensors, bool, list[str]]:
    """The tensors without a head that does not fit, whether it does, and a note."""
    wanted = {name for name in shapes if name.startswith(heads)}
    held = {name for name in tensors if name.startswith(heads)}
    fits = bool(wanted) and all(
        name in tensors and tensors[name].shape == shapes[name] for name in wanted
    )
    if fits or not held:
        return tensors, fits, []
    body = {name: tensors[name] for name in tensors if name not in held}
    rows = max(len(tensors[name]) for name in held if tensors[name].ndim)
    return body, False, [f"its head of {rows:,} outputs is left out"]


def _refuse_other_numbers(
    tensors: Tensors, needed: list[str], where: str, expected: str
) -> None:
    """Raises InputError where numbers are no weights: a training would begin with nan."""
    kinds = {
        name: str(tensors[name].dtype).removeprefix("torch.")
        for name in needed
        if not tensors[name].is_floating_point()
    }
    if kinds:
        name = next(iter(kinds))
        raise InputError(
            where,
            expected=expected,
            received=f"{kinds[name]} in {len(kinds)} of {len(needed)}, as {name}",
            fix="save them as float32, before any quantization",
        )
    wrong = [
        name for name in needed if not torch.isfinite(tensors[name].float()).all()
    ]
    if wrong:
        raise InputError(
            where,
            expected=expected,
            received=f"nan or infinity in {len(wrong)} of {len(needed)}, as {wrong[0]}",
            fix="take a checkpoint from before that training failed, or save it as float32",
        )


def _other_shapes(
    wrong: list[str],
    tensors: Tensors,
    shapes: Mapping[str, torch.Size],
    count: int,
) -> str:
    name = wrong[0]
    both = f"{tuple(tensors[name].shape)} for {tuple(shapes[name])}"
    return f"{len(wrong)} of {count} in other shapes, as {name} {both}"


def _halves(tensors: Tensors) -> list[str]:
    """A note where numbers have half the precision of a training's."""
    halves = {
        str(value.dtype).removeprefix("torch.")
        for value in tensors.values()
        if value.is_floating_point() and value.itemsize < torch.float32.itemsize
    }
    return [f"{' and '.join(sorted(halves))}, read as float32"] if halves else []


def _renamed(
    parts: Mapping[str, Tensors], outline: nn.Module, needed: set[str]
) -> Iterator[tuple[str, Tensors]]:
    """Those parts that timm itself renames: as the authors of a network called them."""
    rename = getattr(
        sys.modules[type(outline).__module__], "checkpoint_filter_fn", None
    )
    if rename is None:
        return
    for key, tensors in parts.items():
        plain = _unwrapped(tensors)
        try:
            renamed = rename(dict(plain), outline)
        except Exception:  # of names that it does not know, in any way
            continue
        if needed <= set(renamed):
            yield key, renamed


def _unwrapped(tensors: Tensors) -> Tensors:
    """Without the starts that all names share."""
    names = list(tensors)
    while names:
        start = next(
            (
                each
                for each in WRAPPERS
                if all(name.startswith(each) for name in names)
            ),
            None,
        )
        if start is None:
            break
        names = [name.removeprefix(start) for name in names]
    return dict(zip(names, tensors.values(), strict=True))


def unfit(backbone: str, pretrained: bool | str, received: str) -> InputError:
    """The error on weights of another network: what of them fits, or does not."""
    expected = f"weights that fit {backbone}"
    fix = "use the weights of this very network"
    return InputError(
        f"pretrained: {pretrained}", expected=expected, received=received, fix=fix
    )


def unavailable(
    backbone: str, pretrained: bool | str, error: Exception
) -> InputError:
    """The error where weights cannot be had, by what timm or the hub says."""
    reason = (
        str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    )
    if pretrained is not True:
        return unfit(backbone, pretrained, reason)
    expected = f"weights of {backbone} from timm's hub"
    fix = 'go online once, or set it to a path of .safetensors/.pth weights or to "bundled"'
    return InputError(
        "pretrained: true", expected=expected, received=reason, fix=fix
    )
