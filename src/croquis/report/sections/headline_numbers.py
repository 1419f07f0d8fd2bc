"""The few numbers about the run that several sections of the page mention."""

from dataclasses import dataclass

import numpy as np

from croquis.core.addresses import hide_secrets
from croquis.report.page_data import PageData
from croquis.report.sections import copies


@dataclass(frozen=True)
class Facts:
    """Numbers and names of a run.

    Attributes:
        source: data.source, without secrets.
        seed: of the run.
        train: images that train.
        test: images of the test set.
        classes: their number.
        side: pixels of a stored image.
        colour: "gray" or "colour".
        scored: images that were scored out of fold.
        all_folds: of the split, whether they ran or not.
        domains: those that are scored; 0 where images have none.
        partly_seen: scored images of a domain or group that always trains, too.
        leaking: scored images with a copy in another fold.
        cut_across: cut pairs of copies that stand in two folds.
    """

    source: str
    seed: int
    train: int
    test: int
    classes: int
    side: int
    colour: str
    scored: int
    all_folds: int
    domains: int
    partly_seen: int
    leaking: int
    cut_across: int


def facts_of(content: PageData) -> Facts:
    """The facts of a run."""
    images = content.images
    oof = content.outcome.oof
    split = images.index["split"]
    array = images.pixels.array
    return Facts(
        source=hide_secrets(content.source),
        seed=content.outcome.settings.seed,
        train=int((split == "train").sum()),
        test=int((split == "test").sum()),
        classes=len(oof.classes),
        side=array.shape[1],
        colour="gray" if array.ndim == 3 else "colour",
        scored=len(oof),
        all_folds=int(images.folds["fold"].max()) + 1,
        domains=_scored_domains(content),
        partly_seen=copies.partly_seen(images.folds),
        leaking=copies.leaking(images.folds),
        cut_across=copies.cut_across(images.duplicates, images.folds),
    )


def _scored_domains(content: PageData) -> int:
    if "domains" not in content.metrics["split"]:
        return 0
    return len(np.unique(content.images.units_of(content.outcome.oof.ids)))
