"""Kills, full disks and damaged files in a tiny copy of this project: `make faults`."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from faults import damage, disks, experiments, kills
from faults.outcomes import Outcome, markdown, show, write_block
from faults.tiny_run import Reference, TinyRun

Tell = Callable[[str], None]
PAGE = Path("docs/reliability.md")
console = Console()
PARTS = {
    "disks": disks.fill_disks,
    "damage": damage.damage_before_runs,
    "inputs": damage.damage_before_stages,
    "experiments": experiments.disturb_experiments,
}


def main(
    kills_: Annotated[int, typer.Option("--kills", help="of `make repro`")] = 100,
    seed: Annotated[int, typer.Option(help="of all that is random")] = 1,
    parallel: Annotated[int, typer.Option(help="runs at once")] = 2,
    parts: Annotated[
        str, typer.Option(help="beside kills: " + ", ".join(PARTS))
    ] = (",".join(PARTS)),
    keep: Annotated[bool, typer.Option(help="the folders of the runs")] = False,
    write: Annotated[bool, typer.Option(help=f"the table into {PAGE}")] = False,
) -> None:
    """Disturbs runs in all ways, and says how often all was as promised."""
    command = f"make faults KILLS={kills_} SEED={seed}"
    with _folder(keep) as folder:
        base, finished, reference = _reference(folder)
        outcomes = _kill(base, reference, folder, kills_, seed, parallel)
        outcomes += _disturb(finished, reference, folder, seed, parts)
    show(outcomes, console)
    if write:
        write_block(PAGE, markdown(outcomes, command))
    sys.exit(int(any(outcome.wrong for outcome in outcomes)))


def _become_root() -> None:
    """In a space of names of its own a user may mount the small disk, where Linux allows that."""
    unshare = ["unshare", "--map-root-user", "--mount"]
    if os.geteuid() == 0 or shutil.which(unshare[0]) is None:
        return
    if subprocess.run([*unshare, "true"], capture_output=True).returncode == 0:
        own = [sys.executable, "-m", "faults", *sys.argv[1:]]
        os.execvp(unshare[0], [*unshare, *own])


@contextmanager
def _folder(keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    console.print(f"in {folder}")
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _reference(folder: Path) -> tuple[TinyRun, TinyRun, Reference]:
    """The project before its first run, after it, and what it gives undisturbed."""
    base = TinyRun.cloned(folder / "base")
    with console.status("a run that nobody disturbs"):
        run = base.copied(folder / "reference")
        seconds = kills.time_stages(run)
    reference = Reference(run.results(), run.trainings(), seconds)
    names = ", ".join(f"{name} {length:.1f}" for name, length in seconds.items())
    console.print(f"seconds of the stages: {names}")
    console.print(
        f"{len(reference.results)} files count; MLflow: {reference.trainings}"
    )
    return base, run, reference


@contextmanager
def _progress(title: str, total: int | None) -> Iterator[Tell]:
    columns = (
        TextColumn("{task.description}"),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[last]}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=total, last="")

        def tell(text: str) -> None:
            progress.update(task, advance=1, last=text)
            if not console.is_terminal:
                console.print(f"{title}: {text}", markup=False)

        yield tell


def _kill(
    base: TinyRun,
    reference: Reference,
    folder: Path,
    count: int,
    seed: int,
    parallel: int,
) -> list[Outcome]:
    chains = kills.plan(count, seed)
    with (
        _progress("kills", count) as tell,
        ThreadPoolExecutor(parallel) as pool,
    ):
        done = [
            pool.submit(
                kills.run_chain,
                base.copied(folder / f"chain{number}"),
                chain,
                reference,
                tell,
            )
            for number, chain in enumerate(chains)
        ]
        return [outcome for future in done for outcome in future.result()]


def _disturb(
    finished: TinyRun, reference: Reference, folder: Path, seed: int, parts: str
) -> list[Outcome]:
    """The parts beside the kills, one after the other."""
    outcomes: list[Outcome] = []
    for part in filter(None, parts.split(",")):
        with _progress(part, None) as tell:
            outcomes += PARTS[part](finished, reference, folder / part, seed, tell)
    return outcomes


if __name__ == "__main__":
    _become_root()
    typer.run(main)
