"""The whole stage: all votes scored on OOF, one of them chosen and applied to the test set."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from croquis.core.files import atomic_write
from croquis.core.text import counted
from croquis.ensemble.alternatives import all_alternatives, choose, recipe_of
from croquis.ensemble.copies_in_train import has_copy_in_train
from croquis.ensemble.fold_choices import combine_folds
from croquis.ensemble.members_oof import read_members_oof
from croquis.ensemble.score_tables import all_tables, ensemble_metrics
from croquis.scoring.chosen_metric import ACCURACY, Metric
from croquis.scoring.metric_names import headline
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.predictions import Predictions
from croquis.votes.members import RunParams
from croquis.votes.recipe import (
    EnsembleParams,
    Recipe,
    VoteParams,
    member_keys,
    weights_of,
)


@dataclass(frozen=True)
class EnsembleResult:
    """The chosen vote, its predictions and what all votes score.

    Attributes:
        recipe: how it votes.
        oof: its OOF, nested: no image is scored by a weight or temperature fitted on it.
        test: of the test set, by the models of all folds.
        test_by_fold: the same by the models of each fold alone.
        tables: by file name.
        metrics: for metrics/ensemble.json.
    """

    recipe: Recipe
    oof: Predictions
    test: Predictions
    test_by_fold: dict[int, Predictions]
    tables: dict[str, pd.DataFrame]
    metrics: dict[str, Any]

    def save(self, folder: Path) -> None:
        """Writes all but the metrics to a new `folder`."""
        with atomic_write(folder) as draft:
            self.recipe.save(draft / "recipe.json")
            self.oof.save(draft / "oof.npz")
            self.test.save(draft / "test.npz")
            for fold, part in self.test_by_fold.items():
                part.save(draft / f"test_fold{fold}.npz")
            for name, table in self.tables.items():
                table.to_csv(draft / f"{name}.csv", index=False)


def vote_over_members(
    run: RunParams,
    settings: EnsembleParams,
    fold_vote: VoteParams,
    *,
    votes: Path,
    by_fold: Path,
    folds: Path,
    index: Path,
    seed: int,
    metric: Metric = ACCURACY,
) -> EnsembleResult:
    """The vote that params.yaml asks for, beside all others.

    Args:
        run: the members there are, and their folds.
        settings: which members vote, and how.
        fold_vote: how the folds of one member vote.
        votes: data/votes.
        by_fold: data/predictions.
        folds: folds.csv.
        index: index.csv.
        seed: of bootstraps and nested parts.
        metric: that weights are fitted and taken by.
    """
    keys = member_keys(run, settings)
    oof = read_members_oof(keys, votes, folds, fold_vote, seed=seed, metric=metric)
    alternatives = all_alternatives(oof, weights_of(keys, settings))
    choice = choose(oof, alternatives, settings)
    recipe = recipe_of(oof, alternatives[choice], run.folds)
    single_folds = [[fold] for fold in run.folds]
    test, *by_one = combine_folds(recipe, by_fold, [run.folds, *single_folds])
    has_copy = has_copy_in_train(oof.ids, read_folds(folds), read_index(index))
    metrics = ensemble_metrics(oof, alternatives, choice, has_copy)
    return EnsembleResult(
        recipe=recipe,
        oof=Predictions(oof.ids, alternatives[choice].nested, oof.classes),
        test=test,
        test_by_fold=dict(zip(run.folds, by_one, strict=True)),
        tables=all_tables(oof, alternatives, choice),
        metrics=metrics | {"folds": len(run.folds)},
    )


def ensemble_lines(result: EnsembleResult, settings: EnsembleParams) -> list[str]:
    """The lines that the stage ends with: the vote, whether weights were declined, the score."""
    metrics = result.metrics
    score = headline(metrics)
    log_loss = f" log-loss {metrics['log_loss']:.3f},"
    if score.name == "log_loss":
        log_loss = f" accuracy {metrics['accuracy']:.3f},"
    members = ", ".join(result.recipe.members)
    folds = counted(metrics["folds"], "fold")
    weights = settings.weights
    declined = []
    if isinstance(weights, str) and weights not in ("uniform", metrics["vote"]):
        declined.append(
            f"ensemble: {weights} weights are not significantly better when nested: uniform ones"
        )
    return [
        f"ensemble: {metrics['vote']} vote of {members} over {folds}",
        *declined,
        f"ensemble: OOF {score.words} {score.value:.3f}"
        f" ({score.low:.3f} to {score.high:.3f}),"
        f"{log_loss} calibration error {metrics['ece']:.3f}",
    ]
