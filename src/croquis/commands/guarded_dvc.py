"""The command `dvc` of this environment: DVC itself, but never over a person's files.

`check` is a stage, and too late for some of DVC's commands: before any stage, `dvc exp run` puts
every output of dvc.lock in its place by force, and deletes what stands where it has none (3.67).
"""

import contextlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from croquis.core.workspaces import temporary_folder

NOT_READ = 254  # DVC's status where it cannot read its arguments
FAILED = 255  # and where it cannot do what they say
CHECK = Path("stages/check.py")  # a folder that has it is a project of this kind
EXPERIMENT = "CmdExperimentsRun"  # the class behind `dvc exp run`
APPLY = "CmdExperimentsApply"
RUNNING = {EXPERIMENT, "CmdRepro"}
# What writes results or commits, which would be lost where HEAD or edits are not in their place.
RESTING_ON_GIT = {*RUNNING, APPLY, "CmdExperimentsSave"}
TOUCHING = {*RUNNING, APPLY, "CmdCheckout", "CmdDataPull"}
# Those that use objects of the cache, or say of them that they are there.
READING = {*TOUCHING, "CmdDataStatus", "CmdDataFetch", "CmdDataPush", "CmdCommit"}


def main() -> None:
    """Runs DVC with this program's arguments, or says what it would delete, with status 1.

    Parameters of an experiment are checked, too: one that is refused later would stay in the file.
    """
    from dvc.cli import main as dvc

    arguments = sys.argv[1:]
    chosen = _parsed(arguments)
    project = _project(chosen)
    if project is not None:
        from croquis.restore.run_cache import believe_whole_entries
        from croquis.restore.whole_files import write_whole

        write_whole()
        believe_whole_entries()
        _renew_memory(project)
    if project is not None and chosen.func.__name__ in TOUCHING | RESTING_ON_GIT:
        _put_right(chosen, project)
    if chosen.func.__name__ == EXPERIMENT and project is not None:
        arguments = _translated(arguments, chosen, project)
        chosen = _parsed(arguments)
    if (folder := _touched(chosen)) is not None:
        from croquis.core import cli
        from croquis.commands.watched_stages import watch

        with (
            cli.one_line(),
            contextlib.chdir(folder),
            temporary_folder("dvc") as desk,
        ):
            _refuse(chosen, desk)
        if chosen.func.__name__ in RUNNING:
            watch()
    guard = _watched_objects(chosen)
    status = FAILED
    try:
        status = dvc(arguments)
    finally:
        if guard is not None:
            guard.close(failed=status != 0)
    sys.exit(status)


def _watched_objects(chosen: Any) -> Any:
    """What looks at objects of DVC's cache before DVC uses them; None where it uses none."""
    project = _project(chosen) if chosen.func.__name__ in READING else None
    if project is None:
        return None
    from croquis.verify.dvc_objects import ObjectGuard

    guard = ObjectGuard(project)
    guard.watch()
    return guard


def _renew_memory(project: Path) -> None:
    """Removes DVC's own memory of hashes where it is damaged: each command would end in that."""
    from croquis.core import cli
    from croquis.restore.site_cache import renew_site_cache

    with cli.one_line(), contextlib.chdir(project):
        lines = renew_site_cache()
    for line in lines:
        print(line, file=sys.stderr)


def _put_right(chosen: Any, project: Path) -> None:
    """Puts right what killed runs left, or refuses where a person has to."""
    from croquis.core import cli
    from croquis.restore.dvc_locks import free_locks
    from croquis.restore.leftovers import put_right
    from croquis.restore.stop_signals import end_shells_too, end_whole

    with cli.one_line(), contextlib.chdir(project):
        rests = chosen.func.__name__ in RESTING_ON_GIT
        lines = put_right() if rests else free_locks(experiments=False)
    for line in lines:
        print(line, file=sys.stderr)
    end_whole()
    end_shells_too()


def _parsed(arguments: list[str]) -> Any:
    """What DVC understands, which says itself what it does not."""
    from dvc.cli import DvcParserError, parse_args

    try:
        return parse_args(arguments)
    except DvcParserError:
        sys.exit(NOT_READ)


def _touched(chosen: Any) -> Path | None:
    """The project whose outputs a command of DVC would replace; None if there is none."""
    return _project(chosen) if _touches(chosen) else None


