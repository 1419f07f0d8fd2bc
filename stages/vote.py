"""vote: joins each member's folds, to OOF and to a vote on the test set, and scores the members."""

from croquis.core import cli, params
from croquis.core.files import atomic_write, write_json
from croquis.scoring.chosen_metric import chosen_metric
from croquis.tables.fold_tables import read_folds
from croquis.vote.joining import join_members, vote_lines
from croquis.vote.mixed_recipes import refuse_mixed_recipes
from croquis.votes.members import RunParams
from croquis.votes.recipe import EnsembleParams, VoteParams


def main(
    predictions: cli.File, folds: cli.File, votes: cli.File, metrics: cli.File
) -> None:
    """Reads the <predictions> of `run.folds`; writes <votes>/<member>/, the scores to <metrics>."""
    run = params.load(RunParams, "run")
    settings = params.load(VoteParams, "vote")
    ensemble = params.load(EnsembleParams, "ensemble")
    seed = params.value("seed", int)
    metric = chosen_metric()
    refuse_mixed_recipes(predictions, run.members, run.folds)
    table = read_folds(folds)
    with atomic_write(votes) as draft:
        scores = join_members(
            predictions,
            table,
            draft,
            run,
            settings,
            ensemble,
            seed=seed,
            metric=metric,
        )
    write_json(metrics, scores)
    for line in vote_lines(scores):
        cli.say(line)


if __name__ == "__main__":
    cli.run(main)
