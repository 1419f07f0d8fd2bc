"""`croquis deps`: whether dvc.yaml lists the code that stages import."""

import typer

from croquis.core import cli
from croquis.check import imports
from croquis.core.errors import InputError


def deps() -> None:
    """Compares the deps of dvc.yaml with what stages import; says the lines that differ."""
    with cli.one_line():
        faults = imports.unlisted() + imports.needless()
        for fault in faults:
            typer.echo(str(fault))
        if faults:
            received = f"{len(faults)} lines that differ"
            expected = "the code that stages import"
            fix = "see above"
            raise InputError(
                "dvc.yaml", expected=expected, received=received, fix=fix
            )
    typer.echo("dvc.yaml lists the code that stages import")
