"""The settings `split` of params.yaml. No scikit-learn: the check stage wants them at once."""

from typing import Literal

from pydantic import Field

from croquis.core.params import Section
from croquis.split.domains import DomainKey


class SplitParams(Section):
    """How the training images are cut into folds.

    Copies in two domains may be in two folds: they train, and are scored only if `group` is False.

    >>> SplitParams(domain="author").held_together
    'domains'
    """

    num_folds: int = Field(
        default=5,
        ge=2,
        le=1_000,  # each is a training of every member
        description="The number of folds; each is held out once.",
    )
    group: bool = Field(
        default=True,
        description="Whether copies share a fold; false: plain stratified folds.",
    )
    domain: DomainKey | None = Field(
        default=None,
        description="Who made an image, if folds shall hold people apart: "
        "a column of train.csv, or a pattern of the path with a (group).",
    )
    rare: Literal["error", "train"] = Field(
        default="error",
        description="A class that sits in one fold only: error stops, train never scores it.",
    )

    @property
    def plain(self) -> bool:
        """Whether folds hold nothing together but an image and what derives from it."""
        return not self.group and self.domain is None

    @property
    def held_together(self) -> str:
        """What a fold holds whole, in a word for people."""
        return "groups" if self.domain is None else "domains"
