"""vote: joins each member's folds, to OOF and to a vote on the test set, and scores the members."""

from croquis import cli, params
from croquis.files import whole, write_json
from croquis.members import RunParams, on_test, out_of_fold, voted
from croquis.metrics import report
from croquis.parts import read_folds
from croquis.voting import VOTES


def main(predictions: cli.File, folds: cli.File, votes: cli.File, metrics: cli.File) -> None:
    """Reads the <predictions> of `run.folds`; writes <votes>/<member>/, the scores to <metrics>."""
    run, seed = params.load(RunParams, "run"), params.value("seed", int)
    table = read_folds(folds)
    truth = table.set_index("id")
    found: dict[str, dict[str, float]] = {}
    with whole(votes) as draft:
        for member in run.members:
            folder = predictions / member
            oof = out_of_fold(folder, table, run.folds)
            oof.save(draft / member / "oof.npz")
            by_fold = [on_test(folder, fold) for fold in run.folds]
            for vote in VOTES:
                voted(by_fold, vote).save(draft / member / f"test_{vote}.npz")
            rows = truth.loc[oof.ids]
            found[member] = report(
                rows["label"].to_numpy(), oof.probs, rows["group"].to_numpy(), seed=seed
            )
            if member in run.probes:
                plain = out_of_fold(folder, table, run.folds, part="plain")
                preds = plain.probs.argmax(axis=1)
                right = preds == truth.loc[plain.ids, "label"].to_numpy()
                found[member]["plain_accuracy"] = round(float(right.mean()), 5)
    write_json(metrics, found)
    for member, score in found.items():
        ends = f"{score['accuracy_low']:.3f} to {score['accuracy_high']:.3f}"
        cli.say(f"vote: {member} OOF accuracy {score['accuracy']:.3f} ({ends})")


if __name__ == "__main__":
    cli.run(main)
