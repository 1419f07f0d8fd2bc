"""ensemble: every vote over members scored side by side on OOF; the chosen one on the test set."""

from croquis.core import cli, params
from croquis.core.files import write_json
from croquis.ensemble.ensemble import ensemble_lines, vote_over_members
from croquis.scoring.chosen_metric import chosen_metric
from croquis.votes.members import RunParams
from croquis.votes.recipe import EnsembleParams, VoteParams


def main(
    votes: cli.File,
    by_fold: cli.File,
    folds: cli.File,
    index: cli.File,
    ensemble: cli.File,
    metrics: cli.File,
) -> None:
    """Reads <votes> and the <by-fold> predictions; writes <ensemble>/, its scores to <metrics>."""
    settings = params.load(EnsembleParams, "ensemble")
    result = vote_over_members(
        params.load(RunParams, "run"),
        settings,
        params.load(VoteParams, "vote"),
        votes=votes,
        by_fold=by_fold,
        folds=folds,
        index=index,
        seed=params.value("seed", int),
        metric=chosen_metric(),
    )
    result.save(ensemble)
    write_json(metrics, result.metrics)
    for line in ensemble_lines(result, settings):
        cli.say(line)


if __name__ == "__main__":
    cli.run(main)
