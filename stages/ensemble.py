"""ensemble: the vote over members, on OOF, on the test set, and fold by fold."""

from croquis import cli, params, predictions
from croquis.ensembling import EnsembleParams, VoteParams, ballot, member_keys, weights_of
from croquis.files import whole, write_json
from croquis.members import RunParams, on_test, voted
from croquis.metrics import report, scores
from croquis.parts import read_folds
from croquis.voting import VOTES, tied


def main(
    votes: cli.File, by_fold: cli.File, folds: cli.File, ensemble: cli.File, metrics: cli.File
) -> None:
    """Reads <votes> and the <by-fold> predictions; writes <ensemble>/, its scores to <metrics>."""
    run, how = params.load(RunParams, "run"), params.load(EnsembleParams, "ensemble")
    fold_vote, seed = params.load(VoteParams, "vote").folds, params.value("seed", int)
    keys = member_keys(run, how)
    weights = weights_of(keys, how)
    oofs = [ballot(predictions.load(votes / key / "oof.npz"), fold_vote) for key in keys]
    tests = [predictions.load(votes / key / f"test_{fold_vote}.npz") for key in keys]
    truth = read_folds(folds).set_index("id").loc[oofs[0].ids]
    labels, groups = truth["label"].to_numpy(), truth["group"].to_numpy()
    outcomes = {
        vote: voted(oofs, vote, weights) for vote in VOTES
    }  # side by side; `how.vote` is the one that counts
    chosen = outcomes[how.vote]
    with whole(ensemble) as draft:
        chosen.save(draft / "oof.npz")
        voted(tests, how.vote, weights).save(draft / "test.npz")
        for fold in run.folds:
            parts = [ballot(on_test(by_fold / key, fold), fold_vote) for key in keys]
            voted(parts, how.vote, weights).save(draft / f"test_fold{fold}.npz")
    found = report(labels, chosen.probs, groups, seed=seed) | {
        "folds": len(run.folds),
        "members": len(keys),
        "pictures": len(chosen),
        "ties": tied(chosen.probs),
        "accuracy_by_vote": {
            v: round(scores(labels, o.probs)["accuracy"], 5) for v, o in outcomes.items()
        },
    }
    write_json(metrics, found)
    ends = f"{found['accuracy_low']:.3f} to {found['accuracy_high']:.3f}"
    cli.say(f"ensemble: {how.vote} vote of {', '.join(keys)} over {len(run.folds)} folds")
    cli.say(
        f"ensemble: OOF accuracy {found['accuracy']:.3f} ({ends}), log-loss {found['log_loss']:.3f}"
    )


if __name__ == "__main__":
    cli.run(main)
