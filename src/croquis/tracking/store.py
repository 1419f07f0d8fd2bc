"""Where MLflow keeps runs: the store, the experiment of a competition, the run of a pipeline."""

import hashlib
import json
import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from croquis.core.addresses import address, hide_secrets
from croquis.core.errors import InputError
from croquis.core.files import root
from croquis.tracking import run_origin
from croquis.tracking.experiment_names import competition, older
from croquis.tracking.logged_params import log_params
from croquis.tracking.making import (
    prepare_store,
    set_damaged_aside,
    store_lock,
    trouble_of_state,
)
from croquis.tracking.running import end_killed_runs, marks_folder
from croquis.tracking.store_errors import (
    Trouble,
    is_damage,
    trouble,
)
from croquis.tracking.store_file import State, examine, sqlite_file

NOTE = "mlflow.note.content"  # what MLflow shows as a description
OURS = "Each run is of a commit or of a DVC experiment; its trainings are below it."
SOURCE = "croquis.source"  # tag of an experiment
KEY = "run_key"  # tag of a pipeline's run


@dataclass(frozen=True)
class Pipeline:
    """One run of the whole: a commit or a DVC experiment, its parameters and its data.

    Attributes:
        source: data.source.
        settings: the parameters, nested as in params.yaml, without secrets.
        data: a hash of the images.
    """

    source: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: str = ""

    @property
    def key(self) -> str:
        """What tells this run from all others of its experiment; hexadecimal, for a filter.

        Where the data lies is left out: the same data may come from elsewhere.
        """
        settings = {
            name: value for name, value in self.settings.items() if name != "data"
        }
        text = json.dumps(
            [run_origin.version(), self.data, settings], sort_keys=True, default=str
        )
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def connect(pipeline: Pipeline) -> tuple[Any, str, str]:
    """A client, the id of the experiment, and the id of this pipeline's run in it; made if new."""
    with writable_store() as client:
        experiment = _open_experiment(client, pipeline.source)
        experiment_id = experiment.experiment_id
        return client, experiment_id, _run(client, experiment_id, pipeline)


def connect_by_scores(
    source: str, scores: Mapping[str, float]
) -> tuple[Any, Any, str | None]:
    """A client, the experiment, and the newest pipeline in it that has these scores, or None.

    What lies in a run's folders may be older than the commit, or that of an experiment.
    """
    with writable_store() as client:
        experiment = _open_experiment(client, source)
    runs = client.search_runs([experiment.experiment_id], "tags.kind = 'pipeline'")
    for run in runs:  # the newest first
        if scores.items() <= run.data.metrics.items():
            return client, experiment, run.info.run_id
    return client, experiment, None


def experiment_of(client: Any, source: str) -> tuple[str, Any]:
    """The name of a data source's experiment, and the experiment; None if it is to be made.

    MLFLOW_EXPERIMENT_NAME, or the source's name; with a hash behind it where another source has
    that name. What a former version made has no source yet, and is taken over.
    """
    if name := os.environ.get("MLFLOW_EXPERIMENT_NAME"):
        return name, client.get_experiment_by_name(name)
    name = competition(source)
    place = address(source)
    experiment = client.get_experiment_by_name(name)
    if experiment is not None and experiment.tags.get(SOURCE, place) == place:
        return name, experiment
    former = client.get_experiment_by_name(older(source))
    if former is not None and former.tags.get(NOTE) == OURS:
        if former.tags.get(SOURCE, place) == place:
            return former.name, former
    if experiment is not None:
        name = (
            f"{name}-{hashlib.blake2b(place.encode(), digest_size=3).hexdigest()}"
        )
        experiment = client.get_experiment_by_name(name)
    return name, experiment


def model_name(experiment: str) -> str:
    """The registered model of an experiment: no / or :, of which its URI is made, no quotes."""
    return re.sub(r"[^\w.-]+", "-", experiment).strip("-") or "croquis"


@contextmanager
def writable_store() -> Iterator[Any]:
    """A client of the store, made if it is new; no other process looks for a run meanwhile.

    Two processes that make the same new store at once break its schema migration, and two would
    make two runs of one pipeline.
    """
    # Outside of the lock: on a busy machine MLflow's import takes longer than all that needs it.
    import_module("mlflow.tracking")
    place = store_place()
    is_local = sqlite_file(uri()) is not None
    if is_local:
        with store_lock(place):
            prepare_store(place)
    try:
        client = open_store()
        client.search_experiments(max_results=1)  # MLflow looks at the tables once
        with store_lock(place):
            end_killed_runs(client, marks_folder(place))
            yield client
    except Exception as error:
        # Of a large store not every page was looked at.
        if is_local and is_damage(error):
            set_damaged_aside(place)
        raise


