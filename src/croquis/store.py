"""Where MLflow keeps runs: the store, the experiment of a competition, the run of a pipeline."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from croquis.errors import InputError
from croquis.files import root

NOTE = "mlflow.note.content"  # what MLflow shows as a description


def connected(experiment: str) -> tuple[Any, str, str]:
    """A client, the id of the experiment, and the id of this pipeline's run in it; made if new."""
    # Two processes that make the same new store at once break its schema migration, and two would
    # make two runs of one pipeline.
    with FileLock(root() / ".mlflow.lock", timeout=120):
        client, experiment_id = _entered(experiment)
        return client, experiment_id, _pipeline(client, experiment_id)


def connected_by_scores(
    experiment: str, scores: Mapping[str, float]
) -> tuple[Any, str, str | None]:
    """As `connected`, with the newest pipeline that has these scores; None if none has, none made.

    What lies in a run's folders may be older than the commit, or that of an experiment.
    """
    with FileLock(root() / ".mlflow.lock", timeout=120):
        client, experiment_id = _entered(experiment)
    for run in client.search_runs([experiment_id], "tags.kind = 'pipeline'"):  # the newest first
        if scores.items() <= run.data.metrics.items():
            return client, experiment_id, run.info.run_id
    return client, experiment_id, None


def opened() -> Any:
    """A client of the store; it raises within seconds where a server does not answer."""
    # MLflow's own seven retries would block for four minutes at an unreachable server.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    from mlflow.tracking import MlflowClient

    return MlflowClient(uri())


def begun() -> bool:
    """Whether there may be runs: a local store that is only looked at would be made by MLflow."""
    path = uri().removeprefix("sqlite:///")
    return path == uri() or Path(path).is_file()


def uri() -> str:
    """MLFLOW_TRACKING_URI, or mlflow.db beside dvc.yaml."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root() / 'mlflow.db'}"


def reason(error: BaseException) -> str:
    """The first line of what went wrong, for people to read."""
    return shown((str(error) or type(error).__name__).splitlines()[0][:200])


def unreachable(error: Exception) -> InputError:
    """The error of a command that can do nothing without the store."""
    fix = "start its server, or unset MLFLOW_TRACKING_URI"
    expected, received = "a store that answers", reason(error)
    return InputError(shown(uri()), expected=expected, received=received, fix=fix)


def shown(text: str) -> str:
    """Text without the password that an address in it may hold."""
    return re.sub(r"//[^/@\s]+@", "//***@", text)


def version() -> str:
    """What a pipeline is called: the DVC experiment, or the first digits of the commit."""
    return os.environ.get("DVC_EXP_NAME") or commit()[:7]


def commit() -> str:
    """The git commit of this folder, or "none" without one.

    Not of `root()`: a queued experiment runs in a checkout of its own, at the commit it was queued.
    """
    command = ["git", "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no git at all, no repository, no commit
        return "none"


def surroundings() -> dict[str, str]:
    """Tags that say where a run comes from: stage, DVC experiment, its baseline, commit.

    Those of mlflow fill the columns "Source" and "Version" of its table.
    """
    names = {"DVC_STAGE": "stage", "DVC_EXP_NAME": "experiment", "DVC_EXP_BASELINE_REV": "baseline"}
    known = {tag: os.environ[name] for name, tag in names.items() if name in os.environ}
    known |= {"commit": commit(), "mlflow.source.git.commit": commit()}
    return known | {"mlflow.source.name": known.get("stage", ""), "mlflow.source.type": "LOCAL"}


def _entered(experiment: str) -> tuple[Any, str]:
    client = opened()
    found = client.get_experiment_by_name(experiment)
    return client, found.experiment_id if found else _created(client, experiment)


def _pipeline(client: Any, experiment_id: str) -> str:
    """The run that groups the trainings of one DVC experiment or commit; it has no end of its own,
    as each stage is a process, so it counts as finished from the start."""
    wanted = f"tags.kind = 'pipeline' and tags.version = '{version()}'"
    if found := client.search_runs([experiment_id], wanted, max_results=1):
        return found[0].info.run_id
    tags = surroundings() | {"kind": "pipeline", "version": version()}
    tags.pop("stage", None)  # of whichever stage came first
    tags["mlflow.source.name"] = "dvc repro"
    tags[NOTE] = "A pipeline; its trainings are below it, its scores to come."
    made = client.create_run(experiment_id, run_name=version(), tags=tags).info.run_id
    client.set_terminated(made)
    return made


def _created(client: Any, experiment: str) -> str:
    """A new experiment; its artifacts lie beside the default store, wherever the process runs."""
    local = not os.environ.get("MLFLOW_TRACKING_URI")
    # The kind decides whether MLflow's pages speak of trainings or of language models.
    tags = {
        "mlflow.experimentKind": "custom_model_development",
        NOTE: "Each run is of a commit or of a DVC experiment; its trainings are below it.",
    }
    return client.create_experiment(experiment, str(root() / "mlruns") if local else None, tags)
