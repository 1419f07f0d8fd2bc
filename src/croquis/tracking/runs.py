"""One run of MLflow's, which can never fail or stall what it is told of."""

import contextlib
import logging
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from croquis.core.addresses import hide_secrets
from croquis.tracking import store
from croquis.tracking.running import RunMark

if TYPE_CHECKING:
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

# MLflow draws a chart a metric, in a section a prefix. What is no curve of the learning itself goes
# to sections of its own, so that the first one holds losses, accuracy and lr of all members alike.
SECTIONS = {
    "epoch": "progress/epoch",
    "images_per_second": "speed/images_per_second",
    "waiting": "speed/waiting",
    "synthetic_images_per_second": "speed/synthetic_images_per_second",
    "data_efficiency": "speed/data_efficiency",
    "trainable_parameters": "size/trainable_parameters",
}


class Run:
    """A run to log to, or, once tracking has failed, nothing at all.

    Args:
        client: MLflow's.
        run_id: None: nothing is logged.
        logged: the last step whose metrics a resumed run holds already.
        mark: says that the run is at work, until it ends.
    """

    def __init__(
        self,
        client: Any,
        run_id: str | None,
        logged: int = -1,
        mark: RunMark | None = None,
    ) -> None:
        self._client = client
        self._id = run_id
        self._logged = logged
        self._on = run_id is not None
        self._mark = mark
        self._monitor: SystemMetricsMonitor | None = None

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Logs several numbers at one step, in one call: each call costs some 20 ms."""
        if not self._on or step <= self._logged:  # MLflow would keep both points
            return
        from mlflow.entities import Metric

        now = _milliseconds()
        batch = [
            Metric(SECTIONS.get(name, name), float(value), now, step)
            for name, value in values.items()
        ]
        self._try(lambda: self._client.log_batch(self._id, metrics=batch))

    def tags(self, values: Mapping[str, str]) -> None:
        """Sets tags; of an older value nothing is left."""
        self._try(lambda: self._client.log_batch(self._id, tags=as_tags(values)))

    def artifact(self, path: Path) -> None:
        """Keeps a copy of a file with the run, or of a folder under its name."""
        if path.is_dir():
            self._try(
                lambda: self._client.log_artifacts(self._id, str(path), path.name)
            )
        else:
            self._try(lambda: self._client.log_artifact(self._id, str(path)))

    def watch(self, uri: str) -> None:
        """Logs CPU, memory, disk and GPUs every ten seconds from a thread, until the run ends."""
        if not self._on:
            return
        from mlflow.system_metrics.system_metrics_monitor import (
            SystemMetricsMonitor,
        )

        # What it fails at, the run fails at as well, and says in one line.
        logging.getLogger("mlflow.system_metrics").setLevel(logging.CRITICAL)
        # A convenience: nothing else stops without it.
        with contextlib.suppress(Exception):
            monitor = SystemMetricsMonitor(
                self._id, resume_logging=True, tracking_uri=uri
            )
            self._monitor = monitor
            monitor.start()

    def end(self, status: str = "FINISHED") -> None:
        """Ends the run, also one that could not be logged to for a while, or that had ended."""
        if self._monitor is not None:
            with contextlib.suppress(Exception):
                self._monitor.finish()
        has_warned = not self._on
        self._on = self._id is not None
        with warnings.catch_warnings():
            if has_warned:
                warnings.simplefilter("ignore")
            self._try(lambda: self._client.set_terminated(self._id, status))
        # Where the store did not take that, the next process ends the run by its mark.
        if self._mark is not None and self._on:
            self._mark.remove()

    def _try(self, call: Any) -> None:
        if not self._on:
            return
        try:
            call()
        except (
            Exception
        ) as error:  # whatever a tracking server does, training goes on
            self._on = False
            warn(error)


def as_tags(tags: Mapping[str, str]) -> list[Any]:
    """Tags as MLflow's own objects, without secrets."""
    from mlflow.entities import RunTag

    return [RunTag(key, hide_secrets(value)) for key, value in tags.items()]


def _milliseconds() -> int:
    """The time as MLflow wants it."""
    return int(time.time() * 1000)


def warn(error: Exception) -> None:
    """Says once that nothing more is logged, why, and what to do."""
    said = store.store_trouble(error)
    reason = f"{said.says}; {said.fix}" if said.fix else said.says
    warnings.warn(
        f"tracking is off for this run: {reason}; training goes on", stacklevel=2
    )
