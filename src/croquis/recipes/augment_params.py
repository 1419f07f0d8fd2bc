"""How an augmentation is written in params.yaml. No albumentations here."""

from typing import Any

from pydantic import Field

from croquis.core import params


class AugmentParams(params.Section):
    """A preset with some of its operations changed, added, or (null) taken out."""

    preset: str = Field(
        default="flips", description="The preset to begin with (docs/training.md)."
    )
    ops: dict[str, dict[str, Any] | None] = Field(
        default={},
        description="Operations with the settings that differ; null takes one out.",
    )
