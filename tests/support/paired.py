"""Six images and the pairs between them."""

import numpy as np
import pandas as pd

from croquis.core import params
from croquis.dedup.pairs import TIERS
from croquis.dedup.settings import DedupParams

BLURRED = np.ones((6, 4), np.float32) / 2  # all images alike: no chain is cut


DEFAULT = params.load(DedupParams, "dedup")


def settings(**changes: object) -> DedupParams:
    return DEFAULT.model_copy(update={"min_per_class": 1, **changes})


def images() -> pd.DataFrame:
    """Six images of the classes 0, 0, 0, 1, 1, 1, sorted by id."""
    table = pd.DataFrame(
        {"id": list("abcdef"), "label": [0, 0, 0, 1, 1, 1], "split": "train"}
    )
    return table.assign(source_id="", width=10, height=10)


def pairs() -> pd.DataFrame:
    """a like b in class 0, b like c, and c like d of class 1; the last only for a group."""
    table = pd.DataFrame(
        {"a": [0, 1, 2], "b": [1, 2, 3], "score": [0.99, 0.9712345678, 0.96]}
    )
    table["symmetry"] = [0, 1, 4]
    table["tier"] = pd.Categorical(["copy", "copy", "copy"], categories=TIERS)
    return table.assign(ink=table["score"])
