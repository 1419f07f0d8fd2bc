"""What a person decides about copies: the section `dedup` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from croquis.params import Section

Similarity = Annotated[float, Field(gt=0, le=1)]


class DedupParams(Section):
    """When two pictures are copies, and what follows from it.

    Attributes:
        ssim_min: structural similarity at 224 px, inside a class.
        cosine_min: cosine of mean-removed ink at 64 px, over everything.
        symmetries: whether flips and quarter turns of a picture are copies of it.
        policy: group keeps all, and copies share a fold; prune drops copies that have a kept twin.
        conflicts: a group of several labels; keep leaves it and says so.
        min_per_class: prune leaves a class at least so many pictures, or all it has.
    """

    ssim_min: Similarity
    cosine_min: Similarity
    symmetries: bool
    policy: Literal["group", "prune"]
    conflicts: Literal["keep"]
    min_per_class: Annotated[int, Field(ge=1)]
