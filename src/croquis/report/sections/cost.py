"""What the run cost, as MLflow recorded it, and what it would take on one V100."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from croquis.votes.members import RunParams

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
        trainings: `trainings.recorded_trainings`.
        train: images that train.
        test: images of the test set.
        all_folds: of the split; each holds out one of as many parts.
    """
    rows: list[Any] = list(networks.itertuples())
    return [
        _cost(
            row.member,
            trainings[trainings["member"] == row.member],
            None
            if row.failed
            else _hours(row, train, test, len(run.folds), all_folds),
            row.failed,
        )
        for row in rows
    ]


def _cost(
    member: str, trainings: pd.DataFrame, gpu_hours: float | None, failed: str
) -> Cost:
    rates = trainings["images_per_second"].dropna()
    return Cost(
        member=member,
        device=" and ".join(sorted(set(trainings["device"]))),
        folds=len(trainings),
        minutes=float(trainings["seconds"].sum()) / 60,
        rate=float(rates.mean()) if len(rates) else None,
        gpu_hours=gpu_hours,
        failed=failed,
    )


def _hours(row: Any, train: int, test: int, folds: int, all_folds: int) -> float:
    """Hours on a V100 of a member's work, which networks.csv has by what each image is for."""
    held = train / all_folds
    forward = row.once * (train + test)
    forward += folds * (
        row.train * (train - held) + row.val * held + row.test * test
    )
    backward = folds * row.back * (train - held)
    # Two operations a multiply-add.
    return 2 * float(forward / FORWARD + backward / BACKWARD) / V100 / 3600
