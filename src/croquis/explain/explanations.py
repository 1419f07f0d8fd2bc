"""Which mistakes are explained, and by whom: the best fine-tuned member, on folds it never saw."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from croquis.backbones.backbones import interpolation
from croquis.core.progress import progress
from croquis.core.text import counted
from croquis.costs.measured import failure_reason
from croquis.explain.saliency import Maps, as_int8, images_at, spoken_for
from croquis.images.pixels import Pixels
from croquis.networks.restore import restore_model
from croquis.recipes.recipes import ModelParams
from croquis.runtime.hardware import Hardware
from croquis.scoring.ranking import surest
from croquis.tables.predictions import Predictions

NOBODY = Maps(np.empty(0, np.str_), np.empty((0, 1, 1), np.int8), "")


def explain(
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

    Each image is asked of the network that was trained without its fold. A network that fails
    leaves a reason in `Maps.failed` instead of its maps.

    Args:
        folds: folds.csv.
        oof: of the ensemble.
        voters: OOF of its fine-tuned members.
        recipes: of them.
        pixels: the stored images.
        checkpoints: data/checkpoints.
        hardware: where the network runs.
    """
    known = folds.set_index("id").loc[oof.ids]
    labels = known["label"].to_numpy()
    fold_of = known["fold"].to_numpy()
    rows = surest(labels, oof, known["group"].to_numpy())
    if not voters or not len(rows):
        return NOBODY
    member = best_model(voters, oof.ids, labels)
    failed = ""
    size = recipes[member].image_size
    how = interpolation(recipes[member].backbone)
    ids = []
    maps = [np.empty((0, size, size), np.int8)]
    for fold in progress(np.unique(fold_of[rows]).tolist(), "explain", unit="fold"):
        chosen = rows[fold_of[rows] == fold]
        weights = checkpoints / member / f"fold{fold}.safetensors"
        try:
            found = spoken_for(
                restore_model(recipes[member], len(oof.classes), weights),
                images_at(pixels, oof.ids[chosen].tolist(), size, how),
                guesses=oof.probs[chosen].argmax(axis=1),
                labels=labels[chosen],
                hardware=hardware,
            )
        except (
            Exception
        ) as error:  # of any network, in any way: maps are no result of a run
            failed = f"fold {fold}: {failure_reason(error)}"
            continue
        ids += oof.ids[chosen].tolist()
        maps.append(as_int8(found))
    return Maps(np.array(ids, dtype=np.str_), np.concatenate(maps), member, failed)


def error_count(folds: pd.DataFrame, oof: Predictions) -> int:
    """How many images the ensemble got wrong out of fold."""
    labels = folds.set_index("id").loc[oof.ids, "label"].to_numpy()
    return int((oof.probs.argmax(axis=1) != labels).sum())


def explain_lines(networks: pd.DataFrame, found: Maps, wrong: int) -> list[str]:
    """The lines that the stage ends with: what was looked at, by whom, and what all of them are.

    Args:
        networks: `profiles`.
        found: `explained`.
        wrong: `errors`.
    """
    sizes = networks["parameters"].dropna() / 1e6
    licences = ", ".join(sorted(set(networks["licence"])))
    known = (
        f" of {sizes.min():.1f} to {sizes.max():.1f} M parameters" if len(sizes) else ""
    )
    again = "; `dvc repro -f -s explain` tries again"
    failed = networks[networks["failed"] != ""]
    return [
        f"explain: {_looked(found, wrong)}",
        f"explain: {counted(len(networks), 'member')}{known}; "
        f"licences of their weights: {licences}",
        *(
            f"explain: warning: {row.member} could not be counted ({row.failed}){again}"
            for row in failed.itertuples()
        ),
        *(
            [f"explain: warning: no map for {found.failed}{again}"]
            if found.failed
            else []
        ),
    ]


def _looked(found: Maps, wrong: int) -> str:
    if not wrong:
        return "no mistakes to explain: every image is right out of fold"
    if not found.member:
        return f"no network to ask about {counted(wrong, 'error')}: no voting member is fine-tuned"
    return f"{len(found.ids)} of the surest mistakes, as {found.member} saw them"


def best_model(
    voters: Mapping[str, Predictions], ids: np.ndarray, labels: np.ndarray
) -> str:
    """The member with the highest OOF accuracy; of equals the first by name."""
    right = {
        key: int((own.aligned(ids).probs.argmax(axis=1) == labels).sum())
        for key, own in sorted(voters.items())
    }
    return max(right, key=right.__getitem__)
