"""`croquis work`: one stage of a parcel, on any machine."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from croquis.core import cli
from croquis.core.errors import InputError


def work(
    stage: Annotated[
        str, typer.Argument(help="As DVC names it: train@lite0_80-0.")
    ] = "",
    parcel: Annotated[
        Path, typer.Option(help="The file that `croquis fanout --pack` made.")
    ] = Path("run.parcel"),
    home: Annotated[
        Path, typer.Option(help="Where checkouts of parcels are kept.")
    ] = Path(".fanout/checkouts"),
    cache: Annotated[
        Path | None,
        typer.Option(help="DVC's cache, on this disk; else this project's."),
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(
            help="The project, for states to go on from; else this folder."
        ),
    ] = None,
    remote: Annotated[
        str | None,
        typer.Option(
            help="DVC's remote, for inputs and results without a shared disk."
        ),
    ] = None,
    nth: Annotated[
        int | None,
        typer.Option(help="In place of STAGE: a line of PARCEL's .stages, from 0."),
    ] = None,
    parent: Annotated[
        int | None,
        typer.Option(help="The process whose end is this one's, by its number."),
    ] = None,
    status: Annotated[
        Path | None,
        typer.Option(
            help="A file that says where the stage is, as a line of JSON."
        ),
    ] = None,
) -> None:
    """Runs one stage of a parcel; its results go to DVC's cache, or to the remote."""
    with cli.one_line():
        from croquis.fanout.work import (
            WorkOrder,
            run_order,
            stage_of_line,
            usual_places,
        )

        if bool(stage) == (nth is not None):
            raise InputError(
                "croquis work",
                expected="a stage, or --nth",
                received="both" if stage else "neither",
                fix="`croquis work train@<model>-<fold> --parcel FILE`",
            )
        if nth is not None:
            stage = stage_of_line(parcel, nth)
        cache, root = usual_places({"cache": cache, "root": root, "remote": remote})
        order = WorkOrder(stage, parcel, home, cache, root, remote, parent, status)
        sys.exit(run_order(order))
