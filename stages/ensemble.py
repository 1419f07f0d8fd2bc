"""ensemble: every vote over members scored side by side on OOF; the chosen one on the test set."""

from croquis.core import cli, params
from croquis.core.files import atomic_write, write_json
from croquis.ensemble.ballots import (
    alternatives,
    chosen,
    combined,
    read_ballots,
    recipe_of,
)
from croquis.ensemble.copies_in_train import has_copy_in_train
from croquis.ensemble.scoreboard import ensemble_metrics, tables
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.predictions import Predictions
from croquis.votes.members import RunParams
from croquis.votes.recipe import EnsembleParams, VoteParams, member_keys, weights_of


def main(
    votes: cli.File,
    by_fold: cli.File,
    folds: cli.File,
    index: cli.File,
    ensemble: cli.File,
    metrics: cli.File,
) -> None:
    """Reads <votes> and the <by-fold> predictions; writes <ensemble>/, its scores to <metrics>."""
    run = params.load(RunParams, "run")
    how = params.load(EnsembleParams, "ensemble")
    fold_vote = params.load(VoteParams, "vote")
    seed = params.value("seed", int)
    keys = member_keys(run, how)
    given = read_ballots(keys, votes, folds, fold_vote, seed=seed)
    found = alternatives(given, weights_of(keys, how))
    taken = chosen(given, found, how)
    recipe = recipe_of(given, found[taken], run.folds)
    with atomic_write(ensemble) as draft:
        recipe.save(draft / "recipe.json")
        # Nested: no image is scored by a weight or a temperature that was fitted on it.
        Predictions(given.ids, found[taken].nested, given.classes).save(
            draft / "oof.npz"
        )
        single = [[fold] for fold in run.folds]
        test, *by_one = combined(recipe, by_fold, [run.folds, *single])
        test.save(draft / "test.npz")
        for fold, part in zip(run.folds, by_one, strict=True):
            part.save(draft / f"test_fold{fold}.npz")
        for name, table in tables(given, found, taken).items():
            table.to_csv(draft / f"{name}.csv", index=False)
    twins = has_copy_in_train(given.ids, read_folds(folds), read_index(index))
    scored = ensemble_metrics(given, found, taken, twins) | {"folds": len(run.folds)}
    write_json(metrics, scored)
    ends = f"{scored['accuracy_low']:.3f} to {scored['accuracy_high']:.3f}"
    count = f"{len(run.folds)} fold{'s' if len(run.folds) > 1 else ''}"
    cli.say(f"ensemble: {taken} vote of {', '.join(keys)} over {count}")
    if isinstance(how.weights, str) and how.weights not in ("uniform", taken):
        cli.say(
            f"ensemble: {how.weights} weights are not surely better when nested: uniform ones"
        )
    cli.say(
        f"ensemble: OOF accuracy {scored['accuracy']:.3f} ({ends}), "
        f"log-loss {scored['log_loss']:.3f}, calibration error {scored['ece']:.3f}"
    )


if __name__ == "__main__":
    cli.run(main)
