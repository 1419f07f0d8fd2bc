"""Jobs as processes of this machine, without Ray: the least that can be called an engine."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from croquis.fanout.checkout_settings import cache_folder
from croquis.fanout.jobs import Ending, Job, Result
from croquis.fanout.work import work_command


def drive_here(
    root: Path, jobs: Sequence[Job], parcel: Path, slots: int = 2
) -> list[Result]:
    """Runs jobs, a few at a time, and none before what it needs."""
    waiting = list(jobs)
    running: dict[str, subprocess.Popen[bytes]] = {}
    done: dict[str, Result] = {}
    logs = root / ".fanout" / "test-logs"
    logs.mkdir(parents=True, exist_ok=True)
    while waiting or running:
        for stage, process in list(running.items()):
            if process.poll() is not None:
                ending = Ending.FAILED if process.returncode else Ending.DONE
                log = logs / stage
                done[stage] = Result(
                    stage, ending, 1.0, reason=log.read_text()[-3000:], log=log
                )
                del running[stage]
        ended_well = {
            name for name, end in done.items() if end.ending is Ending.DONE
        }
        ready = [
            job
            for job in waiting
            if job.needs & {j.stage for j in jobs} <= ended_well
        ]
        for job in ready[: slots - len(running)]:
            waiting.remove(job)
            running[job.stage] = _start(root, job.stage, parcel, logs / job.stage)
        if not running and waiting and not ready:
            break  # they need what failed
        time.sleep(0.1)
    return list(done.values())


def _start(
    root: Path, stage: str, parcel: Path, log: Path
) -> subprocess.Popen[bytes]:
    command = work_command(
        stage,
        parcel,
        root / ".fanout" / "checkouts",
        cache=cache_folder(root),
        root=root,
        remote=None,
        parent=os.getpid(),
        status=None,
    )
    with log.open("wb") as file:
        return subprocess.Popen(
            command, cwd=root, stdout=file, stderr=subprocess.STDOUT
        )
