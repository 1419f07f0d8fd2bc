"""What runs side by side, and how it ended: the words that planning, engines and tables share."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

ATTEMPTS = 3  # of one job, before it is given up


@dataclass(frozen=True)
class Job:
    """One stage of the pipeline that may run beside others.

    Attributes:
        stage: as DVC names it: `train@<model>-<fold>`, `embed@<backbone>`, `probe@<probe>-<fold>`.
        needs: the jobs, by stage, that must have ended well before this one begins.
        gpus: its share of a GPU, from 0 to 1.
        seconds: how long it is thought to take; None where nothing says.
    """

    stage: str
    needs: frozenset[str] = frozenset()
    gpus: float = 1.0
    seconds: float | None = None


@dataclass(frozen=True)
class Attempt:
    """One try of a job; `number` counts from 1."""

    job: Job
    number: int = 1


class Ending(Enum):
    """How an attempt ended."""

    DONE = "done"
    FAILED = "failed"  # by itself: the same input would end in the same way
    LOST = "lost"  # killed, or its machine is gone: worth another attempt
    STOPPED = "stopped"  # asked to end, with its state saved


@dataclass(frozen=True)
class Progress:
    """Where an attempt is.

    Attributes:
        stage: of its job.
        place: where it runs, for people: `gpu 0`, or `so3 gpu 0`.
        text: for people: `epoch 4 of 10`, `inputs`.
        done: of `total`; None before anything is counted.
        total: how much there is to do, in `unit`.
        unit: of what is counted.
    """

    stage: str
    place: str
    text: str = ""
    done: float | None = None
    total: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Result:
    """How an attempt ended.

    Attributes:
        stage: of its job.
        ending: how.
        seconds: from its start to its end.
        place: where it ran, for people.
        node: the machine's name: one on which two stages fail gets no more.
        reason: for people, where it did not end well: `killed by SIGKILL`, or its last lines.
        log: where its output stands on this machine; None where it cannot be had.
    """

    stage: str
    ending: Ending
    seconds: float
    place: str = ""
    node: str = ""
    reason: str = ""
    log: Path | None = None
