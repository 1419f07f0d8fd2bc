"""How close `croquis fanout` comes to slots that are never idle, and what it costs itself.

    PYTHONPATH=src:tests python benchmarks/fanout.py [--seconds 30] [--trainings 4] [--jobs 2]

The project's own dvc.yaml with trainings that only wait, so that the rest is croquis' and DVC's.
Wall time from the first start to the last end against `trainings x seconds / jobs`; CPU seconds a
training beyond those of the command with nothing to run. Then `dvc repro` must train nothing. Wall
times of a busy machine say little; CPU seconds do. Results: benchmarks/RESULTS.md.
"""

import argparse
import re
import resource
import statistics
import tempfile
from pathlib import Path

from support.slow_stubs import slow_project, starts
from support.tiny import Project

LINE = re.compile(r"^\[ *([0-9.]+)\] \S+  (begins|done)", re.MULTILINE)


def main() -> None:
    """Prints medians, and the ratio to the ideal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--trainings", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    rows = []
    for _ in range(arguments.repeats):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(
                measure(
                    Path(folder),
                    arguments.trainings,
                    arguments.seconds,
                    arguments.jobs,
                )
            )
    wall, own = (statistics.median(column) for column in zip(*rows, strict=True))
    ideal = arguments.trainings * arguments.seconds / arguments.jobs
    print(
        f"{arguments.trainings} trainings of {arguments.seconds:g} s, {arguments.jobs} at a time:"
        f" {wall:.1f} s of {ideal:.1f} s at best, {ideal / wall:.0%};"
        f" {own:.1f} CPU-s of ours a training"
    )


def measure(
    folder: Path, trainings: int, seconds: float, jobs: int
) -> tuple[float, float]:
    """Wall seconds of the trainings, and CPU seconds of each beside its own."""
    project = slow_project(folder, 1, trainings, seconds)
    project.run("dvc repro -q split")
    first, said = cpu(project, f"croquis fanout --jobs {jobs}")
    nothing, _ = cpu(project, f"croquis fanout --jobs {jobs}")
    project.run("dvc repro -q")
    assert len(starts(project)) == trainings, "dvc repro trained"
    times = [(float(time), what) for time, what in LINE.findall(said)]
    began = min(time for time, what in times if what == "begins")
    ended = max(time for time, what in times if what == "done")
    return ended - began, (first - nothing) / trainings


def cpu(project: Project, command: str) -> tuple[float, str]:
    """CPU seconds of a command and all that it starts, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = project.run(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return spent, said


if __name__ == "__main__":
    main()
