"""What a killed `dvc exp run` leaves in git, and the commands that bring everything back.

DVC puts a person's uncommitted edits into `git stash`, takes HEAD off its branch, and brings both
back when it is done. It does so twice: first to keep what the experiment is, under refs/exps/stash,
then to run it, with HEAD off its branch for as long as it runs. All of it lives in git: a kill in
between leaves what was done so far, and loses nothing.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from croquis.core.errors import InputError
from croquis.restore.dvc_locks import EXPERIMENT_LOCK, dead_holders
from croquis.restore.git import git, git_lines, git_paths, git_text, succeeds
from croquis.restore.git_head import Move, branch_before, is_detached, read_moves
from croquis.restore.living_dvc import living_dvcs

EXEC = "refs/exps/exec/"
MERGE = f"{EXEC}EXEC_MERGE"  # the experiment, with the edits that it began with
# EXEC_HEAD stays after each run, and EXEC_APPLY after `dvc exp apply`.
OF_A_RUN = ("EXEC_BASELINE", "EXEC_MERGE", "EXEC_BRANCH")
WAITING = "refs/exps/stash"  # an experiment that is about to begin
PUTTING_OFF = "workspace"  # what DVC notes to write while it stashes edits
BEGINNING = "refs/exps/exec"  # the same, while it applies them again
EXPERIMENT = re.compile("dvc-exp:[0-9a-f]{40}:")  # how DVC names what it stashes
STASH_SECONDS = 60  # from that note to the stash
AFTER = "after-the-kill"  # the name of a stash of what the folder holds now
ARGUMENTS = ".dvc/tmp/repro.dat"  # DVC's own, which it adds to what it stashes
OFF_BRANCH = "HEAD is on no branch"
NAMED = 3  # paths that are named one by one


@dataclass(frozen=True)
class KilledExperiment:
    """A state that only a killed experiment leaves.

    Attributes:
        says: what is not as it was.
        commands: what brings it back, to be given in this order.
    """

    says: str
    commands: tuple[str, ...]

    @property
    def fix(self) -> str:
        """The commands as one line to copy."""
        return f"`{' && '.join(self.commands)}` brings all of it back"


def refuse_killed_experiment() -> None:
    """Raises InputError if a killed experiment has left HEAD or edits where they do not belong."""
    state = find_killed_experiment()
    if state is not None:
        raise InputError(
            "git",
            expected="HEAD and your edits where they were before `dvc exp run`",
            received=f"what a kill of it left: {state.says}",
            fix=state.fix,
        )


def killed_experiment_lines() -> list[str]:
    """The same for those that only tell; nothing where all is well."""
    state = find_killed_experiment()
    if state is None:
        return []
    return [f"git: a killed `dvc exp run` left this: {state.says}; {state.fix}"]


def find_killed_experiment() -> KilledExperiment | None:
    """The state that a killed experiment left; None where there is none, or while one runs."""
    noted = {holder.place for holder in dead_holders(EXPERIMENT_LOCK)}
    detached = is_detached()
    if not detached and not noted & {PUTTING_OFF, BEGINNING}:
        return None
    if living_dvcs(Path.cwd()):
        return None
    moves = read_moves()
    moved = detached and _moved_by_dvc(moves, noted)
    branch = branch_before(moves) if moved else None
    back = _back_to(branch, moves) if moved else ()
    stash = _stash_of_dvc(noted)
    if stash is not None:
        return _describe(branch, bool(back), stash, _changed_in(stash))
    if moved or BEGINNING in noted:
        lost = _not_here()
        if lost:
            return _describe(branch, bool(back), MERGE, lost)
    return KilledExperiment(OFF_BRANCH, back) if back else None


def _describe(
    branch: str | None, moved: bool, source: str, edits: set[str]
) -> KilledExperiment:
    """A state in which edits are not in the folder, in words and commands.

    Args:
        branch: that HEAD was on; None where it is there, or was on none.
        moved: whether HEAD has left it.
        source: the entry of `git stash` with the edits, or the experiment.
        edits: the paths.
    """
    names = _first_few(sorted(edits))
    says = f"your edits ({names}) are in `git stash` alone"
    if source == MERGE:
        says = f"edits ({names}), yours or of -S, are in git alone"
    if moved:
        says = f"{OFF_BRANCH}, and {says}"
    return KilledExperiment(says, _edits_back(branch, source))


def _moved_by_dvc(moves: Sequence[Move], noted: set[str]) -> bool:
    """Whether HEAD left its branch for an experiment, and not for a person, a bisect or a CI."""
    if not moves:  # git keeps no log here
        return bool(_refs_of_a_run())
    last = moves[0]
    if last.restored:
        return False
    if last.after_restore and _refs_of_a_run():
        return True
    if last.after_restore and last.committed and _is_an_experiment("HEAD"):
        return True
    if PUTTING_OFF not in noted:
        return False
    # Of a person who has put it back since, there is more than one.
    began = int(EXPERIMENT_LOCK.stat().st_mtime)
    return sum(move.when >= began for move in moves) == 1


def _refs_of_a_run() -> set[str]:
    refs = git_lines("for-each-ref", "--format=%(refname)", EXEC)
    return {f"{EXEC}{name}" for name in OF_A_RUN} & set(refs)


def _is_an_experiment(commit: str) -> bool:
    refs = git_lines("for-each-ref", "--points-at", commit, "refs/exps")
    return bool(refs)


def _stash_of_dvc(noted: set[str]) -> str | None:
    """The entry of `git stash` that DVC made before it was killed."""
    if PUTTING_OFF not in noted:
        return None
    began = int(EXPERIMENT_LOCK.stat().st_mtime)
    lines = git_lines("stash", "list", "--format=%ct %gs")
    for number, line in enumerate(lines):
        when, _, text = line.partition(" ")
        # A person's has a text, and so has the experiment, which is here for a moment.
        is_edit = text.startswith("WIP on ")
        if is_edit and began <= int(when) <= began + STASH_SECONDS:
            return f"stash@{{{number}}}"
    return None


def _not_here() -> set[str]:
    """What the experiment would change and the folder has as the commit before it."""
    if not succeeds("rev-parse", "--verify", "-q", f"{MERGE}^1"):
        return set()
    changed = git_paths("diff", "--name-only", "-z", f"{MERGE}^1", "--")
    return _changed_in(MERGE) - changed


def _changed_in(source: str) -> set[str]:
    """What a commit of edits changes."""
    changed = git_paths("diff", "--name-only", "-z", f"{source}^1", source, "--")
    return changed - {ARGUMENTS}


def _back_to(branch: str | None, moves: Sequence[Move]) -> tuple[str, ...]:
    """The way back to where HEAD was, which keeps what the folder holds; nothing if it is there."""
    head = git_text("rev-parse", "HEAD")
    if branch is None:
        # It was on no branch before, either. An experiment's end may have moved it on.
        source = moves[0].source if moves else "HEAD"
        is_there = git_text("rev-parse", "-q", "--verify", source) in ("", head)
        return () if is_there else (f"git reset --quiet {source}",)
    name = shlex.quote(branch)
    tip = git_text("rev-parse", f"refs/heads/{branch}")
    if head != tip and _is_an_experiment("HEAD"):
        # Its results are committed off the branch; a checkout would take them out of the folder.
        reference = shlex.quote(f"refs/heads/{branch}")
        return (f"git symbolic-ref HEAD {reference}", "git reset --quiet")
    if head != tip and succeeds("merge-base", "--is-ancestor", tip, head):
        return (f"git checkout -B {name}",)  # what was committed since comes along
    return (f"git checkout {name}",)


def _edits_back(branch: str | None, source: str) -> tuple[str, ...]:
    """The commands that put edits back on a branch.

    Args:
        branch: to go to; None: it is here.
        source: the entry of `git stash`, or the experiment.
    """
    commands = _move_away(source)
    changed = git_paths("diff", "--name-only", "-z", "HEAD", "--")
    others = changed & git_paths("diff", "--name-only", "-z", source, "--")
    place = f" {shlex.quote(branch)}" if branch else ""
    if others - {ARGUMENTS}:
        # Neither as HEAD nor as the edits have it: kept, as nobody knows whose it is.
        commands.append(f"git stash push --quiet -m {AFTER}")
        source = _one_further(source)
        commands += [f"git checkout{place}"] if branch else []
    elif git_lines("status", "--porcelain", "--untracked-files=no"):
        commands.append(f"git checkout -f{place}")  # parts of those very edits
    elif branch:
        commands.append(f"git checkout{place}")
    verb = "apply" if source == MERGE else "pop"
    return (*commands, f"git stash {verb} --index {shlex.quote(source)}")


def _one_further(source: str) -> str:
    """The name of an entry of `git stash` once there is a newer one."""
    number = source.removeprefix("stash@{").removesuffix("}")
    return f"stash@{{{int(number) + 1}}}" if number.isdigit() else source


def _move_away(source: str) -> list[str]:
    """New files of the edits that stand here, unknown to git: it would not write over them."""
    added = git_paths(
        "diff", "--name-only", "--diff-filter=A", "-z", f"{source}^1", source, "--"
    )
    unknown = sorted(added - git_paths("ls-files", "-z"))
    standing = [path for path in unknown if Path(path).is_file()]
    alike = [
        path for path in standing if path == ARGUMENTS or _is_as_in(source, path)
    ]
    commands = [
        f"mv {shlex.quote(path)} {shlex.quote(path + '.now')}"
        for path in standing
        if path not in alike
    ]
    if alike:
        commands.append(f"rm {shlex.join(alike)}")
    return commands


def _is_as_in(source: str, path: str) -> bool:
    """Whether a file holds what a commit has of it."""
    then = git_text("rev-parse", f"{source}:{path}")
    return then == git_text("hash-object", "--", path)


def _first_few(paths: Sequence[str]) -> str:
    more = len(paths) - NAMED
    return ", ".join(paths[:NAMED]) + (f" and {more} more" if more > 0 else "")


def clear_leftovers() -> list[str]:
    """Removes what killed experiments left and nobody needs; a line for what would have run.

    To be called where `find_killed_experiment` found none.
    """
    references = set() if is_detached() else _refs_of_a_run()
    waiting = git_text("rev-parse", "--short", "-q", "--verify", WAITING)
    stashed = _stashed_experiments()
    arguments = Path(ARGUMENTS)
    if not (references or waiting or stashed or arguments.exists()):
        return []
    if living_dvcs(Path.cwd()):
        return []
    for reference in sorted(references):
        git("update-ref", "--no-deref", "-d", reference)
    for entry in stashed:
        git("stash", "drop", "-q", entry)
    git("rm", "-q", "-f", "--cached", "--ignore-unmatch", "--", ARGUMENTS)
    arguments.unlink(missing_ok=True)
    if not waiting:
        return []
    git("update-ref", "-d", WAITING)
    return [
        "dvc: an experiment that was killed before it began would have run, too; it is"
        f" dropped (`git stash apply {waiting}` has what it was)"
    ]


def _stashed_experiments() -> list[str]:
    """Entries of `git stash` that DVC makes and takes away at once; the last one first."""
    lines = git_lines("stash", "list", "--format=%gs")
    entries = [
        f"stash@{{{number}}}"
        for number, text in enumerate(lines)
        if EXPERIMENT.search(text)
    ]
    return entries[::-1]
