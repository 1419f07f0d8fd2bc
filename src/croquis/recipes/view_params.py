"""How views are written in params.yaml: the flips and turns under which networks see images."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

# Those of croquis.core.symmetries, which needs numpy.
View = Literal[
    "identity",
    "rot90",
    "rot180",
    "rot270",
    "flip_lr",
    "flip_ud",
    "transpose",
    "antitranspose",
]


def _each_once(views: list[View]) -> list[View]:
    if len(set(views)) < len(views):
        raise ValueError("each view once")  # two would weigh it twice
    return views


Views = Annotated[list[View], Field(min_length=1), AfterValidator(_each_once)]
