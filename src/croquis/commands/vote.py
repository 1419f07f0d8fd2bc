"""`croquis vote`: one submission from the prediction files of several people or tools."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from croquis.core import cli
from croquis.core.errors import InputError
from croquis.core.text import counted, share


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
    force: Annotated[
        bool, typer.Option("--force", help="replace an --out that exists")
    ] = False,
) -> None:
    """Votes over prediction files, joined by image. Ties go to the lowest class."""
    with cli.one_line():
        inputs = [*files, *(path for path in (sample, ids) if path is not None)]
        _refuse_to_replace(out, inputs, force=force)
        shares = _weights(weights, files)
        for line in _submitted(files, method, shares, out=out, sample=sample, ids=ids):
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


def _submitted(
    files: list[Path],
    method: str,
    weights: list[float] | None,
    *,
    out: Path,
    sample: Path | None,
    ids: Path | None,
) -> list[str]:
    """Writes the submission; what to say about it."""
    import pandas as pd  # these take a second to import, the help should not

    from croquis.core.files import atomic_write
    from croquis.dataset.csv_tables import read_table
    from croquis.foreign.foreign import images_of, read_foreign
    from croquis.foreign.foreign_votes import outcome
    from croquis.prepare.template import blank_sample

    notes = []
    template = None
    order = None
    if sample is not None:
        template, notes = read_table(
            sample, ["image_path", "target"]
        )  # text: an ID of 007 stays
        order = images_of(sample, template)
    rows = order if ids is None else images_of(ids, read_table(ids, ["image_path"])[0])
    voters = [read_foreign(path, rows) for path in files]
    owner = sample or voters[0].source
    order = voters[0].ids if order is None else order
    voters = [voter.aligned(order, owner) for voter in voters]
    found = outcome(voters, method, weights)
    if template is None:
        template = blank_sample(pd.DataFrame({"image_path": order}))
    with atomic_write(out) as draft:
        template.assign(target=found.labels).to_csv(draft, index=False)
    said = [
        *notes,
        *(_about(*pair) for pair in zip(voters, found.agreement, strict=True)),
    ]
    ties = f"{counted(found.ties, 'tie')} went to the lowest class"
    how = f"{method} vote of {counted(len(files), 'file')} on {counted(len(order), 'image')}"
    return [*said, f"{how}; {ties}", f"submission  {out}"]


def _about(voter: Any, agreement: float) -> str:
    kind = (
        "labels"
        if voter.is_hard
        else f"probabilities of {voter.values.shape[1]:,} classes"
    )
    left_out = f"; left out: {', '.join(voter.left_out)}" if voter.left_out else ""
    return f"{voter.source}: {kind}, {share(agreement)} as the vote{left_out}"


def _weights(text: str, files: list[Path]) -> list[float] | None:
    """One weight a file, or None where none are given."""
    lost = [path for path in files if not path.exists() and _is_number(str(path))]
    if text and lost:
        fix = f"say --weights {','.join([text, *map(str, lost)])}"
        raise InputError(
            "--weights",
            expected="commas",
            received=f"a blank before {lost[0]}",
            fix=fix,
        )
    if not text:
        return None
    parts = text.replace(",", " ").split()
    found = [float(part) for part in parts if _is_number(part)]
    if (
        len(found) < len(parts)
        or len(found) != len(files)
        or not 0 < sum(found) < float("inf")
    ):
        expected = f"{len(files)} numbers >= 0, one a file, one of them above 0"
        fix = f"say --weights {','.join(['1'] * len(files))}, or leave it out"
        raise InputError("--weights", expected=expected, received=text, fix=fix)
    return found


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()
