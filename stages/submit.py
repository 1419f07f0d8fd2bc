"""submit: writes the submission; where a solution is there, scores it beside the OOF estimate."""

from croquis.core import cli, params
from croquis.core.files import write_json
from croquis.submit.submission import submit, submit_lines
from croquis.votes.members import RunParams


def main(
    ensemble: cli.File,
    votes: cli.File,
    by_fold: cli.File,
    sample: cli.File,
    form: cli.File,
    solution: cli.File,
    estimate: cli.File,
    submission_csv: cli.File,
    metrics: cli.File,
) -> None:
    """Fills <sample> as <form> says; writes <submission-csv>, and to <metrics> what it scores.

    The answers are those of <ensemble>. Beside their score stand those of all <votes>, and of the
    members from their predictions <by-fold>.
    """
    submission = submit(
        params.load(RunParams, "run").members,
        ensemble=ensemble,
        votes=votes,
        by_fold=by_fold,
        sample=sample,
        form=form,
        solution=solution,
        estimate=estimate,
        seed=params.value("seed", int),
    )
    submission.save(submission_csv)
    write_json(metrics, submission.metrics)
    for line in submit_lines(submission, submission_csv):
        cli.say(line)


if __name__ == "__main__":
    cli.run(main)