def _project(chosen: Any) -> Path | None:
    """The project that a command of DVC works on; None if it is none of this kind."""
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo

    try:
        folder = Path(Repo.find_root(chosen.cd))
    except NotDvcRepoError:
        return None
    return folder if (folder / CHECK).is_file() else None


def _touches(chosen: Any) -> bool:
    """Whether a command, as DVC parsed it, puts outputs in their places in this very folder."""
    elsewhere = (
        "dry",
        "queue",
        "run_all",
        "tmp_dir",
    )  # the last three run in folders of their own
    return chosen.func.__name__ in TOUCHING and not any(
        getattr(chosen, option, False) for option in elsewhere
    )


def _translated(arguments: list[str], chosen: Any, project: Path) -> list[str]:
    """The arguments with `-S` in the words of today's params.yaml, also where they are queued.

    From now on DVC changes nothing in params.yaml but the values that it is asked to change.
    """
    from croquis.core import cli
    from croquis.core.params import PARAMS
    from croquis.set_params import quoting, translation

    translation.install()
    asked = chosen.set_param or []
    if not asked or not (project / PARAMS).is_file():
        return arguments
    with cli.one_line():
        quoting.refuse_unreadable(asked)
    tree = _readable(project / PARAMS)
    translated, notes = translation.translate_arguments(arguments, asked, tree)
    for note in notes:
        print(note, file=sys.stderr)
    return translated


def _refuse(chosen: Any, desk: Path) -> None:
    """Raises InputError if the command would touch what no run made, or run what cannot work."""
    from croquis.core import params
    from croquis.check.files_in_the_way import refuse_obstacles
    from croquis.check.passed_before import check_once
    from croquis.core.pipeline import DVC_YAML

    if chosen.func.__name__ == APPLY and (revision := _revision(chosen.experiment)):
        # These are installed before the outputs: its members have places, too.
        for name in (params.PARAMS, DVC_YAML):
            (desk / name).write_bytes(_of_revision(revision, name))
        refuse_obstacles(_readable(desk / params.PARAMS), desk / DVC_YAML)
    parameters = _as_asked(chosen, desk)
    tree = _readable(parameters)
    # Of one stage alone its own outputs are looked at, before it runs (watched_stages): those of
    # others may be written right now, where stages run side by side.
    if not getattr(chosen, "single_item", False):
        refuse_obstacles(tree)
    if tree and chosen.func.__name__ == EXPERIMENT:
        check_once(tree, parameters)


def _readable(parameters: Path) -> dict[str, Any]:
    """What the file holds; nothing if it cannot be read, as some outputs hang on no parameter."""
    from croquis.core import params
    from croquis.core.errors import InputError

    try:
        return params.read(parameters)
    except InputError:  # `check` complains of it
        return {}


def _revision(name: str) -> str | None:
    """The commit of an experiment, done or queued, as `dvc exp apply` finds it."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import Git, RevError, resolve_rev

    with Repo() as repo:
        if not isinstance(repo.scm, Git):
            return None  # DVC says it better
        try:
            return resolve_rev(repo.scm, name)
        except RevError:
            pass  # no revision of git's: an experiment that waits has its name in the queue
        try:
            known = repo.experiments.celery_queue.get_ref_and_entry_by_names(name)
        except DvcException:
            return None
    entry = known[name].queue_entry
    return entry and entry.stash_rev


def _of_revision(revision: str, name: Path) -> bytes:
    """A file of this folder in a commit; empty if it has none."""
    command = ["git", "show", f"{revision}:./{name}"]
    return subprocess.run(command, capture_output=True).stdout


def _as_asked(chosen: Any, desk: Path) -> Path:
    """params.yaml, or a copy of it with what `-S` would set, as DVC sets it."""
    from dvc.exceptions import DvcException
    from dvc.utils.cli_parse import to_path_overrides
    from dvc.utils.hydra import apply_overrides

    from croquis.core.params import PARAMS

    overrides = to_path_overrides(getattr(chosen, "set_param", None) or []).get(
        str(PARAMS)
    )
    if not overrides or not PARAMS.is_file():
        return PARAMS
    copy = Path(shutil.copy(PARAMS, desk / PARAMS.name))
    try:
        apply_overrides(copy, overrides)
    except DvcException:
        return PARAMS  # DVC says it better
    return copy


if __name__ == "__main__":
    main()
