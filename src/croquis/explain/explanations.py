"""Which mistakes are explained, and by whom: the best fine-tuned member, on folds it never saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from croquis.backbones.backbones import interpolation
from croquis.core.files import atomic_write
from croquis.core.progress import progress
from croquis.core.text import counted
from croquis.costs.trial import failure_reason
from croquis.explain.profiles import profiles
from croquis.explain.saliency import (
    SaliencyMaps,
    as_int8,
    images_at,
    occlusion_maps,
)
from croquis.images.pixels import Pixels
from croquis.networks.restore import restore_model
from croquis.recipes.probe_recipes import ProbeParams
from croquis.recipes.recipes import ModelParams
from croquis.runtime.hardware import Hardware
from croquis.scoring.ranking import surest
from croquis.tables.fold_tables import truth_of_predictions
from croquis.tables.predictions import Predictions, load_predictions

NO_MAPS = SaliencyMaps(np.empty(0, np.str_), np.empty((0, 1, 1), np.int8), "")


@dataclass(frozen=True)
class Explanation:
    """What the networks of a run are, and where one of them looked.

    Attributes:
        networks: `profiles`, a row a member.
        maps: of the ensemble's surest mistakes.
        errors: how many images the ensemble got wrong out of fold.
    """

    networks: pd.DataFrame
    maps: SaliencyMaps
    errors: int

    def save(self, networks: Path, saliency: Path) -> None:
        """Writes the rows as CSV to `networks` and the maps as .npz to `saliency`."""
        with atomic_write(networks) as draft:
            self.networks.to_csv(draft, index=False)
        self.maps.save(saliency)


def explain(
    models: Mapping[str, ModelParams],
    probes: Mapping[str, ProbeParams],
    voters: list[str],
    *,
    folds: pd.DataFrame,
    votes: Path,
    ensemble: Path,
    pixels: Pixels,
    checkpoints: Path,
    hardware: Hardware,
) -> Explanation:
    """What `Explanation` holds, of a run that has voted.

    Args:
        models: recipes of the models of the run by key.
        probes: recipes of its probes by key.
        voters: keys of the members that vote.
        folds: folds.csv.
        votes: data/votes.
        ensemble: data/ensemble.
        pixels: the stored images.
        checkpoints: data/checkpoints.
        hardware: where the network runs.
    """
    oof = load_predictions(ensemble / "oof.npz")
    members = {
        key: load_predictions(votes / key / "oof.npz")
        for key in voters
        if key in models
    }
    return Explanation(
        networks=profiles(models, probes, num_classes=len(oof.classes)),
        maps=explain_mistakes(
            folds,
            oof,
            members,
            models,
            pixels=pixels,
            checkpoints=checkpoints,
            hardware=hardware,
        ),
        errors=error_count(folds, oof),
    )


def explain_mistakes(
    folds: pd.DataFrame,
    oof: Predictions,
    voters: Mapping[str, Predictions],
    recipes: Mapping[str, ModelParams],
    *,
    pixels: Pixels,
    checkpoints: Path,
    hardware: Hardware,
) -> SaliencyMaps:
    """Maps of the ensemble's surest mistakes; of nothing where no model was fine-tuned.

    Each image is asked of the network that was trained without its fold. A network that fails
    leaves a reason in `SaliencyMaps.failed` instead of its maps.

    Args:
        folds: folds.csv.
        oof: of the ensemble.
        voters: OOF of its fine-tuned members.
        recipes: of them.
        pixels: the stored images.
        checkpoints: data/checkpoints.
        hardware: where the network runs.
    """
    truth = truth_of_predictions(oof.ids, folds)
    labels = truth["label"].to_numpy()
    fold_of = truth["fold"].to_numpy()
    rows = surest(labels, oof, truth["group"].to_numpy())
    if not voters or not len(rows):
        return NO_MAPS
    member = best_model(voters, oof.ids, labels)
    recipe = recipes[member]
    failed = ""
    ids = []
    maps = [np.empty((0, recipe.image_size, recipe.image_size), np.int8)]
    for fold in progress(np.unique(fold_of[rows]).tolist(), "explain", unit="fold"):
        in_fold = rows[fold_of[rows] == fold]
        weights = checkpoints / member / f"fold{fold}.safetensors"
        try:
            fold_maps = _maps_of(
                in_fold, oof, labels, recipe, weights, pixels, hardware
            )
        # Of any network, in any way: maps are no result of a run.
        except Exception as error:
            failed = f"fold {fold}: {failure_reason(error)}"
            continue
        ids += oof.ids[in_fold].tolist()
        maps.append(fold_maps)
    stacked = np.concatenate(maps)
    return SaliencyMaps(np.array(ids, dtype=np.str_), stacked, member, failed)


def _maps_of(
    rows: np.ndarray,
    oof: Predictions,
    labels: np.ndarray,
    recipe: ModelParams,
    weights: Path,
    pixels: Pixels,
    hardware: Hardware,
) -> np.ndarray:
    """The maps of some rows of OOF by one network, (n, S, S) int8."""
    model = restore_model(recipe, len(oof.classes), weights)
    ids = oof.ids[rows].tolist()
    images = images_at(
        pixels, ids, recipe.image_size, interpolation(recipe.backbone)
    )
    maps = occlusion_maps(
        model,
        images,
        guesses=oof.probs[rows].argmax(axis=1),
        labels=labels[rows],
        hardware=hardware,
    )
    return as_int8(maps)


def error_count(folds: pd.DataFrame, oof: Predictions) -> int:
    """How many images the ensemble got wrong out of fold."""
    labels = truth_of_predictions(oof.ids, folds)["label"].to_numpy()
    return int((oof.probs.argmax(axis=1) != labels).sum())


def best_model(
    voters: Mapping[str, Predictions], ids: np.ndarray, labels: np.ndarray
) -> str:
    """The member with the highest OOF accuracy; of equals the first by name."""
    correct = {
        key: int((part.aligned(ids).probs.argmax(axis=1) == labels).sum())
        for key, part in sorted(voters.items())
    }
    return max(correct, key=correct.__getitem__)


def explain_lines(explanation: Explanation) -> list[str]:
    """The lines that the stage ends with: what was looked at, by whom, and what all of them are."""
    networks = explanation.networks
    failed = explanation.maps.failed
    again = "; `dvc repro -f -s explain` tries again"
    lines = [
        f"explain: {_looked_at(explanation)}",
        f"explain: {_members(networks)}",
    ]
    for row in networks[networks["failed"] != ""].itertuples():
        reason = f"{row.member} could not be counted ({row.failed})"
        lines.append(f"explain: warning: {reason}{again}")
    if failed:
        lines.append(f"explain: warning: no map for {failed}{again}")
    return lines


def _looked_at(explanation: Explanation) -> str:
    maps = explanation.maps
    errors = explanation.errors
    if not errors:
        return "no mistakes to explain: every image is right out of fold"
    if not maps.member:
        return f"no network to ask about {counted(errors, 'error')}: no voting member is fine-tuned"
    return f"{len(maps.ids)} of the surest mistakes, as {maps.member} saw them"


def _members(networks: pd.DataFrame) -> str:
    """How many members there are, their sizes, and the licences of their weights."""
    millions = networks["parameters"].dropna() / 1e6
    sizes = ""
    if len(millions):
        sizes = f" of {millions.min():.1f} to {millions.max():.1f} M parameters"
    licences = ", ".join(sorted(set(networks["licence"])))
    return f"{counted(len(networks), 'member')}{sizes}; licences of their weights: {licences}"
