"""MLflow runs that can never fail or stall a training; MLflow is imported when a run begins."""

import os
import re
import subprocess
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from croquis.files import root


class Run:
    """A run to log to, or, once tracking has failed, nothing at all."""

    def __init__(self, client: Any, run_id: str | None) -> None:
        self._client, self._id = client, run_id

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Logs several numbers at one step, in one call: each call costs some 20 ms."""
        if self._id is None:
            return
        from mlflow.entities import Metric

        now = _milliseconds()
        batch = [Metric(name, float(value), now, step) for name, value in values.items()]
        self._try(lambda: self._client.log_batch(self._id, metrics=batch))

    def artifact(self, path: Path) -> None:
        """Keeps a copy of a file with the run."""
        self._try(lambda: self._client.log_artifact(self._id, str(path)))

    def _end(self, status: str) -> None:
        self._try(lambda: self._client.set_terminated(self._id, status))

    def _try(self, call: Any) -> None:
        if self._id is None:
            return
        try:
            call()
        except Exception as error:  # whatever a tracking server does, training goes on
            self._id = None
            _warn(error)


@contextmanager
def run(
    experiment: str, name: str, *, params: Mapping[str, Any], tags: Mapping[str, str]
) -> Iterator[Run]:
    """An MLflow run that ends as FINISHED, or as FAILED if the block raises.

    MLFLOW_TRACKING_URI decides where; else the store is mlflow.db beside dvc.yaml. A dead server
    costs seconds and one warning.

    Args:
        experiment: the competition.
        name: `<member>-fold<k>`; the DVC experiment or the commit is put before it.
        params: what was set, nested dicts become dotted keys.
        tags: what it rests on.
    """
    opened = _opened(experiment, name, params, tags)
    try:
        yield opened
    except BaseException:
        opened._end("FAILED")
        raise
    opened._end("FINISHED")


def competition(source: str) -> str:
    """The MLflow experiment of a data source: its name without folders and suffixes."""
    name = source.rstrip("/").rsplit("/", 1)[-1]
    return name.split(".", 1)[0] or "croquis"


def commit() -> str:
    """The git commit of this folder, or "none" without one.

    Not of `root()`: a queued experiment runs in a checkout of its own, at the commit it was queued.
    """
    command = ["git", "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no git at all, no repository, no commit
        return "none"


def _opened(experiment: str, name: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> Run:
    try:
        return _begun(experiment, name, params, tags)
    except Exception as error:  # no MLflow, no server, no disk: none of it may stop a training
        _warn(error)
        return Run(None, None)


def _begun(experiment: str, name: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> Run:
    # MLflow's own seven retries would block for four minutes at an unreachable server.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    from mlflow.entities import Param, RunTag
    from mlflow.tracking import MlflowClient

    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root() / 'mlflow.db'}"
    # Two processes that make the same new store at once break its schema migration.
    with FileLock(root() / ".mlflow.lock", timeout=120):
        client = MlflowClient(uri)
        found = client.get_experiment_by_name(experiment)
        experiment_id = found.experiment_id if found else _created(client, experiment)
    named = f"{os.environ.get('DVC_EXP_NAME') or commit()[:7]}/{name}"
    opened = client.create_run(experiment_id, run_name=named)
    settings = [Param(key, str(value)[:6000]) for key, value in flat(params).items()]
    labels = [RunTag(key, value) for key, value in (dict(tags) | _surroundings()).items()]
    client.log_batch(opened.info.run_id, params=settings, tags=labels)
    return Run(client, opened.info.run_id)


def _created(client: Any, experiment: str) -> str:
    """A new experiment; its artifacts lie beside the default store, wherever the process runs."""
    local = not os.environ.get("MLFLOW_TRACKING_URI")
    return client.create_experiment(experiment, str(root() / "mlruns") if local else None)


def _surroundings() -> dict[str, str]:
    names = {"DVC_STAGE": "stage", "DVC_EXP_NAME": "experiment", "DVC_EXP_BASELINE_REV": "baseline"}
    known = {tag: os.environ[name] for name, tag in names.items() if name in os.environ}
    return known | {"commit": commit()}


def flat(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one with dotted keys: {"a": {"b": 1}} to {"a.b": 1}."""
    found: dict[str, Any] = {}
    for key, value in params.items():
        inner = (
            flat(value, f"{prefix}{key}.")
            if isinstance(value, Mapping)
            else {f"{prefix}{key}": value}
        )
        found |= inner
    return found


def _milliseconds() -> int:
    return int(time.time() * 1000)


def _warn(error: Exception) -> None:
    reason = (str(error) or type(error).__name__).splitlines()[0][:200]
    reason = re.sub(r"//[^/@\s]+@", "//***@", reason)  # a server's address may hold a password
    warnings.warn(f"tracking is off for this run: {reason}; training goes on", stacklevel=2)
