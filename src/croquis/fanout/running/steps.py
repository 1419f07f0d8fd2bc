"""A run side by side, step by step: what comes before, the jobs, and their results recorded.

The single truth stays `dvc repro`: this leaves nothing for it to train.
"""

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from croquis.core.files import atomic_write
from croquis.fanout.jobs import Job, Result
from croquis.fanout.parcel import SIDE_BY_SIDE
from croquis.fanout.recording import Recorded
from croquis.fanout.running.changes import read_inputs
from croquis.fanout.running.closing import conclude, end_of_jobs
from croquis.fanout.running.one_at_a_time import FOLDER, only_run

PARCEL = FOLDER / "run.parcel"


@dataclass(frozen=True)
class Tools:
    """What a run is made of; each takes the project's folder, or that of an experiment's checkout.

    Attributes:
        run_upstream: runs the stages before those that run side by side.
        find_jobs: what has to run, in the order in which it should begin.
        open_parent_run: makes store and parent run of the trainings, before anyone writes there.
        pack: the parcel of the project as it stands.
        drive: runs jobs from a parcel's file to their ends.
        record: brings the results of stages, by their templates, and writes dvc.lock.
        say: prints a line for people.
    """

    run_upstream: Callable[[Path], None]
    find_jobs: Callable[[Path], Sequence[Job]]
    open_parent_run: Callable[[Path], None]
    pack: Callable[[Path], bytes]
    drive: Callable[[Sequence[Job], Path], Sequence[Result]]
    record: Callable[[Path, Sequence[str]], Recorded]
    say: Callable[[str], None] = print


def run(root: Path, tools: Tools) -> int:
    """Runs what is to run of a project side by side, and records it.

    Args:
        root: the project's folder.
        tools: what does it.

    Returns:
        The status: 0 if a plain `dvc repro` will train nothing; 1 if jobs failed, or the project
        was edited meanwhile; 130 if it was stopped.

    Raises:
        InputError: if another one runs here, or the project cannot be read.
        SystemExit: if a stage before the jobs fails.
    """
    with only_run(root), contextlib.chdir(root):
        tools.run_upstream(root)
        before = read_inputs(root)  # an edit from here on is seen
        jobs = tools.find_jobs(root)
        results = run_jobs(root, root, jobs, tools)
        recorded = tools.record(root, SIDE_BY_SIDE)
        end = conclude(jobs, results, recorded, before, read_inputs(root))
    for line in end.lines:
        tools.say(line)
    return end.status


def run_experiment(
    root: Path,
    overrides: Sequence[str],
    name: str,
    tools: Tools,
    checkout: Callable[[Path, Sequence[str], str], AbstractContextManager[Path]],
) -> int:
    """Runs what is to run of an experiment side by side, and leaves it in DVC's run cache.

    The project stays as it is: `dvc exp run` with the same name and `-S` trains nothing then.

    Args:
        root: the project's folder.
        overrides: what stands behind each `-S`.
        name: of the experiment.
        tools: what does it.
        checkout: `experiment_checkout`.

    Returns:
        The status: 0, 1 if jobs failed, 130 if it was stopped. Errors are those of `run`.
    """
    with only_run(root), checkout(root, overrides, name) as folder:
        tools.run_upstream(folder)
        jobs = tools.find_jobs(folder)
        results = run_jobs(root, folder, jobs, tools)
    end = end_of_jobs(jobs, results)
    for line in end.lines:
        tools.say(line)
    return end.status


def pack_run(
    root: Path,
    place: Path,
    tools: Tools,
    checkout: AbstractContextManager[Path] | None = None,
) -> int:
    """Writes a parcel for machines that no engine reaches, and runs no job; the number of jobs.

    Args:
        root: the project's folder.
        place: of the parcel.
        tools: what does it.
        checkout: of an experiment; None: the project itself.
    """
    with only_run(root), checkout or contextlib.nullcontext(root) as folder:
        with contextlib.chdir(folder):
            tools.run_upstream(folder)
            jobs = tools.find_jobs(folder)
            write_parcel(place, tools.pack(folder), jobs)
            if jobs:
                tools.open_parent_run(folder)
    return len(jobs)


def run_jobs(
    root: Path, folder: Path, jobs: Sequence[Job], tools: Tools
) -> Sequence[Result]:
    """Runs jobs to their ends; their results are in DVC's cache then.

    Args:
        root: the project's folder.
        folder: of what is packed: the project, or an experiment's checkout, the working folder.
        jobs: in the order in which they should begin.
        tools: what does it.
    """
    if not jobs:
        tools.say("nothing to run side by side: all of it has run before")
        return ()
    parcel = write_parcel(root / PARCEL, tools.pack(folder), jobs)
    tools.open_parent_run(folder)
    return tools.drive(jobs, parcel)


def write_parcel(place: Path, content: bytes, jobs: Sequence[Job]) -> Path:
    """Writes a parcel, and the names of its jobs beside it, one a line: for `croquis work --nth`.

    Args:
        place: of the parcel; the other file's name ends in `.stages`.
        content: of the parcel.
        jobs: in the order in which they should begin.
    """
    with atomic_write(place) as draft:
        draft.write_bytes(content)
    with atomic_write(place.with_suffix(".stages")) as draft:
        draft.write_text(
            "".join(f"{job.stage}\n" for job in jobs), encoding="utf-8"
        )
    return place
