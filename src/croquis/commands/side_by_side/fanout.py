"""`croquis fanout`: what is to train runs side by side, here or on a cluster of Ray."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from croquis.core import cli
from croquis.core.errors import InputError
from croquis.core.text import counted
from croquis.fanout.running.slots import Slots, slots_of


def fanout(
    jobs: Annotated[
        str | None,
        typer.Option(help="How many at a time on this machine; auto: one a GPU."),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(help="A cluster of Ray: auto, this machine's, or HOST:PORT."),
    ] = None,
    set_param: Annotated[
        list[str] | None,
        typer.Option("-S", "--set-param", help="As of `dvc exp run`."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("-n", "--name", help="Of the experiment."),
    ] = None,
    pack: Annotated[
        Path | None,
        typer.Option(
            help="Only write a parcel for `croquis work`, and its .stages."
        ),
    ] = None,
) -> None:
    """Runs trainings, probes and embeddings side by side, and records them in dvc.lock."""
    with cli.one_line():
        slots = slots_of(jobs, ray)
        root = project_here()
        overrides = list(set_param or [])
        is_experiment = bool(overrides) or name is not None
        if is_experiment:
            from croquis.fanout.running.experiment import experiment_name

            name = experiment_name(root, name)
        if pack is not None:
            _pack(root, pack.absolute(), overrides, name)
        elif name is not None:
            _run_experiment(root, slots, overrides, name)
        else:
            from croquis.fanout.running.steps import run
            from croquis.fanout.running.tools import tools_on

            sys.exit(run(root, tools_on(slots, root)))


def _run_experiment(
    root: Path, slots: Slots, overrides: list[str], name: str
) -> None:
    """Then `dvc exp run` itself, in place of this process: it restores all that was trained."""
    from croquis.fanout.running.commands_of_dvc import dvc_command
    from croquis.fanout.running.experiment import experiment_checkout
    from croquis.fanout.running.steps import run_experiment
    from croquis.fanout.running.tools import tools_on

    tools = tools_on(slots, root)
    status = run_experiment(root, overrides, name, tools, experiment_checkout)
    if status:
        sys.exit(status)
    arguments = experiment_arguments(overrides, name)
    typer.echo(f"dvc {shlex.join(arguments)}")
    sys.stdout.flush()
    command = dvc_command(*arguments)
    os.execv(command[0], command)


def _pack(root: Path, place: Path, overrides: list[str], name: str | None) -> None:
    from croquis.fanout.running.experiment import experiment_checkout
    from croquis.fanout.running.steps import pack_run
    from croquis.fanout.running.tools import tools_on

    checkout, then = None, "make repro"
    if name is not None:
        checkout = experiment_checkout(root, overrides, name)
        then = f"dvc {shlex.join(experiment_arguments(overrides, name))}"
    count = pack_run(root, place, tools_on(slots_of(None, None), root), checkout)
    for line in packed_lines(place, count, then):
        typer.echo(line)


def packed_lines(place: Path, count: int, then: str) -> list[str]:
    """What to do with a parcel.

    Args:
        place: of the parcel.
        count: of its jobs.
        then: the command that takes their results over.
    """
    if not count:
        return [f"nothing to run side by side: say `{then}`"]
    file = shlex.quote(str(place))
    return [
        f"{counted(count, 'job')} in {place.with_suffix('.stages')}, for any machine that has"
        f" {place} and this cache or a remote of DVC:",
        f"  croquis work --parcel {file} --nth 0 (to {count - 1})",
        f"  then here: {then}",
    ]


def experiment_arguments(overrides: Sequence[str], name: str) -> list[str]:
    """What stands behind `dvc` to run an experiment of this name and with these parameters."""
    sets = [word for override in overrides for word in ("-S", override)]
    return ["exp", "run", "-n", name, *sets]


def project_here() -> Path:
    """The project's folder, which is the working folder.

    Raises:
        InputError: if it is none.
    """
    here = Path.cwd()
    if (here / ".dvc").is_dir() and (here / "dvc.yaml").is_file():
        return here
    raise InputError(
        here,
        expected="the project's folder, with dvc.yaml and .dvc",
        received="another one",
        fix="`cd` into it first",
    )
