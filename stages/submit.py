"""submit: writes the submission; where a solution is known, scores it beside the OOF estimate."""

import json

import pandas as pd

from croquis.core import cli, params
from croquis.core.files import atomic_write, write_json
from croquis.submit.submission import (
    by_vote,
    read_votes,
    single_fold,
    submission,
    submission_scores,
    true_labels,
)
from croquis.tables import predictions
from croquis.votes.members import RunParams, on_test
from croquis.votes.recipe import Recipe
from croquis.votes.voting import tied


def main(
    ensemble: cli.File,
    votes: cli.File,
    by_fold: cli.File,
    sample: cli.File,
    solution: cli.File,
    estimate: cli.File,
    submission_csv: cli.File,
    metrics: cli.File,
) -> None:
    """Reads <ensemble> and <sample>; writes <submission-csv>, and to <metrics> what it scores.

    Beside it stand the scores of all <votes>, and of the members from their predictions <by-fold>.
    """
    test = predictions.load_predictions(ensemble / "test.npz")
    table = submission(pd.read_csv(sample, dtype=str, keep_default_na=False), test)
    with atomic_write(submission_csv) as draft:
        table.to_csv(draft, index=False, lineterminator="\n")
    found: dict[str, object] = {"rows": len(table), "ties": tied(test.probs)}
    labels = true_labels(
        pd.read_csv(solution, dtype={"image_path": str}, keep_default_na=False), test
    )
    if labels is not None:
        recipe = Recipe.load(ensemble / "recipe.json")
        single = [
            predictions.load_predictions(ensemble / f"test_fold{fold}.npz")
            for fold in recipe.folds
        ]
        seed = params.value("seed", int)
        found |= submission_scores(
            labels, test, single, json.loads(estimate.read_text()), seed=seed
        )
        found["test_single_fold_by_member"] = {
            member: single_fold(
                labels,
                test.ids,
                [on_test(by_fold, member, fold) for fold in recipe.folds],
            )
            for member in params.load(RunParams, "run").members
        }
        found["test_accuracy_by_vote"] = by_vote(
            labels, test.ids, read_votes(votes, recipe), recipe
        )
    write_json(metrics, found)
    cli.say(f"submit: {len(table):,} rows in {submission_csv}")
    if labels is not None:
        full = found["test_accuracy"]
        single = found["test_single_fold"]
        p = found["fold_vote_gain_p"]
        cli.say(
            f"submit: test accuracy {full:.3f}, single folds {single:.3f}, p {p:.2g}"
        )


if __name__ == "__main__":
    cli.run(main)