def open_store() -> Any:
    """A client of the store; it raises within seconds where a server does not answer.

    A local store that is not whole is left to the next training: MLflow would change it in place.

    Raises:
        StoreTrouble: if a local store is not whole.
    """
    if (file := sqlite_file(uri())) is not None:
        examined = examine(file)
        if examined.state is not State.WHOLE:
            raise trouble_of_state(examined, file)
    # MLflow's own seven retries would block for four minutes at an unreachable server.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    # What fails is said in one line of ours; these would add a traceback each.
    for name in ("mlflow.store.db.utils", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    from mlflow.tracking import MlflowClient

    return MlflowClient(uri())


def store_place() -> Path:
    """The file of a local store; of a server what would be the local one, for what lies beside."""
    return sqlite_file(uri()) or root() / "mlflow.db"


def has_runs() -> bool:
    """Whether there may be runs: a local store that is only looked at would be made by MLflow."""
    file = sqlite_file(uri())
    return file is None or file.is_file()


def uri() -> str:
    """MLFLOW_TRACKING_URI, or mlflow.db beside dvc.yaml."""
    return (
        os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root() / 'mlflow.db'}"
    )


def store_error(error: BaseException) -> str:
    """What went wrong with the store, in one line for people to read."""
    return store_trouble(error).says


def store_trouble(error: BaseException) -> Trouble:
    """What went wrong with the store, and what to do about it."""
    file = sqlite_file(uri())
    return trouble(error, hide_secrets(uri()) if file is None else str(file))


def unreachable(error: Exception) -> InputError:
    """The error of a command that can do nothing without the store."""
    said = store_trouble(error)
    return InputError(
        uri(),
        expected="a store that answers",
        received=said.says,
        fix=said.fix or "start its server, or unset MLFLOW_TRACKING_URI",
    )


def _open_experiment(client: Any, source: str) -> Any:
    """The experiment of a data source, which may be brought back or made."""
    name, experiment = experiment_of(client, source)
    if experiment is None:
        return client.get_experiment(_create_experiment(client, name, source))
    # MLflow keeps the name of a deleted one, and takes no run under it.
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
        text = (
            f"MLflow's experiment {name!r} was deleted; it is back, with its runs"
        )
        warnings.warn(text, stacklevel=2)
    if SOURCE not in experiment.tags:
        client.set_experiment_tag(experiment.experiment_id, SOURCE, address(source))
    return experiment


def _run(client: Any, experiment_id: str, pipeline: Pipeline) -> str:
    """The run that groups the trainings of a pipeline.

    It has no end of its own, as each stage is a process, so it counts as finished from the start.
    """
    query = f"tags.kind = 'pipeline' and tags.{KEY} = '{pipeline.key}'"
    runs = client.search_runs([experiment_id], query, max_results=1)
    run = runs[0] if runs else _restore_run(client, experiment_id, query)
    run = run or _create_run(client, experiment_id, pipeline)
    # A process that was killed in between left a run at work, or without parameters.
    if run.info.status == "RUNNING":
        client.set_terminated(run.info.run_id)
    if not run.data.params:
        log_params(client, run.info.run_id, pipeline.settings)
    return run.info.run_id


def _restore_run(client: Any, experiment_id: str, query: str) -> Any | None:
    """The newest of such runs that was deleted, brought back: its trainings are still below it."""
    from mlflow.entities import ViewType

    runs = client.search_runs(
        [experiment_id], query, ViewType.DELETED_ONLY, max_results=1
    )
    if not runs:
        return None
    info = runs[0].info
    client.restore_run(info.run_id)
    text = (
        f"MLflow's run {info.run_name!r} was deleted; it is back, for its trainings"
    )
    warnings.warn(text, stacklevel=2)
    return client.get_run(info.run_id)


def _create_run(client: Any, experiment_id: str, pipeline: Pipeline) -> Any:
    tags = run_origin.surroundings() | {
        "kind": "pipeline",
        "version": run_origin.version(),
        KEY: pipeline.key,
        "mlflow.source.name": "dvc repro",
        NOTE: "A pipeline; its trainings are below it, its scores to come.",
    }
    tags.pop("stage", None)  # of whichever stage came first
    return client.create_run(
        experiment_id, run_name=run_origin.version(), tags=tags
    )


def _create_experiment(client: Any, name: str, source: str) -> str:
    """A new experiment; its artifacts lie beside the default store, wherever the process runs."""
    local = not os.environ.get("MLFLOW_TRACKING_URI")
    # The kind decides whether MLflow's pages speak of trainings or of language models.
    kind = {"mlflow.experimentKind": "custom_model_development"}
    tags = kind | {NOTE: OURS, SOURCE: address(source)}
    place = str(root() / "mlruns") if local else None
    try:
        return client.create_experiment(name, place, tags)
    except Exception:
        # On a server another machine may have made it meanwhile.
        if (experiment := client.get_experiment_by_name(name)) is None:
            raise
        return experiment.experiment_id
