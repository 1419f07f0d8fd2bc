"""What the training of a model and that of a probe's head have in common."""

from typing import Annotated, Literal

from pydantic import Field

from croquis.core import params

# What no hardware of today gets done, so that a slip of the keyboard ends before any work. Networks
# see images of at most some thousand pixels; the largest batches ever published had 65,536 images.
MOST_EPOCHS = 100_000
MOST_BATCH = 65_536
MOST_SIDE = 8_192
MOST_FACTOR = 1_000_000
MOST_WIDTH = 65_536
MOST_NAMED = 1_000  # entries of a list: members, layers, phases

Schedule = Literal["cosine", "constant", "step", "restarts", "cyclic", "plateau"]

Positive = Annotated[float, Field(gt=0, le=MOST_FACTOR)]
Share = Annotated[float, Field(ge=0, lt=1)]


class LossParams(params.Section):
    """The loss and its parameters: a new one is named here, and computed in heads/losses.py.

    A parameter of a loss is a key `<loss>_<parameter>`.
    """

    loss: Literal["ce", "bce", "focal"] = Field(
        default="ce", description="The loss: cross-entropy, binary, or focal."
    )
    focal_gamma: float = Field(
        default=2.0,
        ge=0,
        le=100,
        description="The gamma of the focal loss; others ignore it.",
    )
    label_smoothing: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="The share of each label that is spread over all classes.",
    )
