"""Where MLflow keeps runs: the store, the experiment of a competition, the run of a pipeline."""

import hashlib
import json
import os
import re
import subprocess
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from croquis.core.addresses import address, hide_secrets
from croquis.core.errors import InputError
from croquis.core.files import root
from croquis.tracking.experiment_names import competition, older

NOTE = "mlflow.note.content"  # what MLflow shows as a description
OURS = "Each run is of a commit or of a DVC experiment; its trainings are below it."
SOURCE = "croquis.source"  # tag of an experiment
KEY = "run_key"  # tag of a pipeline's run
BATCH = 100  # parameters that MLflow takes in one call
LONGEST = 6000  # characters of a parameter that it takes


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
            [version(), self.data, settings], sort_keys=True, default=str
        )
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def connect(pipeline: Pipeline) -> tuple[Any, str, str]:
    """A client, the id of the experiment, and the id of this pipeline's run in it; made if new."""
    # Two processes that make the same new store at once break its schema migration, and two would
    # make two runs of one pipeline.
    with FileLock(root() / ".mlflow.lock", timeout=120):
        client, experiment = _open_experiment(pipeline.source)
        return (
            client,
            experiment.experiment_id,
            _run(client, experiment.experiment_id, pipeline),
        )


def connect_by_scores(
    source: str, scores: Mapping[str, float]
) -> tuple[Any, Any, str | None]:
    """A client, the experiment, and the newest pipeline in it that has these scores, or None.

    What lies in a run's folders may be older than the commit, or that of an experiment.
    """
    with FileLock(root() / ".mlflow.lock", timeout=120):
        client, experiment = _open_experiment(source)
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


def open_store() -> Any:
    """A client of the store; it raises within seconds where a server does not answer."""
    # MLflow's own seven retries would block for four minutes at an unreachable server.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    from mlflow.tracking import MlflowClient

    return MlflowClient(uri())


def has_runs() -> bool:
    """Whether there may be runs: a local store that is only looked at would be made by MLflow."""
    path = uri().removeprefix("sqlite:///")
    return path == uri() or Path(path).is_file()


def uri() -> str:
    """MLFLOW_TRACKING_URI, or mlflow.db beside dvc.yaml."""
    return (
        os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root() / 'mlflow.db'}"
    )


def store_error(error: BaseException) -> str:
    """The first line of what went wrong, for people to read."""
    text = hide_secrets(str(error)) or type(error).__name__
    return text.splitlines()[0][:200]


def unreachable(error: Exception) -> InputError:
    """The error of a command that can do nothing without the store."""
    return InputError(
        uri(),
        expected="a store that answers",
        received=store_error(error),
        fix="start its server, or unset MLFLOW_TRACKING_URI",
    )


def version() -> str:
    """What a pipeline is called: the DVC experiment, or the first digits of the commit."""
    return os.environ.get("DVC_EXP_NAME") or commit()[:7]


def commit() -> str:
    """The git commit of this folder, or "none" without one.

    Not of `root()`: a queued experiment runs in a checkout of its own, at the commit it was queued.
    """
    command = ["git", "rev-parse", "HEAD"]
    try:
        git = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "none"  # no git at all, no repository, no commit
    return git.stdout.strip()


def surroundings() -> dict[str, str]:
    """Tags that say where a run comes from: stage, DVC experiment, its baseline, commit.

    Those of mlflow fill the columns "Source" and "Version" of its table.
    """
    names = {
        "DVC_STAGE": "stage",
        "DVC_EXP_NAME": "experiment",
        "DVC_EXP_BASELINE_REV": "baseline",
    }
    tags = {
        tag: os.environ[name] for name, tag in names.items() if name in os.environ
    }
    return tags | {
        "commit": commit(),
        "mlflow.source.git.commit": commit(),
        "mlflow.source.name": tags.get("stage", ""),
        "mlflow.source.type": "LOCAL",
    }


def flat(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one with dotted keys: {"a": {"b": 1}} to {"a.b": 1}."""
    dotted: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, Mapping):
            dotted |= flat(value, f"{prefix}{key}.")
        else:
            dotted[f"{prefix}{key}"] = value
    return dotted


def log_params(client: Any, run_id: str, params: Mapping[str, Any]) -> None:
    """Logs parameters, nested ones by dotted keys, without secrets."""
    from mlflow.entities import Param

    entries = [
        Param(key, hide_secrets(str(value))[:LONGEST])
        for key, value in flat(params).items()
    ]
    for start in range(0, len(entries), BATCH):
        client.log_batch(run_id, params=entries[start : start + BATCH])


def _open_experiment(source: str) -> tuple[Any, Any]:
    """A client, and the experiment of a data source, which may be brought back or made."""
    client = open_store()
    name, experiment = experiment_of(client, source)
    if experiment is None:
        return client, client.get_experiment(
            _create_experiment(client, name, source)
        )
    # MLflow keeps the name of a deleted one, and takes no run under it.
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
        text = (
            f"MLflow's experiment {name!r} was deleted; it is back, with its runs"
        )
        warnings.warn(text, stacklevel=2)
    if SOURCE not in experiment.tags:
        client.set_experiment_tag(experiment.experiment_id, SOURCE, address(source))
    return client, experiment


def _run(client: Any, experiment_id: str, pipeline: Pipeline) -> str:
    """The run that groups the trainings of a pipeline.

    It has no end of its own, as each stage is a process, so it counts as finished from the start.
    """
    query = f"tags.kind = 'pipeline' and tags.{KEY} = '{pipeline.key}'"
    runs = client.search_runs([experiment_id], query, max_results=1)
    run = runs[0] if runs else _create_run(client, experiment_id, pipeline)
    if not run.data.params:  # as those of a process that was killed in between
        log_params(client, run.info.run_id, pipeline.settings)
    return run.info.run_id


def _create_run(client: Any, experiment_id: str, pipeline: Pipeline) -> Any:
    tags = surroundings() | {
        "kind": "pipeline",
        "version": version(),
        KEY: pipeline.key,
        "mlflow.source.name": "dvc repro",
        NOTE: "A pipeline; its trainings are below it, its scores to come.",
    }
    tags.pop("stage", None)  # of whichever stage came first
    run = client.create_run(experiment_id, run_name=version(), tags=tags)
    client.set_terminated(run.info.run_id)
    return run


def _create_experiment(client: Any, name: str, source: str) -> str:
    """A new experiment; its artifacts lie beside the default store, wherever the process runs."""
    local = not os.environ.get("MLFLOW_TRACKING_URI")
    # The kind decides whether MLflow's pages speak of trainings or of language models.
    kind = {"mlflow.experimentKind": "custom_model_development"}
    tags = kind | {NOTE: OURS, SOURCE: address(source)}
    place = str(root() / "mlruns") if local else None
    return client.create_experiment(name, place, tags)
