"""MLflow runs that can never fail or stall a training; MLflow is imported when a run begins."""

import contextlib
import logging
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
    """A run to log to, or, once tracking has failed, nothing at all.

    Args:
        client: MLflow's.
        run_id: None: nothing is logged.
        logged: the last step whose metrics a resumed run holds already.
    """

    def __init__(self, client: Any, run_id: str | None, logged: int = -1) -> None:
        self._client, self._id, self._logged = client, run_id, logged
        self._on, self._monitor = run_id is not None, None

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Logs several numbers at one step, in one call: each call costs some 20 ms."""
        if not self._on or step <= self._logged:  # MLflow would keep both points
            return
        from mlflow.entities import Metric

        now = _milliseconds()
        batch = [Metric(name, float(value), now, step) for name, value in values.items()]
        self._try(lambda: self._client.log_batch(self._id, metrics=batch))

    def tags(self, values: Mapping[str, str]) -> None:
        """Sets tags; of an older value nothing is left."""
        self._try(lambda: self._client.log_batch(self._id, tags=_tags(values)))

    def artifact(self, path: Path) -> None:
        """Keeps a copy of a file with the run."""
        self._try(lambda: self._client.log_artifact(self._id, str(path)))

    def watch(self, uri: str) -> None:
        """Logs CPU, memory, disk and GPUs every ten seconds from a thread, until the run ends."""
        if not self._on:
            return
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

        logging.getLogger("mlflow.system_metrics").setLevel(logging.WARNING)
        with contextlib.suppress(Exception):  # a convenience: nothing else stops without it
            self._monitor = SystemMetricsMonitor(self._id, resume_logging=True, tracking_uri=uri)
            self._monitor.start()

    def _end(self, status: str) -> None:
        """Ends the run, also one that could not be logged to for a while."""
        if self._monitor is not None:
            with contextlib.suppress(Exception):
                self._monitor.finish()
        was_on, self._on = self._on, self._id is not None
        with warnings.catch_warnings():
            if not was_on:  # it has been said already
                warnings.simplefilter("ignore")
            self._try(lambda: self._client.set_terminated(self._id, status))

    def _try(self, call: Any) -> None:
        if not self._on:
            return
        try:
            call()
        except Exception as error:  # whatever a tracking server does, training goes on
            self._on = False
            _warn(error)


@contextmanager
def run(
    experiment: str,
    name: str,
    *,
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    memory: Path | None = None,
) -> Iterator[Run]:
    """An MLflow run that ends as FINISHED, as KILLED by a signal, or as FAILED by an error.

    MLFLOW_TRACKING_URI decides where; else the store is mlflow.db beside dvc.yaml. A dead server
    costs seconds and one warning. The run is the child of its pipeline's, which bears the name of
    the DVC experiment or the commit.

    Args:
        experiment: the competition.
        name: `<member>-fold<k>`; the DVC experiment or the commit is put before it.
        params: what was set, nested dicts become dotted keys.
        tags: what it rests on.
        memory: a file that remembers the run's id: a training that goes on does so in its run.
    """
    opened = _opened(experiment, name, params, tags, memory)
    if memory is not None:  # long enough to be resumed is long enough to be watched
        opened.watch(_uri())
    try:
        yield opened
    except (SystemExit, KeyboardInterrupt):
        opened._end("KILLED")
        raise
    except BaseException:
        opened._end("FAILED")
        raise
    opened._end("FINISHED")


def pipeline(experiment: str) -> Run:
    """The run that groups the trainings of this DVC experiment or commit.

    Args:
        experiment: the competition.
    """
    try:
        client, _, run_id = _connected(experiment)
        return Run(client, run_id)
    except Exception as error:
        _warn(error)
        return Run(None, None)


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


def _opened(
    experiment: str,
    name: str,
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    memory: Path | None,
) -> Run:
    try:
        client, experiment_id, pipeline = _connected(experiment)
        if (resumed := _resumed(client, memory)) is not None:
            return resumed
        opened = client.create_run(
            experiment_id, run_name=f"{_version()}/{name}", tags={"mlflow.parentRunId": pipeline}
        )
        settings = [_param(key, value) for key, value in flat(params).items()]
        client.log_batch(
            opened.info.run_id, params=settings, tags=_tags(dict(tags) | _surroundings())
        )
        if memory is not None:
            memory.parent.mkdir(parents=True, exist_ok=True)
            memory.write_text(opened.info.run_id)
        return Run(client, opened.info.run_id)
    except Exception as error:  # no MLflow, no server, no disk: none of it may stop a training
        _warn(error)
        return Run(None, None)


def _connected(experiment: str) -> tuple[Any, str, str]:
    """A client, the id of the experiment, and the id of this pipeline's run in it."""
    # MLflow's own seven retries would block for four minutes at an unreachable server.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    from mlflow.tracking import MlflowClient

    # Two processes that make the same new store at once break its schema migration, and two would
    # make two runs of one pipeline.
    with FileLock(root() / ".mlflow.lock", timeout=120):
        client = MlflowClient(_uri())
        found = client.get_experiment_by_name(experiment)
        experiment_id = found.experiment_id if found else _created(client, experiment)
        return client, experiment_id, _pipeline(client, experiment_id)


def _pipeline(client: Any, experiment_id: str) -> str:
    """The run that groups the trainings of one DVC experiment or commit; it has no end of its own,
    as each stage is a process, so it counts as finished from the start."""
    wanted = f"tags.role = 'pipeline' and tags.version = '{_version()}'"
    if found := client.search_runs([experiment_id], wanted, max_results=1):
        return found[0].info.run_id
    tags = {"role": "pipeline", "version": _version()} | _surroundings()
    made = client.create_run(experiment_id, run_name=_version(), tags=tags).info.run_id
    client.set_terminated(made)
    return made


def _version() -> str:
    """What a pipeline is called: the DVC experiment, or the first digits of the commit."""
    return os.environ.get("DVC_EXP_NAME") or commit()[:7]


def _resumed(client: Any, memory: Path | None) -> Run | None:
    """The run that `memory` remembers, open again; None without, or where the store lost it."""
    from mlflow.exceptions import MlflowException

    if memory is None or not memory.is_file():
        return None
    run_id = memory.read_text().strip()
    try:
        metrics = client.get_run(run_id).data.metrics
        points = client.get_metric_history(run_id, "epoch") if "epoch" in metrics else []
        client.update_run(run_id, status="RUNNING")
    except MlflowException:
        return None
    return Run(client, run_id, logged=max((point.step for point in points), default=-1))


def _param(key: str, value: Any) -> Any:
    from mlflow.entities import Param

    return Param(key, str(value)[:6000])


def _tags(tags: Mapping[str, str]) -> list[Any]:
    from mlflow.entities import RunTag

    return [RunTag(key, value) for key, value in tags.items()]


def _uri() -> str:
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root() / 'mlflow.db'}"


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
