"""The command line of a stage: its main function's signature, and one line where input was bad."""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from croquis import made
from croquis.checkouts import refuse_others
from croquis.errors import InputError
from croquis.inputs import held

# No telemetry. The hub's client, MLflow and gradio read this when they are imported, after this.
QUIET = {"DO_NOT_TRACK": "true", "GRADIO_ANALYTICS_ENABLED": "False"}
for _name, _value in QUIET.items():
    os.environ.setdefault(_name, _value)

File = Annotated[Path, typer.Option()]
Name = Annotated[str, typer.Option()]
Number = Annotated[int, typer.Option()]


def run(main: Callable[..., None]) -> None:
    """Runs `main` with the options of its signature; bad input ends with one line and status 1."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(_watched(main))
    with one_line(), made.by_a_stage():
        app()


def _watched(main: Callable[..., None]) -> Callable[..., None]:
    """`main`, which ends as bad input where what it reads is edited meanwhile."""

    @functools.wraps(main)
    def watched(**options: Any) -> None:
        with held(Path(sys.argv[0]), options):
            main(**options)

    return watched


@contextmanager
def one_line() -> Iterator[None]:
    """Bad input, or a disk that fails, ends the program with one line and status 1."""
    try:
        refuse_others()
        yield
    except InputError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.errno is None:
            raise
        where, reason = error.filename or "disk", os.strerror(error.errno)
        sys.exit(f"error: {where}: {reason}; each file is whole or absent")


def say(text: str) -> None:
    """Prints a line of a stage's summary."""
    typer.echo(text)
