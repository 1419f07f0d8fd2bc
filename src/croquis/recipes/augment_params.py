"""How an augmentation is written in params.yaml. No albumentations here."""

from typing import Any

from croquis.core import params


class AugmentParams(params.Section):
    """A preset with some of its operations changed, added, or (null) taken out."""

    preset: str
    ops: dict[str, dict[str, Any] | None]
