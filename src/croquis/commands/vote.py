"""`croquis vote`: one submission from the prediction files of several people or tools."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from croquis.core import cli
from croquis.core.errors import InputError
from croquis.core.text import counted, share

if TYPE_CHECKING:  # these take a second to import, the help should not
    from croquis.foreign.foreign import Foreign


def vote(
    files: Annotated[
        list[Path], typer.Argument(help="csv, npz or npy; docs/commands.md")
    ],
    method: Annotated[
        Literal["hard", "soft"], typer.Option(help="labels, or probabilities")
    ],
    out: Annotated[Path, typer.Option(help="the submission to write")],
    weights: Annotated[
        str, typer.Option(help="one a file, as 2,1,1; each once if left out")
    ] = "",
    sample: Annotated[
        Path | None, typer.Option(help="whose rows and columns to fill in")
    ] = None,
    ids: Annotated[
        Path | None, typer.Option(help="csv in whose order rows of npy are")
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(help="names of classes: train.csv, or as cup,star,tree"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="replace an --out that exists")
    ] = False,
) -> None:
    """Votes over prediction files, joined by image. Ties go to the lowest class."""
    with cli.one_line():
        inputs = [*files, *(path for path in (sample, ids) if path is not None)]
        _refuse_to_replace(out, inputs, force=force)
        shares = _weights(weights, files)
        lines = _submit(
            files, method, shares, out=out, sample=sample, ids=ids, classes=classes
        )
        for line in lines:
            typer.echo(line)


def _refuse_to_replace(out: Path, inputs: list[Path], *, force: bool) -> None:
    """Raises InputError where `out` is one of the inputs or, without `force`, is there at all."""
    if out.resolve() in [path.resolve() for path in inputs]:
        received = "one of the files that are read"
        fix = "give it another name"
        raise InputError("--out", expected="a new file", received=received, fix=fix)
    if out.is_dir() or (os.path.lexists(out) and not force):
        received = "a folder" if out.is_dir() else "one that exists"
        fix = "name another one with --out" + (
            "" if out.is_dir() else ", or add --force"
        )
        raise InputError(out, expected="a new file", received=received, fix=fix)


def _submit(
    files: list[Path],
    method: str,
    weights: list[float] | None,
    *,
    out: Path,
    sample: Path | None,
    ids: Path | None,
    classes: str | None,
) -> list[str]:
    """Writes the submission; what to say about it."""
    from croquis.core.files import atomic_write  # these take a second to import
    from croquis.foreign.foreign_votes import check_numbers, outcome
    from croquis.foreign.vote_inputs import read_inputs
    from croquis.foreign.vote_output import fill_vote, wants_shares

    inputs = read_inputs(files, sample=sample, ids=ids, classes=classes)
    voters = inputs.voters
    check_numbers(voters, inputs.class_count)
    votes = outcome(
        voters,
        method,
        weights,
        classes=inputs.class_count,
        with_shares=wants_shares(inputs),
    )
    table = fill_vote(inputs, votes)
    with atomic_write(out) as draft:
        table.to_csv(draft, index=False)
    voted = f"{counted(len(files), 'file')} on {counted(len(table), 'image')}"
    ties = f"{counted(votes.ties, 'tie')} went to the lowest class"
    return [
        *(inputs.sample.notes if inputs.sample else []),
        *(
            line
            for voter, agreement in zip(voters, votes.agreement, strict=True)
            for line in (*voter.notes, _about(voter, agreement))
        ),
        f"{method} vote of {voted}; {ties}",
        f"submission  {out}",
    ]


def _about(voter: "Foreign", agreement: float) -> str:
    kind = "labels"
    if not voter.is_hard:
        kind = f"probabilities of {voter.values.shape[1]:,} classes"
    left_out = f"; left out: {', '.join(voter.left_out)}" if voter.left_out else ""
    return f"{voter.source}: {kind}, {share(agreement)} as the vote{left_out}"


def _weights(text: str, files: list[Path]) -> list[float] | None:
    """One weight a file, or None where none are given."""
    if not text:
        return None
    lost = [path for path in files if not path.exists() and _is_number(str(path))]
    if lost:
        received = f"a blank before {lost[0]}"
        fix = f"say --weights {','.join([text, *map(str, lost)])}"
        raise InputError("--weights", expected="commas", received=received, fix=fix)
    parts = text.replace(",", " ").split()
    numbers = [float(part) for part in parts if _is_number(part)]
    one_a_file = len(numbers) == len(parts) == len(files)
    if not one_a_file or not 0 < sum(numbers) < float("inf"):
        expected = f"{len(files)} numbers >= 0, one a file, one of them above 0"
        fix = f"say --weights {','.join(['1'] * len(files))}, or leave it out"
        raise InputError("--weights", expected=expected, received=text, fix=fix)
    return numbers


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()
