"""Multiply-adds of a network, counted on the meta device, where nothing is computed.

A network of a billion parameters takes a second or two, and no memory.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from croquis.backbones.backbones import Network
from croquis.networks.freezing import train_mode

_BATCH = 2  # batch normalisation of a single vector has no deviation


class Step(NamedTuple):
    """Multiply-adds of one input in a training step: what goes forward, and what goes backward."""

    forward: int
    backward: int


def forward_macs(model: nn.Module, image_size: int) -> int:
    """Multiply-adds of one image that goes forward.

    Args:
        model: on the meta device; left in eval mode.
        image_size: pixels a side.
    """
    image = torch.empty(1, 3, image_size, image_size, device="meta")
    # The counter asks each input of a module that wants a gradient for its history. The query of an
    # attention pool is such an input, and in inference mode it has none: so nothing may want one.
    with _frozen(model.eval()), _counter() as counter, torch.inference_mode():
        model(image)
    return counter.get_total_flops() // 2


def step_macs(
    model: nn.Module, shape: Sequence[int], *, checkpointing: bool = False
) -> Step:
    """Multiply-adds of one input in a training step, by the parameters that really train.

    A backward pass goes no deeper than the first of them. Gradient checkpointing goes forward a
    second time through its blocks; that counts as forward.

    Args:
        model: on the meta device, without checkpointing; left in train mode.
        shape: of one input, such as (3, S, S).
        checkpointing: whether the training uses it.
    """
    plain = _step(model, shape)
    if not checkpointing:
        return plain
    network = cast(Network, model)  # what has no such method has no checkpointing
    network.set_grad_checkpointing(True)
    again = _step(model, shape).backward - plain.backward
    network.set_grad_checkpointing(False)
    return Step(plain.forward + again, plain.backward)


def _step(model: nn.Module, shape: Sequence[int]) -> Step:
    train_mode(model)
    with _counter() as counter:
        outputs = model(torch.empty(_BATCH, *shape, device="meta"))
        forward = counter.get_total_flops()
        outputs.sum().backward()
    model.zero_grad()
    both = counter.get_total_flops()
    return Step(forward // 2 // _BATCH, (both - forward) // 2 // _BATCH)


def _counter() -> FlopCounterMode:
    backward = torch.ops.aten.convolution_backward
    return FlopCounterMode(
        display=False, custom_mapping={backward: _convolution_backward}
    )


def _convolution_backward(
    grad_out: Sequence[int],
    inputs: Sequence[int],
    weight: Sequence[int],
    *more: Any,
    out_val: object = None,
    **_: Any,
) -> int:
    """Operations of the gradients of a convolution, each as many as going forward takes.

    torch's own formula forgets groups in the gradient of the weights: it counts a depthwise layer
    of 500 channels 500 times.
    """
    transposed = more[4]
    output_mask = more[7]
    places = math.prod((inputs if transposed else grad_out)[2:])
    return 2 * inputs[0] * places * math.prod(weight) * sum(output_mask[:2])


@contextmanager
def _frozen(model: nn.Module) -> Iterator[None]:
    """Within it no parameter wants a gradient."""
    wanted = [part for part in model.parameters() if part.requires_grad]
    model.requires_grad_(False)
    try:
        yield
    finally:
        for part in wanted:
            part.requires_grad_(True)
