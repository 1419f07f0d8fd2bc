"""Which mistakes are explained, and by whom: the best fine-tuned member, on folds it never saw."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from croquis.data.pixels import Pixels
from croquis.explain.saliency import Maps, as_int8, pictures_at, spoken_for
from croquis.models.backbones import interpolation
from croquis.predictions import Predictions
from croquis.progress import progress
from croquis.report.ranking import surest
from croquis.serving.networks import fine_tuned
from croquis.training.hardware import Hardware
from croquis.training.recipes import ModelParams

NOBODY = Maps(np.empty(0, np.str_), np.empty((0, 1, 1), np.int8), "")


def explained(
    folds: pd.DataFrame,
    oof: Predictions,
    voters: Mapping[str, Predictions],
    recipes: Mapping[str, ModelParams],
    *,
    pixels: Pixels,
    checkpoints: Path,
    hardware: Hardware,
) -> Maps:
    """Maps of the ensemble's surest mistakes; of nothing where no model was fine-tuned.

    Each picture is asked of the network that was trained without its fold.

    Args:
        folds: folds.csv.
        oof: of the ensemble.
        voters: OOF of its fine-tuned members.
        recipes: of them.
        pixels: the stored pictures.
        checkpoints: data/checkpoints.
        hardware: where the network runs.
    """
    known = folds.set_index("id").loc[oof.ids]
    labels, fold_of = known["label"].to_numpy(), known["fold"].to_numpy()
    rows = surest(labels, oof, known["group"].to_numpy())
    if not voters or not len(rows):
        return NOBODY
    member = best(voters, oof.ids, labels)
    size, how = recipes[member].image_size, interpolation(recipes[member].backbone)
    ids, maps = [], []
    for fold in progress(np.unique(fold_of[rows]).tolist(), "explain", unit="fold"):
        chosen = rows[fold_of[rows] == fold]
        weights = checkpoints / member / f"fold{fold}.safetensors"
        found = spoken_for(
            fine_tuned(recipes[member], len(oof.classes), weights),
            pictures_at(pixels, oof.ids[chosen].tolist(), size, how),
            guesses=oof.probs[chosen].argmax(axis=1),
            labels=labels[chosen],
            hardware=hardware,
        )
        ids += oof.ids[chosen].tolist()
        maps.append(as_int8(found))
    return Maps(np.array(ids, dtype=np.str_), np.concatenate(maps), member)


def lines(networks: pd.DataFrame, found: Maps) -> list[str]:
    """The lines that the stage ends with: what was looked at, by whom, and what all of them are.

    Args:
        networks: `profiles`.
        found: `explained`.
    """
    sizes = networks["parameters"] / 1e6
    licences = ", ".join(sorted(set(networks["licence"])))
    return [
        f"explain: {len(found.ids)} of the surest mistakes, as {found.member} saw them"
        if found.member
        else "explain: no mistakes: none were made, or no member was fine-tuned",
        f"explain: {len(networks)} members of {sizes.min():.1f} to {sizes.max():.1f} M parameters; "
        f"licences of their weights: {licences}",
    ]


def best(voters: Mapping[str, Predictions], ids: np.ndarray, labels: np.ndarray) -> str:
    """The member with the highest OOF accuracy; of equals the first by name."""
    right = {
        key: int((own.aligned(ids).probs.argmax(axis=1) == labels).sum())
        for key, own in sorted(voters.items())
    }
    return max(right, key=right.__getitem__)
