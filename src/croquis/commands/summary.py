"""`croquis summary`: the scores of the last run, in the terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from croquis.core import cli
from croquis.commands.scores import read_scores
from croquis.commands.table import aligned
from croquis.core.errors import InputError
from croquis.core.text import counted, share, side_of_interval
from croquis.scoring import outdated_scores
from croquis.scoring.metric_names import (
    WORDS,
    headline,
    metric_name,
    numbers_on_test,
)

Scores = Mapping[str, Any]


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
        # What is committed came without its outputs.
        if not no_test and not submission.is_file():
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
        reason = outdated_scores.state_of_folder().outdated(path.as_posix())
        typer.echo(f"{what:<10}  {path if not reason else f'not run: {reason}'}")


def _scores(path: Path) -> tuple[Scores, str]:
    """The scores of a stage; none, and why, where it has not run as params.yaml has it now."""
    reason = outdated_scores.state_of_folder().outdated(path.as_posix())
    return ({} if reason else read_scores(path)), reason


def summary_lines(vote: Scores, ensemble: Scores, test: Scores) -> list[str]:
    """A line a member, the ensemble, the test set where it is known, and what it rests on.

    Args:
        vote: the scores of each member.
        ensemble: of their vote; empty if it has not run.
        test: of the submission; empty if it has not run.
    """
    rows = _rows(vote, ensemble, test)
    table = aligned(rows)
    if not ensemble:
        return [*table, "", "in brackets: the 95 % interval", ""]
    if numbers := numbers_on_test(test):
        width = max(len(row[0]) for row in rows)
        table.append(f"{'test':<{width}}   {_on_test(numbers, ensemble)}")
    images = counted(ensemble["images"], "image")
    folds = counted(ensemble["folds"], "fold")
    table += ["", f"in brackets: the 95 % interval on {images} of {folds}"]
    claims = [score for score in vote.values() if _claims(score)]
    if claims and not any(score.get("plain_significant", True) for score in claims):
        table.append("what plain folds claim beyond OOF is no more than chance")
    return [*table, ""]


def _rows(vote: Scores, ensemble: Scores, test: Scores) -> list[tuple[str, ...]]:
    """A head, a row a member, and one of the ensemble if it has run."""
    name = metric_name(next(iter(vote.values()), {}))
    numbers = numbers_on_test(test)
    by_member = numbers.get("test_single_fold_by_member", {})
    single_folds = dict(by_member)
    if by_member and "test_single_fold" in numbers:
        single_folds["ensemble"] = numbers["test_single_fold"]
    claims = any(_claims(score) for score in vote.values())
    rows: list[tuple[str, ...]] = [
        (
            "member",
            f"OOF {WORDS[name]}",
            "test, single folds" if by_member else "",
            "plain folds would claim" if claims else "",
        )
    ]
    scores = sorted(vote.items())
    if ensemble:
        scores.append(("ensemble", ensemble))
    for member, score in scores:
        number = headline(score)
        value = f"{share(number.value)}  ({number.ends})"
        on_test = _share(single_folds.get(member))
        claim = _share(score.get("plain_accuracy")) if claims else ""
        rows.append((member, value, on_test, claim))
    return rows


def _claims(score: Scores) -> bool:
    """Whether plain folds claim something: an accuracy, which stands beside no other metric."""
    return "plain_accuracy" in score and metric_name(score) == "accuracy"


def _share(number: float | None) -> str:
    return "" if number is None else share(number)


def _on_test(test: Scores, ensemble: Scores) -> str:
    """OOF estimates what single folds do; the submission is the vote of all of them."""
    full = share(test["test"])
    folds = counted(ensemble["folds"], "fold")
    score = f"{full} by {folds}"
    if ensemble["folds"] > 1:
        single = share(test["test_single_fold"])
        score = f"{full} by the vote of {folds}; {single} by single folds"
    return f"{score}: {side_of_interval(dict(test))}"
