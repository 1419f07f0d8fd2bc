"""The command `croquis`, for people rather than for stages."""

from pathlib import Path
from typing import Annotated, Any

import typer

from croquis.core import cli
from croquis.commands.clean import clean
from croquis.commands.compare import compare
from croquis.commands.demo import demo
from croquis.commands.deps import deps
from croquis.commands.doctor import doctor
from croquis.commands.experiments import experiments
from croquis.commands.export import export, serve
from croquis.commands.mlflow_pages import mlflow
from croquis.commands.scores import read_scores
from croquis.commands.sources import sources
from croquis.commands.table import aligned
from croquis.commands.undo import undo
from croquis.commands.vote import vote
from croquis.commands.why import why
from croquis.core.errors import InputError
from croquis.core.text import counted, ends, share, side_of_interval
from croquis.scoring import lockfile

app = cli.Commands(
    add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True
)


@app.callback()
def croquis() -> None:
    """From a folder of sketches to a submission you can trust. `make help` lists what runs it."""


app.command()(compare)
app.command()(vote)
app.command()(why)
app.command()(deps)
app.command()(sources)
app.command()(doctor)
app.command()(clean)
app.command()(experiments)
app.command()(undo)
app.command()(mlflow)
app.command()(demo)
app.command()(export)
app.command()(serve)


@app.command()
def summary(
    metrics: Annotated[Path, typer.Option(help="folder of the run's JSON")] = Path(
        "metrics"
    ),
    submission: Annotated[Path, typer.Option(help="to name")] = Path(
        "data/submission.csv"
    ),
    report: Annotated[Path, typer.Option(help="to name")] = Path(
        "data/report/index.html"
    ),
) -> None:
    """Prints the scores of the last run: members, ensemble and, where it is known, the test set."""
    with cli.one_line():
        by_member = read_scores(metrics / "vote.json")
        ensemble, no_ensemble = _scores(metrics / "ensemble.json")
        test, no_test = _scores(metrics / "submission.json")
        if (
            not no_test and not submission.is_file()
        ):  # what is committed came without its outputs
            fix = "say `make repro`"
            raise InputError(
                str(submission), expected="a run here", received="none", fix=fix
            )
    for line in summary_lines(by_member, ensemble, test):
        typer.echo(line)
    for what, reason in (("ensemble", no_ensemble), ("test", no_test)):
        if reason:
            typer.echo(f"{what} not run: {reason}")
    for what, path in (("submission", submission), ("report", report)):
        reason = lockfile.state_of_folder().outdated(path.as_posix())
        typer.echo(f"{what:<10}  {path if not reason else f'not run: {reason}'}")


def _scores(path: Path) -> tuple[dict[str, Any], str]:
    """The scores of a stage; none, and why, where it has not run as params.yaml has it now."""
    reason = lockfile.state_of_folder().outdated(path.as_posix())
    return ({} if reason else read_scores(path)), reason


def summary_lines(
    vote: dict[str, Any], ensemble: dict[str, Any], test: dict[str, Any]
) -> list[str]:
    """A line a member, the ensemble, the test set where it is known, and what it rests on.

    Args:
        vote: the scores of each member.
        ensemble: of their vote; empty if it has not run.
        test: of the submission; empty if it has not run.
    """
    claims = [score for score in vote.values() if "plain_accuracy" in score]
    by_member = test.get("test_single_fold_by_member", {})
    rows = [
        (
            "member",
            "OOF accuracy",
            "test, single folds" if by_member else "",
            "plain folds would claim" if claims else "",
        )
    ]
    for name, score in [
        *sorted(vote.items()),
        *([("ensemble", ensemble)] if ensemble else []),
    ]:
        single = (
            test.get("test_single_fold") if name == "ensemble" else by_member.get(name)
        )
        plain = share(score["plain_accuracy"]) if "plain_accuracy" in score else ""
        known = share(single) if by_member and single is not None else ""
        rows.append(
            (name, f"{share(score['accuracy'])}  ({ends(score)})", known, plain)
        )
    table = aligned(rows)
    if not ensemble:
        return [*table, "", "in brackets: the 95 % interval", ""]
    if "test_accuracy" in test:
        table.append(
            f"{'test':<{max(len(row[0]) for row in rows)}}   {_on_test(test, ensemble)}"
        )
    images = counted(ensemble["images"], "image")
    folds = counted(ensemble["folds"], "fold")
    table += ["", f"in brackets: the 95 % interval on {images} of {folds}"]
    if claims and not any(score.get("plain_significant", True) for score in claims):
        table.append("what plain folds claim beyond OOF is no more than chance")
    return [*table, ""]


def _on_test(test: dict[str, Any], ensemble: dict[str, Any]) -> str:
    """OOF estimates what single folds do; the submission is the vote of all of them."""
    full = share(test["test_accuracy"])
    single = share(test["test_single_fold"])
    folds = counted(ensemble["folds"], "fold")
    said = f"{full} by the vote of {folds}; {single} by single folds"
    return f"{said if ensemble['folds'] > 1 else f'{full} by {folds}'}: {side_of_interval(test)}"
