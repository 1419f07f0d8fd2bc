"""The shape of a head, of fine-tuned models and of probes alike. No torch here."""

from typing import Annotated, Literal

from pydantic import Field

from croquis.core import params
from croquis.recipes.shared_params import MOST_WIDTH


class HeadShape(params.Section):
    """Layers between features and classes; without hidden ones the head is linear."""

    hidden: list[Annotated[int, Field(ge=1, le=MOST_WIDTH)]] = Field(
        default=[],
        max_length=100,
        description="Widths of the layers before the last one.",
    )
    act: Literal["relu", "gelu", "prelu"] = Field(
        default="relu", description="The activation after each hidden layer."
    )
    norm: Literal["none", "batch"] = Field(
        default="none", description="The normalisation after each hidden layer."
    )
    dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="The share of inputs that dropout leaves out, before each layer but the first.",
    )
