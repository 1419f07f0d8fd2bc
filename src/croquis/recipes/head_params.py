"""The shape of a head, of fine-tuned models and of probes alike. No torch here."""

from typing import Annotated, Literal

from pydantic import Field

from croquis.core import params


class HeadShape(params.Section):
    """Layers between features and classes; without hidden ones the head is linear."""

    hidden: list[Annotated[int, Field(ge=1)]]  # widths
    act: Literal["relu", "gelu", "prelu"]
    norm: Literal["none", "batch"]
    dropout: Annotated[float, Field(ge=0, lt=1)]  # before each layer after the first
