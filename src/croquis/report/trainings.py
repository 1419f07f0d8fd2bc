"""How long each training took and how fast it was, as MLflow recorded it."""

import warnings
from typing import Any

import pandas as pd

from croquis.tracking import store
from croquis.tracking.runs import SECTIONS
from croquis.votes.members import RunParams

COLUMNS = ["member", "fold", "device", "seconds", "images_per_second"]
RATE = SECTIONS["images_per_second"]
MAX_RUNS = 5000  # of MLflow, the newest


def recorded_trainings(source: str, run: RunParams) -> pd.DataFrame:
    """The newest finished training of each member and fold in MLflow; COLUMNS.

    A training that DVC restored from its cache was recorded when it ran. Without a store, or with
    one that does not answer, the table is empty.
    """
    try:
        rows = [_row(training) for training in _finished(source)]
    except (
        Exception
    ) as error:  # whatever a tracking server does, the report is written
        reason = store.store_error(error)
        warnings.warn(f"no cost in the report: {reason}", stacklevel=2)
        rows = []
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table[table["member"].isin(run.members) & table["fold"].isin(run.folds)]
    return table.drop_duplicates(["member", "fold"]).sort_values(["member", "fold"])


def _finished(source: str) -> list[Any]:
    """MLflow's runs, newest first."""
    if not store.has_runs():
        return []
    client = store.open_store()
    _, experiment = store.experiment_of(client, source)
    if experiment is None:
        return []
    return client.search_runs(
        [experiment.experiment_id],
        "attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=MAX_RUNS,
    )


def _row(training: Any) -> dict[str, Any]:
    tags = training.data.tags
    info = training.info
    fold = tags.get("fold", "")
    return {
        "member": tags.get("member", ""),
        "fold": int(fold) if fold.isdecimal() else -1,
        "device": tags.get("device", ""),
        "seconds": ((info.end_time or info.start_time) - info.start_time) / 1000,
        "images_per_second": training.data.metrics.get(RATE),
    }
