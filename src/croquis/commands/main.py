"""The command `croquis`, for people rather than for stages."""

from typing import Annotated

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
from croquis.commands.schema import schema
from croquis.commands.side_by_side.fanout import fanout
from croquis.commands.side_by_side.work import work
from croquis.commands.sources import sources
from croquis.commands.summary import summary
from croquis.commands.undo import undo
from croquis.commands.version import print_version
from croquis.commands.vote import vote
from croquis.commands.why import why
from croquis.set_params.use import use
from croquis.verify.command import verify

app = cli.Commands(pretty_exceptions_enable=False, no_args_is_help=True)


@app.callback()
def croquis(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and the commit, and end.",
            callback=print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """From a folder of sketches to a submission you can trust. `make help` lists what runs it."""


for command in (
    summary,
    compare,
    vote,
    why,
    deps,
    schema,
    sources,
    use,
    doctor,
    clean,
    experiments,
    undo,
    verify,
    fanout,
    work,
    mlflow,
    demo,
    export,
    serve,
):
    app.command()(command)

if __name__ == "__main__":  # as a supervisor is begun: by the Python that began it
    app()
