"""vote: joins each member's folds, to OOF and to a vote on the test set, and scores the members."""

from croquis.core import cli, params
from croquis.core.files import atomic_write, write_json
from croquis.core.progress import progress
from croquis.scoring.metrics import report
from croquis.tables.components import units
from croquis.tables.fold_tables import read_folds
from croquis.vote.mixed_runs import refuse_mixed
from croquis.vote.plain_folds import plain_claim
from croquis.votes.calibration import calibration_scores
from croquis.votes.fitting import fit_temperature
from croquis.votes.members import RunParams, flipped, fold_votes, out_of_fold
from croquis.votes.recipe import EnsembleParams, VoteParams, voters


def main(
    predictions: cli.File, folds: cli.File, votes: cli.File, metrics: cli.File
) -> None:
    """Reads the <predictions> of `run.folds`; writes <votes>/<member>/, the scores to <metrics>."""
    run = params.load(RunParams, "run")
    seed = params.value("seed", int)
    how = params.load(VoteParams, "vote")
    ensemble = params.load(EnsembleParams, "ensemble")
    refuse_mixed(predictions, run.members, run.folds)
    table = read_folds(folds)
    truth = table.set_index("id")
    found: dict[str, dict[str, float]] = {}
    with atomic_write(votes) as draft:
        for member in progress(voters(run, ensemble), "vote"):
            oof = out_of_fold(predictions, member, table, run.folds)
            oof.save(draft / member / "oof.npz")
            rows = truth.loc[oof.ids]
            labels = rows["label"].to_numpy()
            groups = units(rows)
            degrees = fit_temperature(labels, oof.probs) if how.calibrated else 1.0
            for vote, test in fold_votes(
                predictions, member, run.folds, degrees
            ).items():
                test.save(draft / member / f"test_{vote}.npz")
            found[member] = report(labels, oof.probs, groups, seed=seed)
            found[member] |= calibration_scores(labels, oof.probs, degrees)
            if member in run.probes:
                plain = out_of_fold(predictions, member, table, run.folds, part="plain")
                found[member] |= plain_claim(oof, plain, table, seed=seed)
            for name, part in flipped(predictions, member, table, run.folds).items():
                right = (
                    part.probs.argmax(axis=1) == truth.loc[part.ids, "label"].to_numpy()
                )
                found[member][f"{name}_accuracy"] = round(float(right.mean()), 5)
    write_json(metrics, found)
    for member, score in found.items():
        ends = f"{score['accuracy_low']:.3f} to {score['accuracy_high']:.3f}"
        cli.say(f"vote: {member} OOF accuracy {score['accuracy']:.3f} ({ends})")


if __name__ == "__main__":
    cli.run(main)
