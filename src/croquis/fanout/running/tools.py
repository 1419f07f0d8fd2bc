"""What a run side by side is made of where nothing is replaced."""

import functools
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from croquis.fanout.engine import Engine
from croquis.fanout.jobs import Ending, Job, Result
from croquis.fanout.running.commands_of_dvc import run_dvc
from croquis.fanout.running.one_at_a_time import FOLDER
from croquis.fanout.running.slots import Slots
from croquis.fanout.running.steps import Tools

INPUTS = ("prepare", "split")  # stages whose outputs trainings read
UPSTREAM = "split"  # the last stage before those that run side by side
LOGS = FOLDER / "logs"
INDEX = Path("data/images/index.csv")


def tools_on(slots: Slots, root: Path) -> Tools:
    """The tools of a run.

    Args:
        slots: where jobs run.
        root: the project's folder.
    """
    from croquis.fanout.parcel import pack
    from croquis.fanout.planning.ordering import order
    from croquis.fanout.planning.stale_jobs import find_jobs
    from croquis.fanout.recording import record

    return Tools(
        run_upstream=lambda folder: run_dvc(folder, "repro", UPSTREAM),
        find_jobs=lambda folder: order(find_jobs()),  # of the working folder
        open_parent_run=_open_parent_run,
        pack=pack,
        drive=functools.partial(_drive, root, slots),
        record=record,
    )


def _drive(
    root: Path, slots: Slots, jobs: Sequence[Job], parcel: Path
) -> Sequence[Result]:
    """Runs jobs to their ends; a signal asks for that, a second one for at once."""
    from croquis.fanout.board import Board
    from croquis.fanout.driver import drive
    from croquis.fanout.gpus_here import visible_gpus
    from croquis.fanout.recording import record
    from croquis.fanout.supervisor.ends import EndRequests, heard

    requests = EndRequests()

    def times_asked() -> int:
        return int(requests.number is not None) + int(requests.at_once)

    if slots.cluster is None and not visible_gpus():
        # A probe leaves room on a GPU, but none on the cores that it computes on.
        jobs = [replace(job, gpus=1.0) for job in jobs]
    engine = _engine(root, slots, parcel)
    try:
        with heard(requests), Board(jobs, engine.slots()) as board:
            results = drive(jobs, engine, board, times_asked)
    finally:
        engine.close()
    done = [each.stage for each in results if each.ending is Ending.DONE]
    if engine.uses_remote and done:
        # Of the working folder, whose stages these are: their results come into DVC's cache.
        record(Path.cwd(), done, pulls=True)
    return results


def _engine(root: Path, slots: Slots, parcel: Path) -> Engine:
    """What starts jobs from a parcel."""
    if slots.cluster is not None:
        return _cluster(root, slots.cluster, parcel)
    return _this_machine(root, slots, parcel)


def _cluster(root: Path, address: str, parcel: Path) -> Engine:
    """Machines of Ray; those without this disk find what stages read in DVC's remote."""
    from croquis.fanout.checkout_settings import cache_folder, default_remote
    from croquis.fanout.on_ray.cluster import RayCluster

    return RayCluster(
        address,
        root,
        parcel,
        cache=cache_folder(root),
        remote=default_remote(root),
        # Of the working folder: an experiment may have inputs of its own.
        push_inputs=lambda: run_dvc(Path.cwd(), "push", *INPUTS),
    )


def _this_machine(root: Path, slots: Slots, parcel: Path) -> Engine:
    from croquis.core.cpu_count import cpu_count
    from croquis.fanout.cards import make_cards
    from croquis.fanout.checkout_settings import cache_folder
    from croquis.fanout.gpus_here import visible_gpus
    from croquis.fanout.this_machine import ThisMachine
    from croquis.fanout.work import HOME, work_command

    def command(stage: str, status: Path) -> list[str]:
        return work_command(
            stage,
            parcel,
            root / HOME,
            cache=cache_folder(root),
            root=root,
            remote=None,
            parent=os.getpid(),
            status=status,
        )

    cores = cpu_count()
    cards = make_cards(visible_gpus(), slots.jobs, cores)
    return ThisMachine(command, cards, root / LOGS, cores)


def _open_parent_run(folder: Path) -> None:
    """Once, before trainings that begin at the same moment would each make one."""
    from croquis.tracking.tracking import make_parent_run

    make_parent_run(folder / INDEX)
