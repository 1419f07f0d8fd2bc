"""`croquis compare`: are two experiments any different, image by image."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from croquis.core import cli
from croquis.commands.table import aligned
from croquis.core.text import counted, gain, odds, share

OTHERWISE = "Their folds hold other groups or domains apart, which may be part of the difference."

Name = Annotated[
    str, typer.Argument(help="workspace, folder, .npz, experiment, branch or commit")
]


def compare(
    a: Name,
    b: Name,
    member: Annotated[
        str, typer.Option(help="compare this member, not the ensemble")
    ] = "",
    seed: Annotated[int, typer.Option(help="of the bootstrap")] = 42,
    ensemble: Annotated[Path, typer.Option(help="where an ensemble is")] = Path(
        "data/ensemble"
    ),
    votes: Annotated[Path, typer.Option(help="where members are")] = Path("data/votes"),
    folds: Annotated[Path, typer.Option(help="where labels and groups are")] = Path(
        "data/folds.csv"
    ),
) -> None:
    """Compares the out-of-fold predictions of two experiments on the images that both scored."""
    oof = (votes / member if member else ensemble) / "oof.npz"
    with cli.one_line():
        for line in _said(a, b, oof=oof, folds=folds, seed=seed):
            typer.echo(line)


def _said(a: str, b: str, *, oof: Path, folds: Path, seed: int) -> list[str]:
    from croquis.scoring.comparing import (
        compare_predictions,
    )  # pandas and scipy, which the help does not need

    first, second = (_scored(name, oof, folds) for name in (a, b))
    return compare_lines(compare_predictions(first, second, seed=seed), a, b)


def _scored(name: str, oof: Path, folds: Path) -> Any:
    """An experiment's OOF, judged; of an .npz or a folder with one by the workspace's folds.csv."""
    from croquis.scoring import lockfile
    from croquis.scoring.comparing import score_predictions
    from croquis.scoring.experiments import HERE, fetch_files
    from croquis.tables import predictions
    from croquis.tables.fold_tables import read_folds

    path = Path(name) / oof.name if (Path(name) / oof.name).is_file() else Path(name)
    with tempfile.TemporaryDirectory() as into:
        if path.suffix == ".npz":
            lockfile.require(path)
            (table,) = fetch_files(HERE, [folds], Path(into))
        else:
            path, table = fetch_files(name, [oof, folds], Path(into))
        return score_predictions(
            name, predictions.load_predictions(path), read_folds(table)
        )


def compare_lines(found: Any, a: str, b: str) -> list[str]:
    """What there is to say about a `Comparison` of `a` and `b`."""
    rows = [("", "experiment", "OOF accuracy", "right alone")]
    for letter, name, score, only in zip(
        "AB", (a, b), found.accuracies, found.only, strict=True
    ):
        accuracy, low, high = score
        ends = f"{share(accuracy)}  ({share(low)} .. {share(high)})"
        rows.append((letter, name, ends, f"{only:,}"))
    difference, low, high = found.difference
    left_out = " and ".join(
        f"{count:,} that only {letter} has"
        for letter, count in zip("AB", found.left_out, strict=True)
    )
    images = (
        f"{counted(found.images, 'image')} scored by both, {found.both:,} right in both"
    )
    ends = f"({gain(low)} .. {gain(high)})"
    return [
        *aligned(rows),
        "",
        f"{images}; left out: {left_out}",
        f"B - A   {gain(difference)}  {ends}, exact McNemar p {odds(found.p)}",
        "",
        _verdict(found),
        *([] if found.same_question else [OTHERWISE]),
    ]


def _verdict(found: Any) -> str:
    from croquis.scoring.paired import FEWEST

    difference, _, _ = found.difference
    differing = sum(found.only)
    if found.significant:
        better, worse = "BA" if difference > 0 else "AB"
        by = share(abs(difference))
        return f"{better} is better than {worse} by {by}: more than chance gives."
    if not differing:
        return "They cannot be told apart: they are right and wrong on the same images."
    if found.groups < FEWEST:
        groups = f"{counted(found.images, 'image')} in {counted(found.groups, 'group')}"
        few = f"{groups} are too few; fewer than {FEWEST} groups say nothing"
        return f"They cannot be told apart: {few}."
    size = f"{counted(found.images, 'image')}, of which they differ on {differing:,}"
    if found.smallest is None:
        return f"They cannot be told apart: with {size}, no difference could be called."
    least = f"the smallest difference that could be called is {share(found.smallest)}"
    return f"They cannot be told apart: with {size}, {least}."
