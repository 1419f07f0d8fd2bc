"""The command `dvc` of this environment: DVC itself, but never over a person's files.

`check` is a stage, and too late for some of DVC's commands: before any stage, `dvc exp run` puts
every output of dvc.lock in its place by force, and deletes what stands where it has none (3.67).
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOT_READ = 254  # DVC's status where it cannot read its arguments
CHECK = Path("stages/check.py")  # a folder that has it is a project of this kind
# The classes behind `dvc repro`, `exp run`, `exp apply`, `checkout` and `pull`.
TOUCHING = {"CmdRepro", "CmdExperimentsRun", "CmdExperimentsApply", "CmdCheckout", "CmdDataPull"}


def main() -> None:
    """Runs DVC with this program's arguments, or says what it would delete, with status 1."""
    from dvc.cli import main as dvc

    if (folder := _touched(sys.argv[1:])) is not None:
        from croquis import cli

        with cli.one_line(), _inside(folder):
            _refuse()
    sys.exit(dvc(sys.argv[1:]))


def _touched(arguments: list[str]) -> Path | None:
    """The project whose outputs these arguments of DVC would replace; None if there is none."""
    from dvc.cli import DvcParserError, parse_args
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo

    try:
        chosen = parse_args(arguments)
        folder = Path(Repo.find_root(getattr(chosen, "cd", None)))
    except DvcParserError:
        sys.exit(NOT_READ)  # it has said why
    except NotDvcRepoError:
        return None
    return folder if _touches(chosen) and (folder / CHECK).is_file() else None


def _touches(chosen: Any) -> bool:
    """Whether a command, as DVC parsed it, puts outputs in their places in this very folder."""
    elsewhere = ("dry", "queue", "run_all", "tmp_dir")  # the last three run in folders of their own
    return chosen.func.__name__ in TOUCHING and not any(
        getattr(chosen, option, False) for option in elsewhere
    )


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _refuse() -> None:
    from croquis import params
    from croquis.errors import InputError
    from croquis.obstacles import refuse

    try:
        tree = params.read()
    except InputError:
        tree = {}  # `check` complains of it; outputs that hang on no parameter are looked at
    refuse(tree)


if __name__ == "__main__":
    main()
