"""MLflow runs that can never fail or stall a training; MLflow is imported when a run begins."""

import contextlib
import logging
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from croquis import store

NOTE = "mlflow.note.content"  # what MLflow shows as the description of a run

# MLflow draws a chart a metric, in a section a prefix. What is no curve of the learning itself goes
# to sections of its own, so that the first one holds losses, accuracy and lr of all members alike.
SECTIONS = {
    "epoch": "progress/epoch",
    "images_per_second": "speed/images_per_second",
    "data_efficiency": "speed/data_efficiency",
    "trainable_parameters": "size/trainable_parameters",
}


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
        named = {SECTIONS.get(name, name): float(value) for name, value in values.items()}
        batch = [Metric(name, value, now, step) for name, value in named.items()]
        self._try(lambda: self._client.log_batch(self._id, metrics=batch))

    def tags(self, values: Mapping[str, str]) -> None:
        """Sets tags; of an older value nothing is left."""
        self._try(lambda: self._client.log_batch(self._id, tags=_tags(values)))

    def artifact(self, path: Path) -> None:
        """Keeps a copy of a file with the run, or of a folder under its name."""
        if path.is_dir():
            self._try(lambda: self._client.log_artifacts(self._id, str(path), path.name))
        else:
            self._try(lambda: self._client.log_artifact(self._id, str(path)))

    def ended(self) -> None:
        """Marks the run as finished now, so that it lasts from its first stage to its last."""
        self._end("FINISHED")

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
        name: `<member>-fold<k>`; the DVC experiment or the commit comes after it, as MLflow's
            table cuts long names.
        params: what was set, nested dicts become dotted keys.
        tags: what it rests on.
        memory: a file that remembers the run's id: a training that goes on does so in its run.
    """
    opened = _opened(experiment, name, params, tags, memory)
    if memory is not None:  # long enough to be resumed is long enough to be watched
        opened.watch(store.uri())
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
        client, _, run_id = store.connected(experiment)
        return Run(client, run_id)
    except Exception as error:
        _warn(error)
        return Run(None, None)


def competition(source: str) -> str:
    """The MLflow experiment of a data source: its name without folders and suffixes."""
    name = source.rstrip("/").rsplit("/", 1)[-1]
    return name.split(".", 1)[0] or "croquis"


def _opened(
    experiment: str,
    name: str,
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    memory: Path | None,
) -> Run:
    try:
        client, experiment_id, pipeline = store.connected(experiment)
        if (resumed := _resumed(client, memory)) is not None:
            return resumed
        opened = client.create_run(
            experiment_id,
            run_name=f"{name} {store.version()}",
            tags={"mlflow.parentRunId": pipeline},
        )
        settings = [_param(key, value) for key, value in flat(params).items()]
        client.log_batch(opened.info.run_id, params=settings, tags=_tags(_described(name, tags)))
        client.log_inputs(opened.info.run_id, datasets=[_dataset(experiment, tags)])
        if memory is not None:
            memory.parent.mkdir(parents=True, exist_ok=True)
            memory.write_text(opened.info.run_id)
        return Run(client, opened.info.run_id)
    except Exception as error:  # no MLflow, no server, no disk: none of it may stop a training
        _warn(error)
        return Run(None, None)


def _described(name: str, tags: Mapping[str, str]) -> dict[str, str]:
    """`tags` with where the run comes from, its kind (train, probe) and a description."""
    known = dict(tags) | store.surroundings()
    kind = known.get("stage", "training").partition("@")[0]
    said = f"{kind} of **{tags.get('member', name)}**"
    if "fold" in tags:
        said += f" on all folds but {tags['fold']}, on which it is scored"
    if "device" in tags:
        said += f"; {tags['device']}"
    return known | {"kind": kind, NOTE: f"{said}. The scores of the whole are in the run above it."}


def _resumed(client: Any, memory: Path | None) -> Run | None:
    """The run that `memory` remembers, open again; None without, or where the store lost it."""
    from mlflow.exceptions import MlflowException

    if memory is None or not memory.is_file():
        return None
    run_id = memory.read_text().strip()
    try:
        metrics = client.get_run(run_id).data.metrics
        epoch = SECTIONS["epoch"]
        points = client.get_metric_history(run_id, epoch) if epoch in metrics else []
        client.update_run(run_id, status="RUNNING")
    except MlflowException:
        return None
    return Run(client, run_id, logged=max((point.step for point in points), default=-1))


def _dataset(experiment: str, tags: Mapping[str, str]) -> Any:
    """The data by name and hash, for the column "Dataset", by which MLflow can filter runs."""
    from mlflow.entities import Dataset, DatasetInput

    digest = tags.get("data", "unknown")
    return DatasetInput(Dataset(experiment, digest, source_type="local", source="{}"))


def _param(key: str, value: Any) -> Any:
    from mlflow.entities import Param

    return Param(key, str(value)[:6000])


def _tags(tags: Mapping[str, str]) -> list[Any]:
    from mlflow.entities import RunTag

    return [RunTag(key, value) for key, value in tags.items()]


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
    warnings.warn(
        f"tracking is off for this run: {store.reason(error)}; training goes on", stacklevel=2
    )
