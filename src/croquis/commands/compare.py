"""`croquis compare`: are two experiments any different, image by image."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from croquis.core import cli, params
from croquis.commands.table import aligned
from croquis.core.errors import InputError
from croquis.core.text import counted, gain, odds, share
from croquis.core.workspaces import temporary_folder
from croquis.scoring.metric_names import WORDS, rank

if TYPE_CHECKING:  # pandas and scipy, which the help does not need
    from croquis.scoring.comparing import Comparison, ScoredExperiment

UNCALIBRATED = (
    "Members are compared as they are; their temperatures are the ensemble's."
)
OTHERWISE = "Their folds hold other groups or domains apart, which may be part of the difference."

Name = Annotated[
    str,
    typer.Argument(help="workspace, folder, .npz, experiment, branch or commit"),
]


def compare(
    a: Name,
    b: Name,
    member: Annotated[
        str, typer.Option(help="compare this member, not the ensemble")
    ] = "",
    metric: Annotated[
        str, typer.Option(help="accuracy, log_loss or macro_f1; else params.yaml's")
    ] = "",
    seed: Annotated[int, typer.Option(help="of the bootstrap")] = 42,
    ensemble: Annotated[Path, typer.Option(help="where an ensemble is")] = Path(
        "data/ensemble"
    ),
    votes: Annotated[Path, typer.Option(help="where members are")] = Path(
        "data/votes"
    ),
    folds: Annotated[Path, typer.Option(help="where labels and groups are")] = Path(
        "data/folds.csv"
    ),
) -> None:
    """Compares the out-of-fold predictions of two experiments on the images that both scored."""
    oof = (votes / member if member else ensemble) / "oof.npz"
    with cli.one_line():
        name = metric_named(metric)
        for line in _compare(a, b, oof=oof, folds=folds, seed=seed, metric=name):
            typer.echo(line)
        if member and name == "log_loss":
            typer.echo(UNCALIBRATED)


def metric_named(name: str) -> str:
    """The metric that was asked for, else that of the params.yaml here, else accuracy.

    Raises:
        InputError: if there is no such metric.
    """
    where = "--metric"
    if not name and params.PARAMS.is_file():
        name = str(params.read().get("metric", ""))
        where = "metric"
    if name and name not in WORDS:
        hint = params.nearest(name, list(WORDS))
        raise InputError(where, expected="a metric", received=repr(name), fix=hint)
    return name or "accuracy"


def _compare(
    a: str, b: str, *, oof: Path, folds: Path, seed: int, metric: str
) -> list[str]:
    # pandas and scipy take seconds to import, and the help does not need them.
    from croquis.scoring.chosen_metric import METRICS
    from croquis.scoring.comparing import compare_predictions

    first, second = (_score(name, oof, folds) for name in (a, b))
    comparison = compare_predictions(
        first, second, seed=seed, metric=METRICS[metric]
    )
    return compare_lines(comparison, a, b)


def _score(name: str, oof: Path, folds: Path) -> "ScoredExperiment":
    """An experiment's OOF, judged; of an .npz or a folder with one by the workspace's folds.csv."""
    from croquis.scoring import outdated_scores
    from croquis.scoring.comparing import score_predictions
    from croquis.scoring.experiments import HERE, fetch_files
    from croquis.tables import predictions
    from croquis.tables.fold_tables import read_folds

    path = (
        Path(name) / oof.name if (Path(name) / oof.name).is_file() else Path(name)
    )
    with temporary_folder("compare") as into:
        if path.suffix == ".npz":
            outdated_scores.require(path)
            (table,) = fetch_files(HERE, [folds], into)
        else:
            path, table = fetch_files(name, [oof, folds], into)
        return score_predictions(
            name, predictions.load_predictions(path), read_folds(table)
        )


def compare_lines(comparison: "Comparison", a: str, b: str) -> list[str]:
    """What there is to say about a `Comparison` of `a` and `b`."""
    difference, low, high = comparison.difference
    left_out = " and ".join(
        f"{count:,} that only {letter} has"
        for letter, count in zip("AB", comparison.left_out, strict=True)
    )
    images = f"{counted(comparison.images, 'image')} scored by both"
    ends = f"({gain(low)} .. {gain(high)})"
    test = "exact McNemar" if comparison.metric == "accuracy" else "bootstrap"
    return [
        *aligned(_rows(comparison, a, b)),
        "",
        f"{images}, {comparison.both:,} right in both; left out: {left_out}",
        f"B - A   {gain(difference)}  {ends}, {test} p {odds(comparison.p)}",
        "",
        _verdict(comparison),
        *([] if comparison.same_question else [OTHERWISE]),
    ]


def _rows(comparison: "Comparison", a: str, b: str) -> list[tuple[str, ...]]:
    """A head, and a row for each of the two experiments."""
    rows: list[tuple[str, ...]] = [
        ("", "experiment", f"OOF {WORDS[comparison.metric]}", "right alone")
    ]
    for letter, name, (value, low, high), only in zip(
        "AB", (a, b), comparison.estimates, comparison.only, strict=True
    ):
        ends = f"{share(value)}  ({share(low)} .. {share(high)})"
        rows.append((letter, name, ends, f"{only:,}"))
    return rows


def _verdict(comparison: "Comparison") -> str:
    difference, _, _ = comparison.difference
    if comparison.significant:
        better, worse = "BA" if rank(comparison.metric, difference) < 0 else "AB"
        by = share(abs(difference))
        return f"{better} is better than {worse} by {by}: more than chance gives."
    return f"They are not significantly different: {_reason(comparison)}."


def _reason(comparison: "Comparison") -> str:
    """Why a difference is not significant."""
    from croquis.scoring.paired import FEWEST

    images = counted(comparison.images, "image")
    differing = sum(comparison.only)
    is_accuracy = comparison.metric == "accuracy"
    if not is_accuracy and not any(comparison.difference):
        return f"they have the same {WORDS[comparison.metric]} in each draw"
    if is_accuracy and not differing:
        return "they are right and wrong on the same images"
    if comparison.groups < FEWEST:
        groups = f"{images} in {counted(comparison.groups, 'group')}"
        return f"{groups} are too few; fewer than {FEWEST} groups say nothing"
    size = f"with {images}, of which they differ on {differing:,}"
    if comparison.smallest is None:
        return f"{size}, no difference could be called"
    least = share(comparison.smallest)
    return f"{size}, the smallest difference that could be called is {least}"
