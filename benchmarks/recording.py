"""What it costs to record results of the run cache: all in one write, or one by one as DVC does.

    PYTHONPATH=src:tests python benchmarks/recording.py [--trainings 41 271] [--repeats 3]

The project's own dvc.yaml and code, with stages that write a few bytes, so that what is left is
DVC's own cost. CPU seconds of a plain `dvc repro` that runs and records each stage in turn, once;
then of `record`, of the `dvc repro` after it, which brings the five stages behind the trainings,
and of one that has nothing to do. dvc.lock must be the same. Results: benchmarks/RESULTS.md.
"""

import argparse
import resource
import shutil
import statistics
import tempfile
from pathlib import Path

from support.stubs import stub_project
from support.tiny import Project

ROOT = Path(__file__).parents[1]
FOLDS = 5
RECORD = """
import sys
from pathlib import Path
from croquis.fanout.recording import record
recorded = record(Path.cwd(), sys.argv[1:])
assert len(recorded.restored) == len(sys.argv) - 1, recorded.missing
"""


def main() -> None:
    """Prints medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainings", type=int, nargs="+", default=[41, 271])
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    for trainings in arguments.trainings:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), trainings, arguments.repeats)


def measure(folder: Path, trainings: int, repeats: int) -> None:
    """Prints a line: `trainings` stages that train, embed or probe."""
    models = (trainings - 1) // FOLDS - 1
    project = stub_project(folder, [f"m{k}" for k in range(models)], ["p"], FOLDS)
    shutil.copytree(ROOT / "src", folder / "src", dirs_exist_ok=True)
    project.env["PYTHONPATH"] = str(folder / "src")
    alone = cpu(project, "dvc repro -q")
    serial = (folder / "dvc.lock").read_bytes()
    listed = project.run("dvc stage list --name-only").split()
    kinds = ("train", "embed", "probe")
    names = [name for name in listed if name.partition("@")[0] in kinds]
    rows = []
    for _ in range(repeats):
        forget(project)
        row = [cpu(project, f"python -c '{RECORD}' {' '.join(names)}")]
        row += [cpu(project, "dvc repro -q") for _ in range(2)]
        rows.append(row)
        assert (folder / "dvc.lock").read_bytes() == serial
    recorded, after, nothing = (
        statistics.median(column) for column in zip(*rows, strict=True)
    )
    print(
        f"{len(names)} stages, dvc.lock of {len(serial) / 1000:,.0f} kB, the same in both:"
        f" one by one {alone:.1f} CPU-s; record {recorded:.1f}, the rest {after:.1f}:"
        f" {alone / (recorded + after):.1f} times less; nothing to do {nothing:.1f}",
        flush=True,
    )


def forget(project: Project) -> None:
    """No output and no dvc.lock, but of what comes before trainings."""
    for path in (project.folder / "data").iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    (project.folder / "dvc.lock").unlink()
    project.run("dvc repro -q split")


def cpu(project: Project, command: str) -> float:
    """CPU seconds of a command and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    project.run(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    main()
