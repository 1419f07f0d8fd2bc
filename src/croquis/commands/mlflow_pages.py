"""`croquis mlflow`: MLflow's pages of all trainings, and which of them to open."""

import os
import sqlite3
import sys
import warnings
from contextlib import closing
from typing import Annotated
from urllib.parse import quote

import typer

from croquis.core import cli
from croquis.core.addresses import hide_secrets
from croquis.tracking import store
from croquis.tracking.running import killed_runs, marks_folder
from croquis.tracking.store_file import State, examine, sqlite_file

NEWEST = """
    SELECT experiment_id FROM runs WHERE lifecycle_stage = 'active'
    ORDER BY start_time DESC LIMIT 1
"""


def mlflow(
    port: Annotated[int, typer.Option(help="on this machine alone")] = 5000,
) -> None:
    """Starts MLflow's pages of all trainings on http://127.0.0.1:<port>; Ctrl-C ends them."""
    uri = store.uri()
    if uri.startswith("http"):
        typer.echo(
            f"trainings are tracked by your server: open {hide_secrets(uri)}"
        )
        return
    with cli.one_line():
        _make_ready()
    typer.echo(
        f"open http://127.0.0.1:{port}/#/{tracking_page(newest(uri))}; Ctrl-C ends it"
    )
    # Without the eight processes that would wait for jobs of language models.
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    # A warning of MLflow's own.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:starlette.middleware.wsgi")
    command = [sys.executable, *"-m mlflow ui --host 127.0.0.1 --workers 1".split()]
    command += ["--port", str(port), "--backend-store-uri", uri]
    # Its signals and its exit status are the server's own.
    os.execvp(command[0], command)


def _make_ready() -> None:
    """The local store is whole: MLflow's server would make a new one in place, where a kill hurts.

    Raises:
        InputError: if a person has to do something about the store.
    """
    file = sqlite_file(store.uri())
    if file is None:
        return
    is_whole = examine(file).state is State.WHOLE
    if is_whole and not killed_runs(marks_folder(file)):
        return  # without MLflow, which takes seconds to import
    try:
        with warnings.catch_warnings(record=True) as caught, store.writable_store():
            warnings.simplefilter("always", UserWarning)
    except Exception as error:  # MLflow raises a dozen kinds
        raise store.unreachable(error) from error
    for warning in caught:
        if warning.category is UserWarning:
            typer.echo(str(warning.message))


def tracking_page(experiment: int | None) -> str:
    """The table of runs of an experiment; without one the list of experiments.

    A click in that list leads to pages for language models, whatever the experiment's kind.
    """
    inner = (
        "experiments" if experiment is None else f"experiments/{experiment}/runs"
    )
    return f"{inner}?workflowType=machine_learning"


def newest(uri: str) -> int | None:
    """The experiment of the newest run in a local store; None where there is none to be read.

    Asked of the file itself: MLflow takes seconds to import, which its server takes once more.
    """
    path = uri.removeprefix("sqlite:///")
    try:
        with closing(
            sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)
        ) as opened:
            row = opened.execute(NEWEST).fetchone()
    except sqlite3.Error:  # no file, no store of MLflow's, another kind of database
        return None
    return row[0] if row else None
