"""What the run cost, as MLflow recorded it, and what it would take on a known GPU."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from croquis.tracking import store
from croquis.tracking.runs import SECTIONS
from croquis.votes.members import RunParams

COLUMNS = ["member", "fold", "device", "seconds", "images_per_second"]
RATE = SECTIONS["images_per_second"]
V100 = 125e12  # FLOP a second in fp16, NVIDIA's data sheet
# The shares of it that are reached, as docs/models.md has them: forward alone, and backward so that
# a step of which all parts train, one forward and two backward, comes to .35.
FORWARD = 0.45
BACKWARD = 2 / (3 / 0.35 - 1 / FORWARD)


@dataclass(frozen=True)
class Cost:
    """What one member took.

    Attributes:
        member: its key.
        device: where its folds were trained, or nothing where no record is left.
        folds: how many of them are recorded.
        minutes: of all of these together.
        rate: mean images a second in training, or None.
        gpu_hours: computed for all folds of the run on one V100; None where its network could not
            be counted.
        failed: why not, or nothing.
    """

    member: str
    device: str
    folds: int
    minutes: float
    rate: float | None
    gpu_hours: float | None
    failed: str = ""


def costs(
    run: RunParams,
    networks: pd.DataFrame,
    trainings: pd.DataFrame,
    *,
    train: int,
    test: int,
    all_folds: int,
) -> list[Cost]:
    """One entry a member, in the order of `networks`.

    Args:
        run: what was trained.
        networks: networks.csv.
        trainings: `recorded`.
        train: images that train.
        test: images of the test set.
        all_folds: of the split; each holds out one of as many parts.
    """
    found = []
    for row in networks.itertuples():
        mine = trainings[trainings["member"] == row.member]
        rates = mine["images_per_second"].dropna()
        hours = (
            None if row.failed else _hours(row, train, test, len(run.folds), all_folds)
        )
        found.append(
            Cost(
                member=row.member,
                device=" and ".join(sorted(set(mine["device"]))),
                folds=len(mine),
                minutes=float(mine["seconds"].sum()) / 60,
                rate=float(rates.mean()) if len(rates) else None,
                gpu_hours=hours,
                failed=row.failed,
            )
        )
    return found


def _hours(row: Any, train: int, test: int, folds: int, all_folds: int) -> float:
    """Hours on a V100 of a member's work, which networks.csv has by what each image is for."""
    held = train / all_folds
    forward = row.once * (train + test)
    forward += folds * (row.train * (train - held) + row.val * held + row.test * test)
    backward = folds * row.back * (train - held)
    # Two operations a multiply-add.
    return 2 * float(forward / FORWARD + backward / BACKWARD) / V100 / 3600


def recorded(source: str, run: RunParams) -> pd.DataFrame:
    """The newest finished training of each member and fold in MLflow; COLUMNS.

    A training that DVC restored from its cache was recorded when it ran. Without a store, or with
    one that does not answer, the table is empty.
    """
    try:
        rows = [_row(found) for found in _finished(source)]
    except Exception as error:  # whatever a tracking server does, the report is written
        warnings.warn(
            f"no cost in the report: {store.store_error(error)}", stacklevel=2
        )
        rows = []
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table[table["member"].isin(run.members) & table["fold"].isin(run.folds)]
    return table.drop_duplicates(["member", "fold"]).sort_values(["member", "fold"])


def _finished(source: str) -> list[Any]:
    """MLflow's runs, newest first."""
    if store.uri().startswith(
        "sqlite:///"
    ):  # opened, a store that is not there would be made
        if not Path(store.uri().removeprefix("sqlite:///")).is_file():
            return []
    client = store.open_store()
    _, known = store.experiment_of(client, source)
    if known is None:
        return []
    order = ["attributes.start_time DESC"]
    wanted = "attributes.status = 'FINISHED'"
    return client.search_runs(
        [known.experiment_id], wanted, order_by=order, max_results=5000
    )


def _row(run: Any) -> Mapping[str, Any]:
    tags = run.data.tags
    info = run.info
    metrics = run.data.metrics
    fold = tags.get("fold", "")
    return {
        "member": tags.get("member", ""),
        "fold": int(fold) if fold.isdecimal() else -1,
        "device": tags.get("device", ""),
        "seconds": ((info.end_time or info.start_time) - info.start_time) / 1000,
        "images_per_second": metrics.get(RATE),
    }
