"""`croquis export` and `croquis serve`: the ensemble as a model of MLflow, and its server."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from croquis.core import cli
from croquis.commands.scores import read_scores
from croquis.core.errors import InputError

if TYPE_CHECKING:  # brings MLflow
    from croquis.serving.registering import Registered


def export(
    parameters: Annotated[Path, typer.Option(help="as the run had it")] = Path(
        "params.yaml"
    ),
    images: Annotated[Path, typer.Option(help="of prepare")] = Path("data/images"),
    ensemble: Annotated[Path, typer.Option(help="of ensemble")] = Path(
        "data/ensemble"
    ),
    checkpoints: Annotated[Path, typer.Option(help="of train")] = Path(
        "data/checkpoints"
    ),
    metrics: Annotated[Path, typer.Option(help="scores")] = Path(
        "metrics/ensemble.json"
    ),
) -> None:
    """Registers the ensemble of the last run in MLflow: images in, class probabilities out."""
    _quiet_mlflow()
    with cli.one_line():
        model = _register(parameters, images, ensemble, checkpoints, metrics)
    typer.echo(
        f"export: {model.name}, version {model.version}, also called {model.alias}: {model.uri}"
    )
    typer.echo(
        f"export: `make serve MODEL={model.uri}` answers on http://127.0.0.1:5001/invocations"
    )


def _register(
    parameters: Path, images: Path, ensemble: Path, checkpoints: Path, metrics: Path
) -> "Registered":
    # Networks and MLflow take seconds to import.
    from croquis.core import params
    from croquis.core.addresses import hide_secrets
    from croquis.images.pixels import Pixels
    from croquis.serving.agreement import load_run
    from croquis.serving.description import describe_model
    from croquis.serving.registering import register

    score = read_scores(metrics)
    if (ensemble / "recipe.json").is_file():  # else an error says what is missing
        typer.echo(
            "export: trying the last run's networks on test images, then copying them"
        )
    trained, _ = load_run(
        parameters=parameters,
        images=images,
        ensemble=ensemble,
        checkpoints=checkpoints,
    )
    source = params.read(parameters)["data"]["source"]
    return register(
        trained,
        source=source,
        description=describe_model(trained, hide_secrets(source), score),
        score=score,
        example=Pixels.open(images / "index.csv", images / "pixels.npy").array[0],
    )


def serve(
    model: Annotated[
        str, typer.Option(help="its URI; default: the newest of this data")
    ] = "",
    port: Annotated[int, typer.Option(help="on this machine alone")] = 5001,
    parameters: Annotated[Path, typer.Option(help="names the data")] = Path(
        "params.yaml"
    ),
    allow_host: Annotated[
        list[str], typer.Option(help="a proxy's host, whose pages may ask, too")
    ] = [],  # noqa: B006  # Typer copies it
) -> None:
    """Starts MLflow's server of an exported model on http://127.0.0.1:<port>/invocations."""
    _quiet_mlflow()
    from croquis.core import params
    from croquis.tracking import store

    with cli.one_line():
        model = model or _newest(params.read(parameters)["data"]["source"])
    address = f"http://127.0.0.1:{port}/invocations"
    typer.echo(f"serve: {model} on {address}; docs/serving.md shows how to ask it")
    os.environ["MLFLOW_TRACKING_URI"] = store.uri()
    command = [sys.executable, "-m", "croquis.serving.model_server"]
    command += [model, str(port), *allow_host]
    # Its signals and its exit status are the server's own.
    os.execvp(command[0], command)


def _newest(source: str) -> str:
    """The URI of the newest model of a data source; its number, as a server never tells it.

    Raises:
        InputError: if the store cannot be reached, or has no such model.
    """
    from croquis.tracking import store
    from croquis.tracking.experiment_names import competition

    name = store.model_name(competition(source))
    versions = []
    try:
        if store.has_runs():
            name = store.model_name(
                store.experiment_of(store.open_store(), source)[0]
            )
            versions = store.open_store().search_model_versions(f"name = '{name}'")
    except Exception as error:  # MLflow and its transports raise a dozen kinds
        raise store.unreachable(error) from error
    if not versions:
        where = f"models:/{name}"
        fix = "run `make export`"
        raise InputError(
            where, expected="an exported model", received="none", fix=fix
        )
    return f"models:/{name}/{max(int(version.version) for version in versions)}"


def _quiet_mlflow() -> None:
    """No bars and no hints; to be called before MLflow is imported."""
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # It warns that uv's environment has no pip.
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
